import { type PlannedMachine, planMachine } from '../core/plan-machine.ts';
import type { Config } from '../model/config.ts';
import type { Machine } from '../model/machine.ts';
import type { Given } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';
import { workloadNames } from './plan-file.ts';
import { patiently } from './terminal.ts';

/** Each named machine as its cloud describes it, mapped to the target: a first draft, to be reviewed. */
export async function namedMachines(context: CommandContext, given: Given): Promise<PlannedMachine[]> {
  const config = context.config();
  const from = cloudOf(config, given.text('fromCloud'), 'aws', '--from-cloud');
  const to = cloudOf(config, given.text('toCloud'), 'outscale', '--to-cloud');
  const target = config.clouds[to];
  const subregion = target?.kind === 'outscale' ? `${target.region}a` : '';
  const client = await context.client();
  const depot = await context.depot();
  const described: { machine: Machine; name: string }[] = [];
  for (const text of given.list('vm')) {
    const [id = '', name = '', ...rest] = text.split('=');
    if (!/^i-[0-9a-f]+$/.test(id) || rest.length > 0) throw usage('--vm takes an instance id, or ID=NAME');
    const asked = client.errand('describeMachine', { project: config.project, at: from, machine: id }, `describe/${id}`);
    const { digest } = await patiently(context.terminal, `describe ${id}`, asked);
    const machine = JSON.parse((await depot.get(digest)).toString('utf8')) as Machine;
    described.push({ machine, name: name || machine.name || id });
  }
  const names = workloadNames(described.map(({ name }) => name));
  return described.map(({ machine }, n) => planMachine(machine, { name: names[n] ?? machine.id, source: { at: from }, target: { at: to, subregion } }));
}

function cloudOf({ clouds }: Config, named: string | undefined, kind: Config['clouds'][string]['kind'], option: string): string {
  const there = Object.entries(clouds).filter(([, cloud]) => cloud.kind === kind);
  const found = named ?? there[0]?.[0];
  if (found === undefined || !there.some(([name]) => name === found))
    throw usage(`${option}: ecluse.yaml has no such cloud${named === undefined ? '' : ` "${named}"`}`, [
      `clouds of kind ${kind} there: ${there.map(([name]) => name).join(', ') || 'none; add one under `clouds`'}`,
    ]);
  return found;
}
