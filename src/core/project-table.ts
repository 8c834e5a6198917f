import type { WorkloadStatus } from '../model/status.ts';
import { localTime } from './local-time.ts';
import { waitsForPerson } from './next-command.ts';
import { percentDone } from './progress.ts';
import { type Language, type ProjectWords, projectWords, waitsFor } from './project-words.ts';

const maxRows = 100;
/** Temporal keeps at most 20 KB of details. */
const maxBytes = 20_000;
/** Kept free for the counts per wave while not all workloads have their row. */
const countsBytes = 2_000;
const longestCell = 120;

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
 * The manager's page in the Temporal UI, as Markdown: what waits for a person first, at most 100 rows and 20 KB,
 * the rest as counts per wave. Pure: called by workflows at each change.
 */
export function projectTable(statuses: readonly WorkloadStatus[], language: Language, timezone: string): string {
  const words = projectWords(language);
  const sorted = byUrgency(statuses);
  const heads = [words.wave, words.workload, words.stateHead, words.conditionHead, words.waitsFor, words.done, words.predictedEnd, words.verdictHead];
  const lines = [
    `**${words.workloads(statuses.length)}** · ${words.forPerson(statuses.filter(waitsForPerson).length)} · ${words.timesIn(timezone)}`,
    '',
    row(heads),
    row(heads.map(() => '---')),
  ];
  let sizeBytes = utf8Bytes(lines.join('\n'));
  let shown = 0;
  for (const status of sorted.slice(0, maxRows)) {
    const line = row(cells(status, words, language, timezone));
    const reserveBytes = shown + 1 < sorted.length ? countsBytes : 0;
    if (sizeBytes + utf8Bytes(line) + 1 + reserveBytes > maxBytes) break;
    lines.push(line);
    sizeBytes += utf8Bytes(line) + 1;
    shown++;
  }
  return [...lines, ...waveCounts(sorted.slice(shown), words, maxBytes - sizeBytes)].join('\n');
}

function cells(status: WorkloadStatus, words: ProjectWords, language: Language, timezone: string): string[] {
  const percent = percentDone(status);
  return [
    String(status.wave),
    status.workload,
    words.state[status.state],
    words.condition[status.condition],
    waitsFor(status, language),
    percent === undefined ? '–' : `${percent} %`,
    status.condition === 'moving' ? localTime(status.predictedEnd, timezone) : '',
    words.verdict[status.verdict],
  ].map(plain);
}

function waveCounts(rest: readonly WorkloadStatus[], words: ProjectWords, budgetBytes: number): string[] {
  if (rest.length === 0) return [];
  const waves = new Map<number, Map<string, number>>();
  for (const { wave, state } of rest) {
    const counts = waves.get(wave) ?? new Map<string, number>();
    waves.set(wave, counts.set(words.state[state], (counts.get(words.state[state]) ?? 0) + 1));
  }
  const lines = ['', words.beyond(rest.length), ''];
  let left = budgetBytes - utf8Bytes(lines.join('\n')) - 100;
  const sorted = [...waves].sort(([a], [b]) => a - b);
  for (const [index, [wave, counts]] of sorted.entries()) {
    const line = `- ${words.wave} ${wave}: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`;
    left -= utf8Bytes(line) + 1;
    if (left < 0) return [...lines, `- ${words.moreWaves(sorted.length - index)}`];
    lines.push(line);
  }
  return lines;
}

const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

/** Text that Markdown shows as it is: no cell, link, tag or emphasis can be made by it. */
function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  const cut = line.length > longestCell ? `${line.slice(0, longestCell - 1).toWellFormed()}…` : line;
  return cut
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#!]/g, '\\$&');
}

function utf8Bytes(text: string): number {
  let sizeBytes = 0;
  for (const sign of text) {
    const point = sign.codePointAt(0) ?? 0;
    sizeBytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return sizeBytes;
}
