import { readFile, writeFile } from 'node:fs/promises';
import { parsePlan } from '../config/load.ts';
import { systemCode } from '../config/system-code.ts';
import { workloadEnds } from '../core/static-page.ts';
import type { Config } from '../model/config.ts';
import type { InventoryFile } from '../model/errand.ts';
import type { CommandDefinition, Given } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, usage } from './failure.ts';
import { inventoryPath } from './inventory.ts';
import { isUnedited, type PlannedBucket, planText } from './plan-file.ts';
import { namedMachines } from './plan-machines.ts';

export const plan: CommandDefinition = {
  name: 'plan',
  summary: 'write plan.yaml: from inventory.json, or for the buckets and virtual machines that you name',
  details: 'An edited plan.yaml is never overwritten without --force.',
  options: [
    { flags: '--bucket <name>', summary: 'move this bucket (NAME, or NAME=TARGETNAME); may be given several times', repeats: true },
    { flags: '--vm <id>', summary: 'move this virtual machine (i-…, or i-…=NAME, its name in the plan); may be given several times', repeats: true },
    { flags: '--from <store>', summary: 'store of the sources (default: the store called "source", else the first)' },
    { flags: '--to <store>', summary: 'store of the targets (default: the store called "target", else the second)' },
    { flags: '--from-cloud <cloud>', summary: 'cloud of the machines (default: the first source cloud)' },
    { flags: '--to-cloud <cloud>', summary: 'cloud where they go (default: the first target cloud)' },
    { flags: '--force', summary: 'overwrite an edited plan.yaml' },
  ],
  run: async (context, given) => {
    const config = context.config();
    const machines = given.list('vm').length > 0 ? await namedMachines(context, given) : [];
    const buckets = await plannedBuckets(context, given, machines.length > 0);
    const path = context.files.plan;
    if (!given.flag('force')) await refuseEdited(path);
    const text = planText(buckets, machines);
    // A plan that would not load is told before it replaces one that does.
    const written = parsePlan(text, path, config);
    await writeFile(path, text);
    const workloads = written.waves.flatMap((wave) => wave.workloads.map(({ name, source, target }) => ({ name, source, target })));
    const lines = written.waves.flatMap((wave) => wave.workloads.map((entry) => `  ${entry.name}: ${workloadEnds(entry).join(' → ')}`));
    return {
      exit: 0,
      text: [context.words.wrote(path), ...lines, '', context.words.next, '  ecluse preflight --all', '  ecluse start'].join('\n'),
      json: { path, workloads },
    };
  },
};

async function plannedBuckets(context: CommandContext, given: Given, hasMachines: boolean): Promise<PlannedBucket[]> {
  const named = given.list('bucket');
  if (named.length === 0 && hasMachines) return [];
  const [from, to] = sides(context.config(), given);
  return named.length > 0 ? namedBuckets(named, from, to) : inventoriedBuckets(context, from, to);
}

function sides(config: Config, given: Given): [string, string] {
  const names = Object.keys(config.stores);
  const from = given.text('from') ?? (names.includes('source') ? 'source' : names[0]);
  const to = given.text('to') ?? (names.includes('target') ? 'target' : names.find((name) => name !== from));
  for (const [option, name] of [
    ['--from', from],
    ['--to', to],
  ] as const)
    if (name === undefined || !names.includes(name))
      throw usage(`${option}: ecluse.yaml has no store ${name === undefined ? 'to take' : `"${name}"`}`, [`stores there: ${names.join(', ') || 'none'}`]);
  return [from ?? '', to ?? ''];
}

function namedBuckets(named: readonly string[], from: string, to: string): PlannedBucket[] {
  return named.map((text) => {
    const [bucket = '', target = bucket, ...rest] = text.split('=');
    if (!bucket || !target || rest.length > 0) throw usage('--bucket takes NAME or NAME=TARGETNAME');
    return { source: { at: from, bucket }, target: { at: to, bucket: target } };
  });
}

async function inventoriedBuckets(context: CommandContext, from: string, to: string): Promise<PlannedBucket[]> {
  const path = inventoryPath(context);
  try {
    const { stores } = JSON.parse(await readFile(path, 'utf8')) as InventoryFile;
    const buckets = stores.find(({ store }) => store === from)?.buckets ?? [];
    if (buckets.length === 0) throw usage(`inventory.json has no bucket of store "${from}"`, ['ecluse inventory', 'ecluse plan --bucket NAME']);
    return buckets.map(({ bucket }) => ({ source: { at: from, bucket }, target: { at: to, bucket } }));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const answer = systemCode(error) === 'ENOENT' ? 'there is no inventory.json yet' : 'inventory.json cannot be read';
    throw new Failure({
      code: 'CONFIG_INVALID',
      doing: 'make a plan from the inventory',
      from: path,
      answer,
      next: ['ecluse inventory', 'ecluse plan --bucket NAME'],
      exit: 2,
      cause: error,
    });
  }
}

async function refuseEdited(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined && !isUnedited(text))
    throw new Failure({
      code: 'FILE_EXISTS',
      doing: 'write a new plan',
      to: path,
      answer: 'it has been edited since `ecluse plan` wrote it',
      next: ['keep it, or: ecluse plan --force'],
      exit: 2,
    });
}
