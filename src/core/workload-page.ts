import type { WorkloadStatus } from '../model/status.ts';
import { errorSentence, whoActs } from './error-words.ts';
import { localTime } from './local-time.ts';
import { facts, plain } from './markdown.ts';
import { nextCommands, waitsForPerson } from './next-command.ts';
import { type PageWords, pageWords } from './page-words.ts';
import { shareText } from './project-table.ts';
import { type Language, projectWords, waitsFor } from './project-words.ts';
import { numberText, sizeText } from './sizes.ts';

/** Codes of a loss report that are named on a page; the report names all. */
const maxLosses = 12;

/** How one workload stands, as Markdown: the current details of its workflow. Pure; far below 20 KB. */
export function workloadDetails(status: WorkloadStatus, language: Language, timezone: string): string {
  const nouns = projectWords(language);
  const words = pageWords(language);
  const { reason, verdict } = status;
  const commands = nextCommands(status);
  return [
    [
      `**${plain(status.workload)}: ${nouns.state[status.state]}, ${nouns.condition[status.condition]}**`,
      nouns.lastChange(plain(localTime(status.updatedAt, timezone))),
      nouns.timesIn(timezone),
    ].join(' · '),
    '',
    ...facts([
      [nouns.waitsFor, plain(waitsFor(status, language))],
      [words.why, reason && plain(whyText(reason, language), 600)],
      [words.turn, reason && waitsForPerson(status) ? whoActs(reason.code, language) : undefined],
      [words.step, status.condition === 'waiting' ? undefined : plain(stepText(status.step, words))],
      [nouns.done, doneText(status, words)],
      [nouns.predictedEnd, status.condition === 'moving' ? plain(localTime(status.predictedEnd, timezone)) : undefined],
      [words.objects, `${numberText(status.objects, language)} (${sizeText(status.sizeBytes, language)})`],
      [words.losses, lossText(status)],
      [nouns.verdictHead, `${nouns.verdict[verdict]}: ${words.verdictMeans[verdict]}`],
    ]),
    ...(commands.length === 0 ? [] : ['', `**${nouns.next}**`, '', ...commands.map((command) => `- \`${command}\``)]),
  ].join('\n');
}

/** A failure's own message repeats the sentence of its code in English, which stands here already. */
function whyText({ code, detail }: NonNullable<WorkloadStatus['reason']>, language: Language): string {
  const more = detail.replace(errorSentence(code, 'en'), '').replace(/^[\s:]+|[\s:]+$/g, '');
  return `${errorSentence(code, language)} (${code})${more ? `: ${more}` : ''}`;
}

function stepText(step: string | undefined, words: PageWords): string {
  if (!step) return '';
  const undone = /^undo (.*)$/.exec(step)?.[1];
  return undone === undefined ? (words.steps[step] ?? step) : words.undoOf(words.steps[undone] ?? undone);
}

function doneText(status: WorkloadStatus, words: PageWords): string {
  const share = shareText(status);
  return share === '–' ? share : `${share} ${words.ofThisPass(status.pass)}`;
}

const lossText = ({ losses }: WorkloadStatus): string =>
  [...losses.slice(0, maxLosses).map(({ code, count }) => plain(`${code} (${count})`)), ...(losses.length > maxLosses ? ['…'] : [])].join(', ');
