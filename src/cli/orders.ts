import { nearest } from '../config/nearest.ts';
import { isFinal, mayOrder, statesForOrder } from '../core/lifecycle.ts';
import { nextCommands } from '../core/next-command.ts';
import type { Gate, Order, ProjectStatus, WorkloadStatus } from '../model/status.ts';
import type { ArgumentDefinition, Given, OptionDefinition, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, failureJson, usage } from './failure.ts';
import { byOption, personOf } from './person.ts';

export const workloadsArgument: ArgumentDefinition = { name: 'workload', summary: 'names of workloads, as in plan.yaml', kind: 'many' };
export const selectionOptions: readonly OptionDefinition[] = [
  { flags: '--wave <number>', summary: 'every workload of this wave that is in the right state' },
  { flags: '--all', summary: 'every workload that is in the right state' },
  byOption,
];

export interface OrderTold {
  readonly order: Order;
  readonly frozenByHand?: boolean;
}

/** The gate that an order may find still waiting for its approval. */
const gateOf: Readonly<Record<Order, Gate>> = { rehearse: 'rehearsal', cutover: 'cutover', rollback: 'discard', finalize: 'finalize', discard: 'discard' };

export interface Selection {
  readonly chosen: readonly WorkloadStatus[];
  readonly skipped: readonly WorkloadStatus[];
}

/** Gives one order to the workloads that the person chose, and tells of each what became of it. */
export async function giveOrder(context: CommandContext, given: Given, told: OrderTold): Promise<Outcome> {
  const by = personOf(context, given);
  const status = await (await context.client()).status();
  return tell(context, by, told, select(status, given, told.order));
}

export async function tell(context: CommandContext, by: string, { order, frozenByHand }: OrderTold, selection: Selection): Promise<Outcome> {
  const { words } = context;
  const client = await context.client();
  const taken: WorkloadStatus[] = [];
  const refused: Failure[] = [];
  const gated = selection.chosen.filter(({ gate }) => gate?.gate === order);
  for (const { workload } of selection.chosen.filter((status) => !gated.includes(status))) {
    try {
      taken.push(await client.order({ workload, order, by, ...(frozenByHand ? { frozenByHand } : {}) }));
    } catch (error) {
      if (!(error instanceof Failure) || error.facts.code !== 'REFUSED') throw error;
      refused.push(error);
    }
  }
  const lines = [
    ...taken.map(({ workload }) => words.ordered(words.nouns.order[order], workload)),
    ...gated.flatMap((status) => [
      `${status.workload}: ${words.nouns.approvalOf(words.nouns.gate[gateOf[order]])}`,
      ...nextCommands(status).map((command) => `  ${command}`),
    ]),
    ...refused.map(({ facts }) => `${facts.answer}`),
    ...selection.skipped.map(({ workload, state }) => words.skipped(workload, words.nouns.state[state])),
    ...(selection.chosen.length === 0 ? [words.nothingToOrder] : []),
  ];
  return {
    exit: refused.length > 0 ? 1 : gated.length > 0 ? 3 : selection.chosen.length === 0 ? 1 : 0,
    text: lines.join('\n'),
    json: {
      order,
      taken,
      waitingForApproval: gated.map(({ workload, gate }) => ({ workload, gate })),
      refused: refused.map(({ facts }) => failureJson(facts)),
      skipped: selection.skipped.map(({ workload, state }) => ({ workload, state })),
    },
  };
}

/** The workloads of an order: by name, whatever their state (the project refuses a wrong one), by wave, or all. With a wave or all, those in another state are passed over and told. */
export function select(status: ProjectStatus, given: Given, order: Order): Selection {
  const wave = given.whole('wave');
  const isNamed = given.arguments.length > 0;
  if (Number(isNamed) + Number(wave !== undefined) + Number(given.flag('all')) !== 1)
    throw usage('name workloads, or give --wave, or give --all: exactly one of the three');
  if (isNamed) return { chosen: given.arguments.map((name) => workloadOf(status, name)), skipped: [] };
  const candidates = status.workloads.filter((each) => (wave === undefined ? true : each.wave === wave));
  if (candidates.length === 0) throw usage(`the plan that runs has no wave ${wave ?? ''}`);
  const mayBeTold = (each: WorkloadStatus): boolean => mayOrder(order, each.state);
  return { chosen: candidates.filter(mayBeTold), skipped: candidates.filter((each) => !mayBeTold(each) && !isFinal(each.state)) };
}

/** The workload of that name; a typo is told with the name that was probably meant. */
export function workloadOf({ project, workloads }: ProjectStatus, name: string): WorkloadStatus {
  const found = workloads.find(({ workload }) => workload === name);
  if (found) return found;
  const names = workloads.map(({ workload }) => workload);
  const guess = nearest(name, names);
  throw usage(`project ${project} has no workload "${name}"`, [guess ? `did you mean "${guess}"?` : 'ecluse status']);
}

export const orderDetails = (order: Order): string => `Possible when the workload is: ${statesForOrder(order).join(', ')}.`;
