import { errorSentence, whoActs } from '../core/error-words.ts';
import { findingSentence } from '../core/finding-words.ts';
import { localTime } from '../core/local-time.ts';
import { isLossCode, losses as lossTable } from '../core/loss.ts';
import { nextCommands, waitsForPerson } from '../core/next-command.ts';
import { percentDone } from '../core/progress.ts';
import { byUrgency } from '../core/project-table.ts';
import { type ProjectWords, projectWords, waitsFor } from '../core/project-words.ts';
import { numberText, sizeText } from '../core/sizes.ts';
import type { Verdict } from '../model/digest.ts';
import type { WorkloadStatus } from '../model/status.ts';
import { html, Markup } from './html.ts';
import { pageStyle } from './page-style.ts';
import { throughput, throughputPlot } from './plot.ts';
import type { Decision, ReportData } from './report-data.ts';
import { type ReportWords, reportWords } from './words.ts';

interface Page extends ReportData {
  readonly words: ReportWords;
  readonly nouns: ProjectWords;
}

/**
 * The whole report as one HTML page: no script, nothing loaded from elsewhere, fit for paper and mail. Everything shown is escaped;
 * names of objects are not in it, because they are not in the data.
 */
export function renderReport(data: ReportData): string {
  const page: Page = { ...data, words: reportWords(data.language), nouns: projectWords(data.language) };
  const title = page.words.title(data.project);
  const body = html`<main>
<h1>${title}</h1>
<p>${page.words.taken(localTime(data.takenAt, data.timezone), data.timezone, localTime(data.takenAt, 'UTC'))}<br><span class="soft">${page.words.told[data.told]}</span></p>
${glance(page)}${workloads(page)}${reasons(page)}${lossReport(page)}${plot(page)}${decisions(page)}${record(page)}${notProven(page)}
</main>`;
  return html`<!doctype html>
<html lang="${data.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
${new Markup(`<style>${pageStyle}</style>`)}
</head>
<body>
${body}
</body>
</html>
`.text;
}

const verdicts: readonly Verdict[] = ['PASS', 'FAIL', 'UNKNOWN'];

function glance({ words, nouns, workloads: all, batches, condition, language }: Page): Markup {
  const verifiedBytes = batches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sum = (field: 'objects' | 'sizeBytes'): number => all.reduce((total, each) => total + each[field], 0);
  const states = countBy(all, ({ state }) => nouns.state[state]);
  const card = (value: string | Markup, label: string): Markup => html`<div class="card"><b>${value}</b><span>${label}</span></div>`;
  return html`<h2>${words.atAGlance}</h2>
<div class="cards">
${card(words.condition[condition], nouns.workloads(all.length))}
${card(numberText(all.filter(waitsForPerson).length, language), words.waitForPerson)}
${card(numberText(sum('objects'), language), words.objects)}
${card(sizeText(sum('sizeBytes'), language), words.size)}
${card(sizeText(verifiedBytes, language), words.verifiedBytes)}
<div class="card">${verdicts.map((verdict) => html`<div class="verdict ${verdict}">${all.filter((each) => each.verdict === verdict).length} ${nouns.verdict[verdict]}</div>`)}</div>
</div>
<p class="soft">${words.byState}${words.colon} ${states.map(([state, count]) => `${count} ${state}`).join(' · ')}</p>`;
}

function workloads({ words, nouns, workloads: all, language, timezone }: Page): Markup {
  const heads = [nouns.wave, nouns.workload, nouns.stateHead, nouns.conditionHead, nouns.waitsFor, nouns.done, nouns.predictedEnd];
  return html`<h2>${words.workloads}</h2>
<div class="scroll"><table><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}<th class="number">${words.objects}</th><th class="number">${words.size}</th><th>${nouns.verdictHead}</th></tr></thead><tbody>
${byUrgency(all).map(
  (each) =>
    html`<tr><td>${each.wave}</td><td>${each.workload}</td><td>${nouns.state[each.state]}</td><td>${nouns.condition[each.condition]}</td><td>${waitsFor(each, language)}</td><td class="time">${share(each)}</td><td class="time">${each.condition === 'moving' ? localTime(each.predictedEnd, timezone) : ''}</td><td class="number">${numberText(each.objects, language)}</td><td class="number">${sizeText(each.sizeBytes, language)}</td><td class="verdict ${each.verdict}">${nouns.verdict[each.verdict]}</td></tr>`,
)}
</tbody></table></div>`;
}

function share(status: WorkloadStatus): Markup {
  const percent = percentDone(status);
  return percent === undefined ? html`–` : html`<span class="bar-outer"><span class="bar-inner" style="width:${percent}%"></span></span>${percent} %`;
}

/** Those that wait for a person with a reason: the sentence, whose turn it is, and the command. */
function reasons({ words, nouns, workloads: all, language }: Page): Markup | string {
  const waiting = byUrgency(all).filter(waitsForPerson);
  if (waiting.length === 0) return '';
  return html`<h2>${words.reasons}</h2>
<ul>${waiting.map((each) => {
    const { reason, workload } = each;
    const sentence = reason ? `${errorSentence(reason.code, language)} (${reason.code}, ${whoActs(reason.code, language)})` : waitsFor(each, language);
    return html`<li><b>${workload}</b>, ${nouns.state[each.state]}${words.colon} ${sentence}<br><span class="code">${nextCommands(each)[0]}</span></li>`;
  })}</ul>`;
}

function lossReport({ words, nouns, workloads: all, language }: Page): Markup {
  const lines = [...all].sort((a, b) => (a.workload < b.workload ? -1 : 1)).flatMap(({ workload, losses }) => losses.map((loss) => ({ workload, ...loss })));
  if (lines.length === 0) return html`<h2>${words.losses}</h2><p>${words.noLosses}</p>`;
  const sentence = (code: string): string => findingSentence(code, language) || code;
  const counted = (code: string, count: number): string => (isLossCode(code) ? words.counted[lossTable[code].counts](count) : '');
  return html`<h2>${words.losses}</h2><p class="soft">${words.lossesIntro}</p>
<div class="scroll"><table><thead><tr><th>${nouns.workload}</th><th class="number">${words.count}</th><th>${words.meaning}</th><th>${words.code}</th></tr></thead><tbody>
${lines.map(({ workload, code, count }) => html`<tr><td>${workload}</td><td class="number">${numberText(count, language)} ${counted(code, count)}</td><td>${sentence(code)}</td><td class="code">${code}</td></tr>`)}
</tbody></table></div>`;
}

function plot({ words, batches, language, timezone }: Page): Markup {
  const measured = throughput(batches);
  if (!measured) return html`<h2>${words.throughput}</h2><p>${words.noThroughput}</p>`;
  return html`<h2>${words.throughput}</h2><p class="soft">${words.throughputIntro}</p>
${throughputPlot(measured, language, (time) => localTime(time, timezone), words.throughput)}`;
}

function decisions({ words, nouns, decisions: all, timezone }: Page): Markup {
  if (all.length === 0) return html`<h2>${words.decisions}</h2><p>${words.noDecisions}</p>`;
  const named = ({ what, isApproval }: Decision): string => {
    if (what === 'rollback') return words.rollback;
    if (what === 'stuck') return words.stuck;
    return isApproval ? words.approved(nouns.gate[what]) : words.rejected(nouns.gate[what]);
  };
  return html`<h2>${words.decisions}</h2>
<div class="scroll"><table><thead><tr><th>${words.when}</th><th>${nouns.workload}</th><th>${words.decision}</th><th>${words.who}</th><th>${words.scope}</th></tr></thead><tbody>
${all.map((each) => html`<tr><td class="time">${localTime(each.at, timezone)}</td><td>${each.workload}</td><td>${named(each)}</td><td>${each.by} <span class="soft">(${each.auth})</span></td><td class="code">${each.scope?.slice(0, 16)}${each.scope ? '…' : ''}</td></tr>`)}
</tbody></table></div>`;
}

function record({ words, nouns, ledger, language }: Page): Markup {
  if (!ledger) return html`<h2>${words.record}</h2><p>${words.noRecord}</p>`;
  return html`<h2>${words.record}</h2><p><span class="verdict ${ledger.verdict}">${words.recordLine(nouns.verdict[ledger.verdict], numberText(ledger.size, language))}</span><br><span class="code">${ledger.root}</span></p>`;
}

function notProven({ words, workloads: all, told, ledger, batches, decisions: made }: Page): Markup {
  const count = (verdict: Verdict): number => all.filter((each) => each.verdict === verdict).length;
  const lines = [
    count('FAIL') > 0 && words.unproven.failed(count('FAIL')),
    count('UNKNOWN') > 0 && words.unproven.unknown(count('UNKNOWN')),
    told === 'recorded' && words.unproven.recorded,
    ledger ? words.unproven.ledger : words.unproven.ledgerUnread,
    made.some(({ auth }) => auth === 'client-asserted') && words.unproven.asserted,
    words.unproven.later,
    batches.length > 0 && words.unproven.average,
  ];
  return html`<h2>${words.notProven}</h2><ul>${lines.map((line) => line && html`<li>${line}</li>`)}</ul>`;
}

function countBy<T>(all: readonly T[], key: (each: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const each of all) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  return [...counts];
}
