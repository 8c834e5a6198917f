import { nearest } from '../config/nearest.ts';
import type { Workload } from '../model/plan.ts';
import type { ArgumentDefinition, Given, OptionDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';

export const plannedArgument: ArgumentDefinition = { name: 'workload', summary: 'names of workloads in plan.yaml', kind: 'many' };
export const plannedOptions: readonly OptionDefinition[] = [{ flags: '--all', summary: 'every workload of plan.yaml' }];

/** Entries of plan.yaml, by name or all: what can be asked before the project runs. */
export function plannedEntries(context: CommandContext, given: Given): Workload[] {
  const entries = context.plan().waves.flatMap(({ workloads }) => workloads);
  if (given.flag('all') === given.arguments.length > 0) throw usage('name workloads, or give --all');
  if (given.flag('all')) return entries;
  const names = entries.map(({ name }) => name);
  return given.arguments.map((name) => {
    const entry = entries.find((each) => each.name === name);
    if (entry) return entry;
    const guess = nearest(name, names);
    throw usage(`plan.yaml has no workload "${name}"`, guess ? [`did you mean "${guess}"?`] : [`workloads there: ${names.join(', ')}`]);
  });
}
