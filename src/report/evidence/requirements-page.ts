import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { html } from '../html.ts';
import { interimWord, labBanner, notProven } from './evidence-facts.ts';
import { banner, both, sheet, table, twice, withCode } from './evidence-sheet.ts';
import type { LogSums } from './log-sums.ts';
import { noNumbers, numbersText } from './record-numbers.ts';
import { requirements } from './requirement-list.ts';

const order = ['fr', 'en'] as const;

const intro = {
  fr: 'Pour chaque texte : ce qu’il demande, ce que le journal montre, et les numéros des enregistrements concernés. Si cela suffit, c’est à l’auditeur d’en juger ; ce tableau ne se prononce pas.',
  en: 'For each text: what it asks, what the log shows, and the numbers of the records in question. Whether that is enough is for the auditor to judge; this table does not say.',
} as const;
const title = { fr: 'Exigences et enregistrements', en: 'Requirements and records' } as const;
const heads = {
  text: 'Texte / Text',
  fr: 'Ce que le texte demande, et ce que le journal montre',
  en: 'What the text asks, and what the log shows',
  records: 'Enregistrements / Records',
} as const;

/** Requirement by requirement, both languages beside each other: which records answer, and never that they suffice. */
export function requirementsPage(facts: BundleFacts, sums: LogSums): string {
  const isLab = facts.policy.class === 'lab';
  const isInterim = facts.kind === 'interim';
  const name = [twice(order, title), isInterim && twice(order, interimWord)].filter(Boolean).join(' · ');
  const rows = requirements.map(({ id, text, asks, shows }) => {
    const numbers = sums.requirements.get(id) ?? noNumbers();
    const said = order.map((language) => html`<td class="words" lang="${language}"><b>${asks[language]}</b><br>${withCode(shows[language])}</td>`);
    const found = numbers.count === 0 ? order.map((language) => html`<div class="soft">${numbersText(numbers, language)}</div>`) : numbersText(numbers, 'en');
    return html`<tr id="${id}"><td>${text}</td>${said}<td class="words">${found}</td></tr>`;
  });
  const body = html`${isLab && banner(twice(order, labBanner))}${isInterim && banner(twice(order, interimWord), 'interim')}
<h1>${name}</h1>
<p class="soft">${facts.policy.project} · ${facts.policy.log} · ${facts.size} · <span class="code">${facts.root}</span></p>
${both(order, (language) => html`<p>${intro[language]}</p>`)}
${table([heads.text, heads.fr, heads.en, heads.records], rows, 'wide')}
${both(
  order,
  (language) =>
    html`<h2>${language === 'fr' ? 'Ce qui n’est pas prouvé' : 'What is not proven'}</h2><ul>${notProven.map((each) => html`<li>${each[language]}</li>`)}</ul>`,
)}`;
  return sheet('fr', `${isLab ? `${twice(order, labBanner)} · ` : ''}${name} · ${facts.policy.project}`, body, true);
}
