import type { Language } from '../../core/project-words.ts';
import { html, Markup } from '../html.ts';
import { pageStyle } from '../page-style.ts';
import type { InBoth } from './evidence-facts.ts';

/** On top of the report's own style: paper, banners that nobody overlooks, two languages beside each other. */
const sheetStyle = `
@page{size:A4;margin:16mm 14mm}
.banner{border:2px solid var(--bad);color:var(--bad);font-weight:700;font-size:18px;text-align:center;padding:8px;margin:0 0 16px;border-radius:6px}
.banner.interim{border-color:var(--open);color:var(--open)}
h3{font-size:15px;margin:22px 0 6px}
dl{display:grid;grid-template-columns:minmax(150px,220px) 1fr;gap:5px 16px;margin:8px 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.both{display:grid;grid-template-columns:1fr 1fr;gap:0 28px}
.both h2{margin-top:28px}
.sign{display:grid;grid-template-columns:1fr 1fr;gap:20px;margin-top:16px}
.sign div{border:1px solid var(--line);border-radius:6px;padding:12px 14px;min-height:150px;break-inside:avoid}
.sign p{margin:9px 0}
.rule{display:inline-block;border-bottom:1px solid var(--soft);min-width:110px}
.box{background:var(--tint);border:1px solid var(--line);border-radius:6px;padding:10px 12px;margin:8px 0;white-space:pre-wrap}
.warn{border-left:4px solid var(--bad);padding-left:12px}
.wide{table-layout:fixed}.wide td{font-size:13px}.wide th{white-space:normal;vertical-align:bottom}.wide th:first-child{width:12%}.wide th:last-child{width:20%}
td.words{overflow-wrap:anywhere}td.code{overflow-wrap:normal}
@media print{.banner{font-size:13pt}table{font-size:9.5pt}.wide td{font-size:8.5pt}dl{grid-template-columns:150px 1fr}.scroll table{width:100%}th{white-space:normal}}
`;

/** A whole page: no script, nothing loaded from elsewhere. */
export const sheet = (language: Language, title: string, body: Markup, landscape = false): string =>
  html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
${new Markup(`<style>${pageStyle}${sheetStyle}${landscape ? '@page{size:A4 landscape}' : ''}</style>`)}
</head>
<body><main>
${body}
</main></body>
</html>
`.text;

export const banner = (text: string, kind = ''): Markup => html`<p class="banner ${kind}">${text}</p>`;

/** Pairs of what and how it stands. Pairs without a value are left out. */
export const pairs = (all: readonly (readonly [string, Markup | string | number | undefined | false])[]): Markup =>
  html`<dl>${all.map(([what, value]) => value !== undefined && value !== '' && value !== false && html`<dt>${what}</dt><dd>${value}</dd>`)}</dl>`;

export const table = (heads: readonly string[], rows: readonly Markup[], kind = ''): Markup =>
  html`<div class="scroll"><table class="${kind}"><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>
${rows}</tbody></table></div>`;

/** The same said twice, beside each other. */
export const both = (order: readonly Language[], part: (language: Language) => Markup): Markup =>
  html`<div class="both">${order.map((language) => html`<div lang="${language}">${part(language)}</div>`)}</div>`;

/** Both texts on one line, or the one if they are equal: what stands once in a page of two languages. */
export const twice = (order: readonly Language[], text: InBoth): string => [...new Set(order.map((language) => text[language]))].join(' / ');

/** Text in back ticks as code. */
export const withCode = (text: string): Markup => html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<span class="code">${part}</span>` : part))}`;
