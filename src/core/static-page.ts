import type { Workload } from '../model/plan.ts';
import { facts, fitting, headOf, maxDetailsBytes, plain, row, summaryLine, utf8Bytes } from './markdown.ts';
import { pageWords } from './page-words.ts';
import { type Language, projectWords } from './project-words.ts';

/**
 * What the Temporal UI shows of a workflow without any worker: given once, when it starts, and kept by the server until the workflow
 * continues as new. So it says what does not change, and how to read what does.
 */
export interface StaticPage {
  readonly staticSummary: string;
  readonly staticDetails: string;
}

interface Planned {
  readonly wave: number;
  readonly entry: Workload;
}

/** Both ends in few words. A machine on the target has no id before it is made: the subregion says where it will stand. */
export const workloadEnds = (entry: Workload): readonly [string, string] =>
  entry.kind === 'bucket'
    ? [`${entry.source.at}/${entry.source.bucket}`, `${entry.target.at}/${entry.target.bucket}`]
    : [`${entry.source.at}/${entry.source.instance}`, `${entry.target.at}/${entry.target.subregion}`];

export function projectPage(project: string, workloads: readonly Planned[], language: Language): StaticPage {
  const nouns = projectWords(language);
  const words = pageWords(language);
  const waves = new Set(workloads.map(({ wave }) => wave)).size;
  const before = [...words.howToRead.flatMap((text) => [text, '']), ...headOf([nouns.wave, nouns.workload, words.source, words.target])];
  const rows = workloads.map(({ wave, entry }) => row([String(wave), plain(entry.name), ...workloadEnds(entry).map((end) => plain(end))]));
  const shown = fitting(rows, maxDetailsBytes - utf8Bytes(before.join('\n')) - 200);
  const more = rows.length - shown.length;
  return {
    staticSummary: summaryLine(words.projectSummary(project, workloads.length, waves)),
    staticDetails: [...before, ...shown, ...(more > 0 ? ['', words.moreWorkloads(more)] : [])].join('\n'),
  };
}

const targetFacts = (entry: Workload): string =>
  entry.kind === 'bucket' ? `into: ${entry.into}, versions: ${entry.versions}` : `${entry.target.type}, ${entry.target.bootMode}`;

export function workloadPage({ wave, entry }: Planned, language: Language): StaticPage {
  const [source, target] = workloadEnds(entry);
  const nouns = projectWords(language);
  const words = pageWords(language);
  return {
    staticSummary: summaryLine(`${entry.name}: ${workloadEnds(entry).join(' → ')}`),
    staticDetails: [
      ...facts([
        [nouns.wave, String(wave)],
        [words.source, plain(source)],
        [words.target, plain(`${target} (${targetFacts(entry)})`)],
        [words.freeze, entry.kind === 'bucket' ? words.freezeBy[entry.freeze] : words.freezeBy.stop],
        [words.deltas, words.everyMinutes(entry.deltaEveryMinutes)],
      ]),
      '',
      words.whereItStands,
    ].join('\n'),
  };
}
