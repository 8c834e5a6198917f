import type { Language } from '../../core/project-words.ts';
import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { html, type Markup } from '../html.ts';
import { interimWord, labBanner, notProven } from './evidence-facts.ts';
import { banner, pairs, sheet, table } from './evidence-sheet.ts';
import { bytesText, countText, placeText, timeText } from './evidence-text.ts';
import type { LogSums } from './log-sums.ts';
import { numbersText } from './record-numbers.ts';
import { exceptions, logKept, qualifications } from './transfer-log.ts';
import { howSure, stateCounts, type TransferPage, verdictPart } from './transfer-parts.ts';
import { transferWords } from './transfer-words.ts';
import { workloadPart } from './transfer-workload.ts';

/**
 * The procès-verbal: who moved what from where to where on whose word, how it ended, and what went wrong. A sheet to be printed and
 * signed by hand. It claims nothing that the records do not hold, and no qualification at all.
 */
export function transferRecord(facts: BundleFacts, sums: LogSums, language: Language): string {
  const words = transferWords(language);
  const page = { facts, sums, words, language };
  const title = [words.title, facts.kind === 'interim' && interimWord[language]].filter(Boolean).join(' · ');
  const body = html`${facts.policy.class === 'lab' && banner(labBanner[language])}
${facts.kind === 'interim' && banner(interimWord[language], 'interim')}
<h1>${title}</h1>
<p class="soft">${words.intro}</p>
${facts.policy.class === 'lab' && html`<p>${words.notEvidence}</p>`}
${facts.kind === 'interim' && html`<p>${words.interim}</p>`}
${head(page)}${parties(page)}${instruction(page)}${overview(page)}
${[...sums.workloads.values()].map((workload) => workloadPart(page, workload))}
${exceptions(page)}${logKept(page)}${qualifications(page)}
<h2>${words.notProven}</h2><ul>${notProven.map((each) => html`<li>${each[language]}</li>`)}</ul>
${signatures(page)}`;
  const prefix = facts.policy.class === 'lab' ? `${labBanner[language]} · ` : '';
  return sheet(language, `${prefix}${title} · ${facts.policy.project}`, body);
}

function head({ facts, sums, words, language }: TransferPage): Markup {
  const { policy, size, root } = facts;
  return pairs([
    [words.project, policy.project],
    [words.log, html`${policy.log} · ${words.records(countText(size, language))}`],
    [words.root, html`<span class="code">${root}</span>`],
    [words.covered, sums.opened && sums.newest && words.period(timeText(sums.opened.time), timeText(sums.newest.time))],
  ]);
}

function parties({ facts: { policy }, words }: TransferPage): Markup {
  return html`<h2>${words.parties}</h2>
${pairs([
  [words.controller, policy.controller],
  [words.operator, policy.operator],
])}
${
  policy.approvers.length > 0 &&
  table(
    [words.person, words.organisation, words.roles],
    policy.approvers.map(({ id, org, roles }) => html`<tr><td>${id}</td><td>${org}</td><td>${roles.join(', ')}</td></tr>`),
  )
}
<p class="soft">${words.opaque}</p>`;
}

function instruction({ sums, words, language }: TransferPage): Markup {
  const { instruction: newest, events } = sums;
  const count = events.get('instruction.received')?.count ?? 0;
  if (!newest) return html`<h2>${words.instruction}</h2><p>${words.noInstruction}</p>`;
  return html`<h2>${words.instruction}</h2>
${pairs([
  [words.plan, html`<span class="code">${newest.sha256}</span>`],
  [words.received, html`${timeText(newest.time)} · #${newest.seq}`],
  [words.person, html`${newest.by}${newest.org ? `, ${newest.org}` : ''} <span class="soft">(${howSure(newest.auth, words)})</span>`],
])}
${count > 1 && html`<p class="soft">${words.earlier(count - 1)}${language === 'fr' ? ' : ' : ': '}${numbersText(events.get('instruction.received') ?? { count: 0, first: [] }, language)}</p>`}`;
}

function overview({ sums, words, language }: TransferPage): Markup {
  const all = [...sums.workloads.values()];
  if (all.length === 0) return html`<h2>${words.overview}</h2><p>${words.noWorkload}</p>`;
  const heads = [words.workload, words.source, words.target, words.inventoried, words.sizeHead, words.finalCount, words.verdict];
  return html`<h2>${words.overview}</h2>
${table(
  heads,
  all.map((each) => {
    const { source, target, inventory, final } = each;
    return html`<tr><td>${each.name}</td><td>${placeText(source, words.notKnown)}</td><td>${placeText(target, words.notKnown)}</td>
<td class="number">${countText(inventory?.objects, language)}</td>
<td class="number">${inventory?.sizeBytes === undefined ? '' : bytesText(inventory.sizeBytes, language)}</td>
<td>${final ? stateCounts(final.counts, words, language) : words.notCounted}</td><td>${verdictPart(each, words, language)}</td></tr>`;
  }),
)}`;
}

function signatures({ facts: { policy }, words }: TransferPage): Markup {
  const [at, on] = words.doneAt;
  const seat = (what: string, org: string): Markup => html`<div><b>${what}</b><br>${org}
<p>${words.name}${words.colon} <span class="rule"></span></p><p>${words.quality}${words.colon} <span class="rule"></span></p>
<p>${at} <span class="rule"></span>, ${on} <span class="rule"></span></p><p>${words.signature}${words.colon}</p></div>`;
  return html`<h2>${words.signatures}</h2><p class="soft">${words.signaturesIntro}</p>
<div class="sign">${seat(words.controller, policy.controller)}${seat(words.operator, policy.operator)}</div>`;
}
