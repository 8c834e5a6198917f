import { canonicalJson } from '../core/canonical-json.ts';
import { approvedEvent } from '../core/gate-events.ts';
import { eventId } from '../core/ids.ts';
import type { Digest } from '../model/digest.ts';
import type { RunRef } from '../model/manifest.ts';
import type { Gate } from '../model/status.ts';
import { attempt } from './boundary.ts';
import { evidenceOf, type RecordDeps, record, refs, type WorkloadTask } from './recording.ts';

/** The gates that the policy knows; `rehearsal` is a word on record. */
export type PolicyGate = Exclude<Gate, 'rehearsal'>;

export interface GateTask extends WorkloadTask {
  readonly gate: PolicyGate;
}

/** Which showing of a gate: counted up when its scope changes, and after a rollback, so that an approval never outlives what it was given for. */
export interface Shown {
  readonly scope?: Digest;
  readonly n: number;
}

export type GateActivities = ReturnType<typeof createGateActivities>;

/** Gates: what exactly would happen, as a file whose digest an approval names. */
export const createGateActivities = (deps: RecordDeps) => ({
  /** Puts the scope of a gate into the depot and on record. It holds what the gate covers and nothing that may change without a new approval. */
  openGate: (task: GateTask & { losses: readonly string[]; catalogue: readonly RunRef[]; shown: Shown }): Promise<Required<Shown>> =>
    attempt(async () => {
      const scope = await deps.depot.put(Buffer.from(canonicalJson(scopeOf(task))));
      const { entry, gate, shown } = task;
      const n = shown.scope === scope ? shown.n : shown.n + 1;
      await deps.ledger.append([
        {
          event_id: gateEventId(task, n, 'reached'),
          event: 'gate.reached',
          actor: { id: `svc:${deps.role}`, type: 'service', auth: 'client-asserted' },
          refs: refs(),
          unit: { kind: entry.kind, ref: entry.name },
          approval: { approver: { id: `svc:${deps.role}` }, gate, scope_sha256: scope },
          evidence: [await evidenceOf(deps.depot, 'scope', scope)],
        },
      ]);
      return { scope, n };
    }),

  /** What the owner of a test machine is asked to accept: a word on record, no gate of the policy. */
  openRehearsal: (task: WorkloadTask & { machine: string; console: string; until: string }): Promise<{ scope: Digest }> =>
    attempt(async () => {
      const { place, entry, machine, console, until } = task;
      const scope = { v: 1, project: place.project, workload: place.workload, gate: 'rehearsal', ...gated(entry), machine, console, until };
      return { scope: await deps.depot.put(Buffer.from(canonicalJson(scope))) };
    }),

  acceptRehearsal: (task: WorkloadTask & { scope: Digest; by: string }): Promise<void> =>
    attempt(async () => {
      const approval = { approver: { id: task.by }, gate: 'rehearsal', scope_sha256: task.scope };
      const evidence = [await evidenceOf(deps.depot, 'scope', task.scope)];
      await record(deps, task, 'rehearsal.accepted', `rehearsal/${task.scope.slice(0, 16)}`, { approval, evidence }, { by: task.by });
    }),

  /** Their word that it does not work is on record like any other rejection; the machine is removed, and another rehearsal may follow. */
  rejectRehearsal: (task: WorkloadTask & { scope: Digest; by: string }): Promise<void> =>
    attempt(async () => {
      const approval = { approver: { id: task.by }, gate: 'rehearsal', scope_sha256: task.scope };
      const evidence = [await evidenceOf(deps.depot, 'scope', task.scope)];
      await record(deps, task, 'gate.rejected', `rehearsal/${task.scope.slice(0, 16)}`, { approval, evidence }, { by: task.by });
    }),

  /** A word that the command asserts; a signed approval is on record before the project hears of it. */
  closeGate: (task: GateTask & { scope: Digest; by: string; approved: boolean }): Promise<void> =>
    attempt(async () => {
      const { gate, scope, by } = task;
      const approval = { approver: { id: by || 'unknown' }, gate, scope_sha256: scope };
      const event = task.approved ? approvedEvent[gate] : 'gate.rejected';
      await record(deps, task, event, `gate/${gate}/${scope.slice(0, 16)}`, { approval }, { by: by || 'unknown' });
    }),

  /** A person decided how a failed undo goes on. */
  recordResolution: (task: WorkloadTask & { step: string; answer: 'again' | 'accept' }): Promise<void> =>
    attempt(() => record(deps, task, 'stuck.resolved', `${task.step}/${task.answer}`, { reasons: [task.answer] })),
});

/** The same showing of a gate is the same event, however often it is shown. */
export const gateEventId = ({ place, gate }: Pick<GateTask, 'place' | 'gate'>, n: number, phase: 'reached' | 'opened'): string =>
  eventId(place.project, place.workload, `gate-${gate}`, phase, n);

/** The fields of an entry that an approval covers; the others are operating fields. */
function gated(entry: WorkloadTask['entry']) {
  const { source, target } = entry;
  if (entry.kind === 'bucket') return { source, target, into: entry.into, versions: entry.versions, freeze: entry.freeze };
  const { driversDeclared, rehearsal, bootCheck } = entry;
  return { source, target, driversDeclared, rehearsalRequired: rehearsal.required, expect: bootCheck.expect };
}

/** Finalize and discard also bind what was verified: another catalogue is another scope. */
function scopeOf({ place, entry, gate, losses, catalogue }: Parameters<ReturnType<typeof createGateActivities>['openGate']>[0]) {
  const bindsCatalogue = gate === 'finalize' || gate === 'discard';
  return {
    v: 1,
    project: place.project,
    workload: place.workload,
    gate,
    ...gated(entry),
    losses: [...losses].sort(),
    ...(bindsCatalogue ? { catalogue: catalogue.map(({ digest }) => digest) } : {}),
  };
}
