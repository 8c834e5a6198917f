import { html, type Markup } from '../html.ts';
import { pairs, table } from './evidence-sheet.ts';
import { bytesText, countText, placeText, timeText } from './evidence-text.ts';
import type { ApprovalSums, GateSums } from './gate-sums.ts';
import { numbersText } from './record-numbers.ts';
import { approverText, howSure, stateCounts, type TransferPage, verdictPart } from './transfer-parts.ts';
import type { Moment, WorkloadSums } from './workload-sums.ts';

/** One workload of the procès-verbal: places, counts, dates, gates, exceptions. */
export function workloadPart(page: TransferPage, workload: WorkloadSums): Markup {
  const { words, language } = page;
  const { source, target, inventory, batches, milestones, removal } = workload;
  const count = (value: number | undefined): string => countText(value ?? 0, language);
  const at = ({ time, seq }: Moment): string => `${timeText(time)} · #${seq}`;
  const removed = removal ? ` · ${words.removalCounts(count(removal.counts.removed), count(removal.counts.gone), count(removal.counts.left))}` : '';
  return html`<h2>${words.workload}${words.colon} ${workload.name}</h2>
${pairs([
  [words.source, placeText(source, words.notKnown)],
  [words.target, placeText(target, words.notKnown)],
  [
    words.inventoried,
    inventory &&
      `${countText(inventory.objects, language)} · ${inventory.sizeBytes === undefined ? words.notKnown : bytesText(inventory.sizeBytes, language)} · #${inventory.seq}`,
  ],
  [words.finalCount, finalCounts(page, workload)],
  [words.verdict, verdictPart(workload, words, language)],
  [
    words.readBack,
    batches.count > 0 &&
      html`${words.readBackLine(count(batches.objects), bytesText(batches.sizeBytes, language), count(batches.count))}<br>${words.rows(count(batches.pass), count(batches.fail), count(batches.unknown))}`,
  ],
  ...[...milestones].map(([milestone, moment]) => [words.milestones[milestone], `${at(moment)}${milestone === 'removed' ? removed : ''}`] as const),
  [words.exceptions, [...workload.exceptions].map(([event, numbers]) => `${event} × ${numbers.count} (${numbersText(numbers, language)})`).join(' · ')],
  [words.first, timeText(workload.from)],
  [words.last, timeText(workload.to)],
])}
<h3>${words.gates}</h3>
${workload.gates.length === 0 ? html`<p>${words.noGates}</p>` : gates(page, workload.gates)}`;
}

function finalCounts({ words, language }: TransferPage, { final }: WorkloadSums): Markup | string {
  if (!final) return words.notCounted;
  return html`${stateCounts(final.counts, words, language)}<br><span class="soft">${timeText(final.time)} · #${final.seq}</span>`;
}

function gates({ words }: TransferPage, all: readonly GateSums[]): Markup {
  const moment = ({ seq, time }: Moment): Markup => html`${timeText(time)} · #${seq}`;
  const who = (each: ApprovalSums): Markup =>
    html`<div>${approverText(each, words)} <span class="soft">(${howSure(each.auth, words)})</span> · #${each.seq}</div>`;
  return table(
    [words.gate, words.shownAt, words.approvedBy, words.opened],
    all.map(
      ({ gate, scope, reached, approvals, approvalsBeyond, rejected, opened }) => html`<tr><td>${words.gateNames[gate] ?? gate}</td>
<td class="words">${reached && moment(reached)}<br><span class="soft">${words.scope}</span> <span class="code">${scope}</span></td>
<td class="words">${approvals.map(who)}${approvalsBeyond > 0 && words.andMore(approvalsBeyond)}${rejected && html`<div><b>${words.refused}</b> ${who(rejected)}</div>`}</td>
<td class="words">${opened ? html`${moment(opened)}${opened.checkpoint !== undefined && html`<br><span class="soft">${words.atCheckpoint(opened.checkpoint)}</span>`}` : words.notOpened}</td></tr>`,
    ),
  );
}
