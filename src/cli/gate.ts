import { findingSentence } from '../core/finding-words.ts';
import { localTime } from '../core/local-time.ts';
import type { Gate, WorkloadStatus } from '../model/status.ts';
import type { ArgumentDefinition, Given } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, usage } from './failure.ts';
import { workloadOf } from './orders.ts';
import { textTable } from './text-table.ts';

export const gates = ['loss', 'rehearsal', 'cutover', 'finalize', 'discard'] as const satisfies readonly Gate[];
export const gateArguments: readonly ArgumentDefinition[] = [
  { name: 'gate', summary: 'which gate', kind: 'required', choices: gates },
  { name: 'workload', summary: 'name of a workload', kind: 'required' },
];

/** The file in the depot whose digest an approval names: exactly what would happen, nothing that may change without a new approval. */
export interface GateScope {
  readonly source: { readonly at: string; readonly bucket?: string; readonly instance?: string };
  readonly target: { readonly at: string; readonly bucket?: string; readonly subregion?: string; readonly type?: string; readonly bootMode?: string };
  readonly losses?: readonly string[];
  /** Of a bucket. */
  readonly into?: string;
  readonly versions?: string;
  readonly freeze?: string;
  /** Of a rehearsal: what stands there, and how long. */
  readonly machine?: string;
  readonly console?: string;
  readonly until?: string;
}

/** The workload and the digest to approve: the open gate's, or the one that the person gives (refused when it is not the open one). */
export async function openGateOf(context: CommandContext, given: Given): Promise<{ gate: Gate; status: WorkloadStatus; scope: string }> {
  const gate = gates.find((each) => each === given.argument(0));
  if (!gate) throw usage(`there is no gate "${given.argument(0)}": ${gates.join(', ')}`);
  const status = workloadOf(await (await context.client()).status(), given.argument(1));
  const scope = given.text('scope') ?? (status.gate?.gate === gate ? status.gate.scope : undefined);
  if (scope !== undefined && /^[0-9a-f]{64}$/.test(scope)) return { gate, status, scope };
  if (scope !== undefined) throw usage('--scope takes the 64 hex digits of a digest');
  throw new Failure({
    code: 'REFUSED',
    doing: `approve gate ${gate} of ${status.workload}`,
    answer: status.gate ? `the open gate of ${status.workload} is ${status.gate.gate}` : `no gate of ${status.workload} is open`,
    next: status.gate ? [`ecluse approve ${status.gate.gate} ${status.workload}`] : [`ecluse why ${status.workload}`],
  });
}

/** Read by its digest, so what is shown is what the approval covers. */
export async function readScope(context: CommandContext, scope: string): Promise<GateScope> {
  return JSON.parse((await (await context.depot()).get(scope)).toString('utf8')) as GateScope;
}

export function scopeText(
  { words, config }: CommandContext,
  { source, target, into, versions, freeze, losses = [], machine, until }: GateScope,
  status: WorkloadStatus,
): string {
  const labels = words.scopeLabels;
  const loss = (code: string): string => {
    const count = status.losses.find((each) => each.code === code)?.count;
    return `${code}${count === undefined ? '' : ` (${count})`}: ${findingSentence(code, words.language) || code}`;
  };
  // A rehearsal's scope holds no losses: they were accepted before it.
  const named =
    machine !== undefined ? [] : losses.length > 0 ? losses.map((code, i) => [i === 0 ? labels.losses : '', loss(code)]) : [[labels.losses, labels.none]];
  return textTable([
    [labels.source, `${source.at}/${source.bucket ?? source.instance}`],
    [labels.target, [`${target.at}/${target.bucket ?? target.subregion}`, target.type, target.bootMode].filter(Boolean).join(', ')],
    ...[
      [labels.into, into],
      [labels.versions, versions],
      [labels.freeze, freeze],
      [labels.machine, machine],
      [labels.until, until && localTime(until, config().timezone)],
    ].flatMap(([label = '', value]) => (value ? [[label, value]] : [])),
    ...named,
  ]);
}
