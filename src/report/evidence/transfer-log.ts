import { ledgerEvents } from '../../model/ledger-event.ts';
import { html, type Markup } from '../html.ts';
import { pairs, table } from './evidence-sheet.ts';
import { countText, placeText, timeText } from './evidence-text.ts';
import { numbersText, type RecordNumbers } from './record-numbers.ts';
import { approverText, howSure, type TransferPage } from './transfer-parts.ts';

const exceptional = Object.entries(ledgerEvents).flatMap(([event, { severity }]) => (severity === 'exception' || severity === 'breakglass' ? [event] : []));

/** What did not go as it should, each with the numbers of its records. */
export function exceptions({ sums, words, language }: TransferPage): Markup {
  const { events, reasons, gaps } = sums;
  const found = exceptional.flatMap((event): [string, RecordNumbers][] => {
    const numbers = events.get(event);
    if (!numbers) return [];
    return [[event, numbers], ...[...reasons].filter(([name]) => name.startsWith(`${event} `))];
  });
  if (found.length === 0) return html`<h2>${words.exceptions}</h2><p>${words.noExceptions}</p>`;
  const gapLine = ({ seq, from, to, reasons: why, approvals }: (typeof gaps)[number]): Markup => {
    const who = approvals.flatMap((shown) => shown.approvals.map((each) => `${approverText(each, words)} (${each.auth}, #${each.seq})`));
    return html`<li>#${seq} · ${words.gap(timeText(from), timeText(to), why.join(', '))}${words.colon} ${who.length > 0 ? words.gapApproved(who.join(' · ')) : words.gapOpen}</li>`;
  };
  return html`<h2>${words.exceptions}</h2>
${table(
  [words.what, words.times, words.numbers],
  found.map(
    ([what, numbers]) => html`<tr><td class="code">${what}</td><td>${countText(numbers.count, language)}</td><td>${numbersText(numbers, language)}</td></tr>`,
  ),
)}
${gaps.length > 0 && html`<ul>${gaps.map(gapLine)}</ul>`}`;
}

/** Checkpoints, outsiders, software and hosts. */
export function logKept({ facts, sums, words, language }: TransferPage): Markup {
  const { policy } = facts;
  const listed = (all: ReadonlyMap<string, RecordNumbers>, more: (name: string) => string = () => ''): Markup | string =>
    all.size === 0 ? words.none : html`${[...all].map(([name, numbers]) => html`<div>${name} × ${countText(numbers.count, language)}${more(name)}</div>`)}`;
  const authority = (name: string): string => {
    const known = policy.timestamps.find((each) => each.name === name);
    return ` (${known?.qualified ? words.saidQualified : words.notQualified})`;
  };
  const witness = (name: string): string => {
    const org = policy.witnesses.find(({ vkey }) => vkey.startsWith(`${name}+`))?.org;
    return org ? ` (${org})` : '';
  };
  const acts = html`${[...sums.acts].map(([auth, numbers]) => html`<div>${howSure(auth, words)} × ${countText(numbers.count, language)} <span class="soft">${numbersText(numbers, language)}</span></div>`)}`;
  const published = sums.events.get('checkpoint.published')?.count ?? 0;
  return html`<h2>${words.theLog}</h2>
${pairs([
  [words.openedAt, sums.opened && timeText(sums.opened.time)],
  [words.closedAt, sums.closed ? timeText(sums.closed.time) : words.notClosed],
  [words.checkpoints, words.checkpointLine(countText(published, language), countText(sums.checkpoint?.size ?? 0, language))],
  [words.witnesses, listed(sums.witnesses, witness)],
  [words.authorities, listed(sums.authorities, authority)],
  [words.acts, sums.acts.size === 0 ? words.none : acts],
  [words.softwareHead, listed(sums.software)],
  [words.hosts, listed(sums.hosts)],
  [words.withheld, facts.withheld > 0 && words.withheldLine(facts.withheld)],
])}`;
}

/** What certificates the records hold for places, as declared. Whether they are true, and cover this use, nobody checked here. */
export function qualifications({ sums, words, language }: TransferPage): Markup {
  const all = [...sums.qualifications.values()];
  if (all.length === 0) return html`<h2>${words.qualification}</h2><p>${words.noQualification}</p>`;
  return html`<h2>${words.qualification}</h2><ul>${all.map(({ place, numbers }) => {
    const { scheme, number, scope, valid_to, evidence_sha256 } = place.qualification ?? {};
    return html`<li>${placeText(place, words.notKnown)}${words.colon} ${[scheme, number, scope, valid_to].filter(Boolean).join(' · ')} <b>(${words.declared})</b>
${evidence_sha256 && html`<span class="code">${evidence_sha256}</span>`} <span class="soft">${numbersText(numbers, language)}</span></li>`;
  })}</ul>`;
}
