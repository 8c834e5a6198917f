import { findingSentence } from '../../core/finding-words.ts';
import { type Language, projectWords } from '../../core/project-words.ts';
import { html, type Markup } from '../html.ts';
import { type ApprovalInput, isCoherent, orderOf, scopeLosses, scopePlace, scopeSetting, scopeText, sha256Of, signCommand, visible } from './approval-input.ts';
import { gateWords, approvalWords as words } from './approval-words.ts';
import { type InBoth, labBanner } from './evidence-facts.ts';
import { banner, both, pairs, sheet, table, twice } from './evidence-sheet.ts';
import { bytesText, countText, timeText } from './evidence-text.ts';

export type { ApprovalInput } from './approval-input.ts';
export { approvalReadme } from './approval-readme.ts';

/**
 * The page beside a file to be signed, for somebody without Écluse: what happens, what cannot be undone, how much and in which state, what is
 * lost, until when; then the very text that is signed, and the line to type. Both languages, nothing loaded, everything escaped.
 */
export function approvalPage(input: ApprovalInput): string {
  const { approval, request } = input;
  const order = orderOf(input);
  const [first = 'fr'] = order;
  const gate = gateWords[approval.gate];
  const isLab = request.class === 'lab';
  const title = (language: Language): string => `${words.title[language]}${colon(language)} ${gate.name[language]}`;
  const body = html`${isLab && banner(twice(order, labBanner))}
<h1>${title(first)}</h1>
<p class="soft">${order.slice(1).map(title)} · ${approval.subject} · ${approval.project}</p>
${!isCoherent(input) && banner(twice(order, words.mismatch))}
${both(
  order,
  (language) => html`<h2>${words.happens[language]}</h2><ul>${gate.happens.map((each) => html`<li>${each[language]}</li>`)}</ul>
<div class="warn"><h3>${words.cannotBeUndone[language]}</h3><ul>${gate.cannotBeUndone.map((each) => html`<li>${each[language]}</li>`)}</ul></div>`,
)}
${about(input, order)}${approval.gate !== 'gap' && lossPart(input, order)}${who(input, order)}${tied(input, order)}${toSign(input, order)}`;
  return sheet(first, `${isLab ? `${twice(order, labBanner)} · ` : ''}${title(first)} · ${approval.subject}`, body);
}

const colon = (language: Language): string => (language === 'fr' ? '\u00a0:' : ':');

function about({ approval, scope }: ApprovalInput, order: readonly Language[]): Markup {
  const label = (text: InBoth): string => twice(order, text);
  const { summary, gate } = approval;
  const verdict = order.map((language) => projectWords(language).verdict[summary.verdict]);
  const isGap = gate === 'gap';
  const more = { PASS: undefined, FAIL: words.failed, UNKNOWN: words.unknown }[summary.verdict];
  return html`<h2>${label(words.about)}</h2>
${pairs([
  [label(words.project), approval.project],
  [label(isGap ? words.gap : words.subject), approval.subject],
  [label(words.gate), html`${gate} · ${twice(order, gateWords[gate].name)}`],
  [label(words.source), scopePlace(scope, 'source')],
  [label(words.target), scopePlace(scope, 'target')],
  [label(words.into), scopeSetting(scope, 'into', order)],
  [label(words.versions), scopeSetting(scope, 'versions', order)],
  [label(words.freeze), scopeSetting(scope, 'freeze', order)],
  [label(words.gapTime), isGap && [scopeText(scope, 'from'), scopeText(scope, 'to')].map((time) => (time ? timeText(time) : '?')).join(' → ')],
  [label(words.reason), isGap && scopeText(scope, 'reason')],
  [label(words.objects), !isGap && order.map((language) => countText(summary.objects, language)).join(' / ')],
  [label(words.size), !isGap && order.map((language) => bytesOf(summary.size_bytes, language)).join(' / ')],
  [
    label(words.verdict),
    !isGap && html`<span class="verdict ${summary.verdict}">${[...new Set(verdict)].join(' / ')}</span>${more && html`<br>${label(more)}`}`,
  ],
])}`;
}

const bytesOf = (text: string, language: Language): string => (/^\d+$/.test(text) ? bytesText(BigInt(text), language) : text);

function lossPart({ scope }: ApprovalInput, order: readonly Language[]): Markup {
  const codes = scopeLosses(scope);
  const sentence = (code: string, language: Language): string => findingSentence(code, language) || words.unknownLoss[language];
  return html`<h2>${twice(order, words.losses)}</h2>
${
  codes.length === 0
    ? html`<p>${twice(order, words.noLosses)}</p>`
    : table(
        [twice(order, words.code), ...order.map((language) => (language === 'fr' ? 'Français' : 'English'))],
        codes.map(
          (code) => html`<tr><td class="code">${code}</td>${order.map((language) => html`<td lang="${language}">${sentence(code, language)}</td>`)}</tr>`,
        ),
      )
}`;
}

function who({ approval: { approver }, request }: ApprovalInput, order: readonly Language[]): Markup {
  const seat = ({ role, org }: ApprovalInput['request']['missing'][number]): Markup => html`<div>${role} · ${org ?? twice(order, words.anyOrganisation)}</div>`;
  const deputy = approver.on_behalf_of && ` · ${twice(order, words.deputyOf)} ${approver.on_behalf_of}`;
  return html`<h2>${twice(order, words.who)}</h2>
${pairs([
  [twice(order, words.thisFile), html`<b>${approver.id}</b> · ${approver.org} · ${approver.role}${deputy}`],
  [twice(order, words.seats), html`${request.missing.map(seat)}`],
  [twice(order, words.others), html`${request.approvers.map(({ id, org, roles }) => html`<div>${id} · ${org} · ${roles.join(', ')}</div>`)}`],
])}`;
}

function tied({ approval, scope }: ApprovalInput, order: readonly Language[]): Markup {
  const { checkpoint } = approval;
  const code = (text: string): Markup => html`<span class="code">${text}</span>`;
  const lines = visible(JSON.stringify(scope, undefined, 2)?.replaceAll('\n', '\u0001') ?? '').split('\\u0001');
  return html`<h2>${twice(order, words.tied)}</h2>
${pairs([
  [twice(order, words.window), html`${timeText(approval.not_before)}<br>→ ${timeText(approval.expires)}`],
  [twice(order, words.scope), code(approval.scope_sha256)],
  [twice(order, words.checkpoint), html`${checkpoint.size} · ${code(checkpoint.root)}`],
  [twice(order, words.roots), approval.verified_roots.length > 0 && html`${approval.verified_roots.map((root) => html`<div>${code(root)}</div>`)}`],
  [twice(order, words.nonce), code(approval.nonce)],
])}
<h3>${twice(order, words.fullScope)}</h3>
<div class="box code">${lines.map((line, at) => html`${at > 0 && html`<br>`}${line}`)}</div>`;
}

function toSign({ file, fileName }: ApprovalInput, order: readonly Language[]): Markup {
  return html`<h2>${twice(order, words.signedText)}</h2>
${pairs([
  [twice(order, words.file), html`<span class="code">${fileName}</span>`],
  [twice(order, words.fileDigest), html`<span class="code">${sha256Of(file)}</span>`],
])}
<div class="box code">${visible(file.replace(/\n$/, ''))}</div>
${both(
  order,
  (language) => html`<h2>${words.howToSign[language]}</h2><p>${words.commandIntro[language]}</p>
<div class="box code">${signCommand(fileName, words.key[language])}</div>
<ul>${words.commandNotes.map((each) => html`<li>${each[language]}</li>`)}</ul>
<h3>${words.sendBack[language]}</h3><p class="code">${fileName}<br>${fileName}.sig</p><p>${words.sendBackLine[language]}</p><p>${words.refuse[language]}</p>`,
)}`;
}
