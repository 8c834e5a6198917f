import { canonicalJson } from '../core/canonical-json.ts';
import { eventId } from '../core/ids.ts';
import type { Digest } from '../model/digest.ts';
import type { RunRef } from '../model/manifest.ts';
import type { Gate } from '../model/status.ts';
import { attempt } from './boundary.ts';
import { type BucketTask, type RecordDeps, record } from './recording.ts';

interface GateTask extends BucketTask {
  readonly gate: Gate;
}

export type GateActivities = ReturnType<typeof createGateActivities>;

/** Gates: what exactly would happen, as a file whose digest an approval names. */
export const createGateActivities = (deps: RecordDeps) => ({
  /** Puts the scope of a gate into the depot. It holds what the gate covers and nothing that may change without a new approval. */
  openGate: (task: GateTask & { losses: readonly string[]; catalogue: readonly RunRef[] }): Promise<{ scope: Digest }> =>
    attempt(async () => ({ scope: await deps.depot.put(Buffer.from(canonicalJson(scopeOf(task)))) })),

  closeGate: (task: GateTask & { scope: Digest; by: string; approved: boolean }): Promise<void> =>
    attempt(async () => {
      const approval = { approver: { id: task.by || 'unknown' }, scope_sha256: task.scope };
      const event = task.approved ? approvedEvent[task.gate] : 'gate.rejected';
      await record(deps, task, event, `gate/${task.gate}/${task.scope.slice(0, 16)}`, { approval }, task.by || 'unknown');
    }),

  /** A person decided how a failed undo goes on. */
  recordResolution: (task: BucketTask & { step: string; answer: 'again' | 'accept' }): Promise<void> =>
    attempt(() => record(deps, task, 'stuck.resolved', `${task.step}/${task.answer}`, { reasons: [task.answer] })),

  openProject: (task: { project: string; planDigest: Digest; workloads: number; by: string }): Promise<void> =>
    attempt(async () => {
      await deps.ledger.append([
        {
          event_id: eventId(task.project, 'log', 'log', 'opened'),
          event: 'log.opened',
          actor: { id: 'svc:control', type: 'service', auth: 'client-asserted' },
        },
        {
          event_id: eventId(task.project, 'plan', task.planDigest.slice(0, 16), 'received'),
          event: 'instruction.received',
          actor: { id: task.by, type: 'person', auth: 'client-asserted' },
          unit: { kind: 'plan', ref: task.planDigest, count: task.workloads },
          evidence: [
            { name: 'plan', media_type: 'application/json', sha256: task.planDigest, size_bytes: String((await deps.depot.get(task.planDigest)).length) },
          ],
        },
      ]);
    }),
});

const approvedEvent = {
  loss: 'loss.accepted',
  cutover: 'cutover.approved',
  finalize: 'acceptance.signed',
  discard: 'deletion.approved',
} as const satisfies Record<Gate, string>;

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
