import type { WorkloadStatus } from '../model/status.ts';
import { errorSentence, whoActs } from './error-words.ts';
import { localTime } from './local-time.ts';
import { fitting, headOf, maxDetailsBytes, plain, row, utf8Bytes } from './markdown.ts';
import { nextCommands, waitsForPerson } from './next-command.ts';
import { percentDone } from './progress.ts';
import { type Language, type ProjectWords, projectWords, waitsFor } from './project-words.ts';

const maxRows = 100;
/** Kept free for the counts per wave while not all workloads have their row. */
const countsBytes = 2_000;
/** Who must do what: so many are told under the table. More are no list for a page, but for `ecluse status`. */
const maxNext = 10;

/** Stuck first, then what a person must do, then what moves, then what waits for its turn, then what is done; by wave and name within. */
export function byUrgency(statuses: readonly WorkloadStatus[]): WorkloadStatus[] {
  const rank = (status: WorkloadStatus): number => {
    if (status.condition === 'stuck') return 0;
    if (status.condition === 'held') return 1;
    if (waitsForPerson(status)) return 2;
    if (status.condition === 'moving' || status.condition === 'unwinding') return 3;
    return status.condition === 'done' ? 5 : 4;
  };
  return [...statuses].sort((a, b) => rank(a) - rank(b) || a.wave - b.wave || (a.workload < b.workload ? -1 : 1));
}

/**
 * The manager's page in the Temporal UI, as Markdown: what waits for a person first, at most 100 rows and 20 KB, the rest as counts per
 * wave; then who must do what. Pure: called by workflows at each change. `held`: why the project itself stands still.
 */
export function projectTable(statuses: readonly WorkloadStatus[], language: Language, timezone: string, held?: { readonly code: string }): string {
  const words = projectWords(language);
  const sorted = byUrgency(statuses);
  const next = whatNext(sorted, words, language, held);
  const lines = [
    headLine(statuses, words, timezone),
    '',
    ...headOf([words.wave, words.workload, words.stateHead, words.conditionHead, words.waitsFor, words.done, words.predictedEnd, words.verdictHead]),
  ];
  const budgetBytes = maxDetailsBytes - utf8Bytes([...lines, ...next].join('\n')) - 1;
  const rows = sorted.slice(0, maxRows).map((status) => row(cells(status, words, language, timezone)));
  const allFit = rows.length === sorted.length && fitting(rows, budgetBytes).length === rows.length;
  const shown = allFit ? rows : fitting(rows, budgetBytes - countsBytes);
  const left = budgetBytes - shown.reduce((sum, line) => sum + utf8Bytes(line) + 1, 0);
  return [...lines, ...shown, ...waveCounts(sorted.slice(shown.length), words, left), ...next].join('\n');
}

function headLine(statuses: readonly WorkloadStatus[], words: ProjectWords, timezone: string): string {
  const newest = statuses
    .map(({ updatedAt }) => updatedAt)
    .sort()
    .at(-1);
  return [
    `**${words.workloads(statuses.length)}**`,
    words.forPerson(statuses.filter(waitsForPerson).length),
    ...(newest ? [words.lastChange(plain(localTime(newest, timezone)))] : []),
    words.timesIn(timezone),
  ].join(' · ');
}

function cells(status: WorkloadStatus, words: ProjectWords, language: Language, timezone: string): string[] {
  return [
    String(status.wave),
    status.workload,
    words.state[status.state],
    words.condition[status.condition],
    waitsFor(status, language),
    shareText(status),
    status.condition === 'moving' ? localTime(status.predictedEnd, timezone) : '',
    words.verdict[status.verdict],
  ].map((text) => plain(text, 120));
}

/** The space does not break: a column of the UI is narrow. */
export function shareText(status: WorkloadStatus): string {
  const percent = percentDone(status);
  return percent === undefined ? '–' : `${percent}\u00a0%`;
}

/** Why, who and the command, for what waits for a person. */
function whatNext(sorted: readonly WorkloadStatus[], words: ProjectWords, language: Language, held: { readonly code: string } | undefined): string[] {
  const because = (code: string): string => ` ${plain(errorSentence(code, language))} (${plain(code)}, ${whoActs(code, language)})`;
  const waiting = sorted.filter(waitsForPerson);
  const told = waiting.slice(0, maxNext).map((status) => {
    const why = status.reason ? because(status.reason.code) : '';
    return `- ${plain(status.workload)}:${why} \`${nextCommands(status)[0]}\``;
  });
  const lines = [...(held ? [`- **${words.project}**:${because(held.code)} \`ecluse resume\``] : []), ...told];
  if (lines.length === 0) return [];
  return ['', `**${words.next}**`, '', ...lines, ...(waiting.length > maxNext ? [`- … ${waiting.length - maxNext}: \`ecluse status\``] : [])];
}

function waveCounts(rest: readonly WorkloadStatus[], words: ProjectWords, budgetBytes: number): string[] {
  if (rest.length === 0) return [];
  const waves = new Map<number, Map<string, number>>();
  for (const { wave, state } of rest) {
    const counts = waves.get(wave) ?? new Map<string, number>();
    waves.set(wave, counts.set(words.state[state], (counts.get(words.state[state]) ?? 0) + 1));
  }
  const lines = ['', words.beyond(rest.length), ''];
  const sorted = [...waves].sort(([a], [b]) => a - b);
  const counted = sorted.map(([wave, counts]) => `- ${words.wave} ${wave}: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`);
  const told = fitting(counted, budgetBytes - utf8Bytes(lines.join('\n')) - 100);
  return [...lines, ...told, ...(told.length < counted.length ? [`- ${words.moreWaves(counted.length - told.length)}`] : [])];
}
