import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadPrices } from '../config/prices.ts';
import { type Estimate, estimateCopy } from '../core/estimate.ts';
import { findingSentence } from '../core/finding-words.ts';
import { remedyScript } from '../core/remedies.ts';
import { numberText, sizeText } from '../core/sizes.ts';
import type { Assessment, Finding } from '../model/errand.ts';
import type { Workload } from '../model/plan.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';
import { plannedArgument, plannedEntries, plannedOptions } from './planned.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

export const assess: CommandDefinition = {
  name: 'assess',
  summary: 'say what a move would lose or meet: blockers, losses, advice, with counts, hours and costs',
  details: [
    'Reads the source only. Exit code 4 when there is a blocker. Samples of names stay in the depot.',
    'Of a virtual machine: --inspect takes a snapshot of its disks, reads what they say (drivers, fstab, boot), and removes it again; only then are',
    'bytes, hours and costs exact. --remedies prints one script for the guest’s administrator, who reads it and runs it; Écluse never does.',
  ].join('\n'),
  arguments: [plannedArgument],
  options: [
    ...plannedOptions,
    { flags: '--inspect', summary: 'of virtual machines: read the disks, by a snapshot that is removed again' },
    { flags: '--remedies', summary: 'print the script that mends what can be mended in the guest (with --inspect)' },
    { flags: '--out <file>', summary: 'write that script to a file' },
  ],
  run: async (context, given) => {
    const client = await context.client();
    const { project } = context.config();
    const entries = plannedEntries(context, given);
    if (given.flag('remedies') && (entries.length !== 1 || entries[0]?.kind !== 'vm')) throw usage('--remedies is for one virtual machine');
    const inspect = given.flag('inspect') || given.flag('remedies');
    const assessed: Assessed[] = [];
    for (const entry of entries) {
      const errand = client.errand('assess', { project, entry, inspect: inspect && entry.kind === 'vm' }, `assess/${entry.name}`);
      const assessment = await patiently(context.terminal, `assess ${entry.name}`, errand);
      assessed.push({ ...assessment, ...estimateOf(context, entry, assessment) });
    }
    if (given.flag('remedies')) return remedies(context, given, assessed[0]);
    const isBlocked = assessed.some(({ findings }) => findings.some(({ level }) => level === 'blocker'));
    return { exit: isBlocked ? 4 : 0, text: assessed.map((each) => assessmentText(context, each)).join('\n\n'), json: { assessments: assessed } };
  },
};

interface Assessed extends Assessment {
  readonly estimate?: Estimate;
}

function estimateOf(context: CommandContext, entry: Workload, { machine }: Assessment): { readonly estimate?: Estimate } {
  const cloud = entry.kind === 'vm' ? context.config().clouds[entry.source.at] : undefined;
  if (!machine || cloud?.kind !== 'aws') return {};
  const prices = loadPrices(context.config().prices);
  return { estimate: estimateCopy(machine.disks, { blocksPerSecond: cloud.rates.blocks, ...(prices ? { prices } : {}) }) };
}

async function remedies(context: CommandContext, given: Given, assessed: Assessed | undefined): Promise<Outcome> {
  const { findings = [], machine, workload = '' } = assessed ?? {};
  const report = machine?.guest === undefined ? undefined : JSON.parse((await (await context.depot()).get(machine.guest)).toString('utf8'));
  const { id, version, family } = report?.distribution ?? {};
  const script = remedyScript(findings, { ...(id ? { distribution: id } : {}), ...(version ? { version } : {}), ...(family ? { family } : {}) });
  const out = given.text('out');
  const path = out === undefined ? undefined : resolve(context.folder, out);
  if (path !== undefined) await writeFile(path, script, { mode: 0o755 });
  return { exit: 0, text: path === undefined ? script.trimEnd() : context.words.wrote(path), json: { workload, script, ...(path ? { path } : {}) } };
}

const levels: readonly Finding['level'][] = ['blocker', 'warning', 'advice'];

function assessmentText(context: CommandContext, { workload, objects, sizeBytes, findings, losses: lost, machine, estimate }: Assessed): string {
  const { language, assessment: words } = context.words;
  const sorted = [...findings].sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const rows = [
    ...sorted.map(({ level, id, count, detail }) => [
      level,
      id,
      count === undefined ? '' : numberText(count, language),
      [findingSentence(id, language), machine ? detail : ''].filter(Boolean).join(' · ') || detail,
    ]),
    ...lost
      .filter(({ code }) => !findings.some(({ id }) => id === code))
      .map(({ code, count }) => ['warning', code, numberText(count, language), findingSentence(code, language)]),
  ];
  const head = `${workload}: ${machine ? words.disks(objects) : words.objects(numberText(objects, language))}, ${sizeText(sizeBytes, language)}`;
  const inspected = machine && machine.guest === undefined ? [words.notInspected(workload)] : [];
  return [head, ...(rows.length === 0 ? [] : [textTable(rows)]), ...inspected, ...(estimate ? [estimateText(context, estimate)] : [])].join('\n');
}

function estimateText({ words }: CommandContext, { isExact, readBytes, blockRequests, hours, binds, unknown, cost }: Estimate): string {
  const { language, assessment: said } = words;
  const rows = [
    [said.firstCopy(isExact), `${sizeText(readBytes, language)}, ${said.requests(numberText(blockRequests, language))}`],
    ...Object.entries(hours).map(([limit, value]) => [
      said.limits[limit as keyof typeof hours],
      said.hours(numberText(value, language, 2)) + (limit === binds ? ` · ${said.binds}` : ''),
    ]),
    ...unknown.map((limit) => [said.limits[limit], said.unknown]),
    [said.cost, cost ? said.costOf(numberText(cost.sum, language, 2), cost.currency, cost.asOf, cost.withoutPrice) : said.noPrice],
  ];
  return textTable(rows);
}
