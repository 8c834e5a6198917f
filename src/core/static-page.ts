import type { BucketWorkload } from '../model/plan.ts';
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
  readonly entry: BucketWorkload;
}

const place = ({ at, bucket }: BucketWorkload['source']): string => `${at}/${bucket}`;

export function projectPage(project: string, workloads: readonly Planned[], language: Language): StaticPage {
  const nouns = projectWords(language);
  const words = pageWords(language);
  const waves = new Set(workloads.map(({ wave }) => wave)).size;
  const before = [...words.howToRead.flatMap((text) => [text, '']), ...headOf([nouns.wave, nouns.workload, words.source, words.target])];
  const rows = workloads.map(({ wave, entry }) => row([String(wave), plain(entry.name), plain(place(entry.source)), plain(place(entry.target))]));
  const shown = fitting(rows, maxDetailsBytes - utf8Bytes(before.join('\n')) - 200);
  const more = rows.length - shown.length;
  return {
    staticSummary: summaryLine(words.projectSummary(project, workloads.length, waves)),
    staticDetails: [...before, ...shown, ...(more > 0 ? ['', words.moreWorkloads(more)] : [])].join('\n'),
  };
}

export function workloadPage({ wave, entry }: Planned, language: Language): StaticPage {
  const nouns = projectWords(language);
  const words = pageWords(language);
  return {
    staticSummary: summaryLine(`${entry.name}: ${place(entry.source)} → ${place(entry.target)}`),
    staticDetails: [
      ...facts([
        [nouns.wave, String(wave)],
        [words.source, plain(place(entry.source))],
        [words.target, plain(`${place(entry.target)} (into: ${entry.into}, versions: ${entry.versions})`)],
        [words.freeze, words.freezeBy[entry.freeze]],
        [words.deltas, words.everyMinutes(entry.deltaEveryMinutes)],
      ]),
      '',
      words.whereItStands,
    ].join('\n'),
  };
}
