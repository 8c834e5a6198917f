import { canonicalJson } from '../core/canonical-json.ts';
import { approvedEvent } from '../core/gate-events.ts';
import { eventId } from '../core/ids.ts';
import type { Digest } from '../model/digest.ts';
import type { RunRef } from '../model/manifest.ts';
import type { Gate } from '../model/status.ts';
import { attempt } from './boundary.ts';
import { type BucketTask, evidenceOf, type RecordDeps, record, refs } from './recording.ts';

export interface GateTask extends BucketTask {
  readonly gate: Gate;
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
          unit: { kind: 'bucket', ref: entry.name },
          approval: { approver: { id: `svc:${deps.role}` }, gate, scope_sha256: scope },
          evidence: [await evidenceOf(deps.depot, 'scope', scope)],
        },
      ]);
      return { scope, n };
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
  recordResolution: (task: BucketTask & { step: string; answer: 'again' | 'accept' }): Promise<void> =>
    attempt(() => record(deps, task, 'stuck.resolved', `${task.step}/${task.answer}`, { reasons: [task.answer] })),
});

/** The same showing of a gate is the same event, however often it is shown. */
export const gateEventId = ({ place, gate }: Pick<GateTask, 'place' | 'gate'>, n: number, phase: 'reached' | 'opened'): string =>
  eventId(place.project, place.workload, `gate-${gate}`, phase, n);

/** Finalize and discard also bind what was verified: another catalogue is another scope. */
function scopeOf({ place, entry, gate, losses, catalogue }: Parameters<ReturnType<typeof createGateActivities>['openGate']>[0]) {
  const { source, target, into, versions, freeze } = entry;
  const bindsCatalogue = gate === 'finalize' || gate === 'discard';
  return {
    v: 1,
    project: place.project,
    workload: place.workload,
    gate,
    source,
    target,
    into,
    versions,
    freeze,
    losses: [...losses].sort(),
    ...(bindsCatalogue ? { catalogue: catalogue.map(({ digest }) => digest) } : {}),
  };
}
