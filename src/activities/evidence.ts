import { approvedEvent } from '../core/gate-events.ts';
import { eventId } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import { admitted, instructedBy, type Standing, standingOf, waitingGate } from '../ledger/admission.ts';
import { appendDecided } from '../ledger/decided.ts';
import { openWorkloads } from '../ledger/ends.ts';
import { ledgerActor } from '../ledger/ledger-actor.ts';
import type { LogView } from '../ledger/log-view.ts';
import { openLog } from '../ledger/opening.ts';
import { type OutsiderDeps, type Sealed, seal } from '../ledger/outsiders.ts';
import { cosignedNote, type PublishedCheckpoint } from '../ledger/published.ts';
import { ledgerLines } from '../ledger/verify.ts';
import type { SignedApproval } from '../model/approval.ts';
import type { Digest } from '../model/digest.ts';
import type { ApprovalRequest, ApprovalRequestErrand, CloseErrand, CloseResult, ExportErrand, ExportResult, GapErrand } from '../model/errand.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { PolicyGate } from '../model/policy.ts';
import { attempt } from './boundary.ts';
import { type GateTask, gateEventId } from './gates.ts';
import { evidenceOf, refs } from './recording.ts';

export interface Instruction {
  readonly project: string;
  readonly planDigest: Digest;
  readonly workloads: number;
  readonly by: string;
}
export interface Admission extends Standing {
  readonly by: string;
  readonly scope: Digest;
  readonly isSigned: boolean;
}

export type EvidenceActivities = ReturnType<typeof createEvidenceActivities>;

/** Made when first asked for: the keys and the policy are read then, and LEDGER_KEYS or CONFIG_INVALID says what they lack. */
export type OpenEvidence = () => OutsiderDeps;

/** What only the `ledger` role does: it holds the signing keys and asks outsiders, and it alone lets a gate open. */
export const createEvidenceActivities = (open: OpenEvidence) => ({
  /** The log begins, under this policy and these keys; then the instruction is on record. Opened already is success. */
  openProject: (task: Instruction): Promise<void> =>
    attempt(async () => {
      const deps = open();
      await openLog(deps);
      await instruct(deps, task);
    }),

  /** A plan that takes the place of the one before: from its record on every other names it. */
  receiveInstruction: (task: Instruction): Promise<void> => attempt(() => instruct(open(), task)),

  /**
   * An approval of a gate that waits, signed or, where the policy has no seat for the gate, as the command's word (`by`).
   * APPROVAL_REFUSED says why it does not count; nothing is changed then.
   */
  admitApproval: ({ gate, workload, scope, by, signed }: Admitted): Promise<Admission> =>
    attempt(() => admit(open(), { gate, subject: workload, scope, by, signed })),

  approveGap: ({ seq, ...signed }: GapErrand): Promise<Admission> => attempt(() => admit(open(), { gate: 'gap', subject: `record ${seq}`, by: '', signed })),

  /** What an approver is shown: the scope, a checkpoint that holds it, and whose approval is missing. */
  requestApproval: ({ gate, subject }: ApprovalRequestErrand): Promise<ApprovalRequest> =>
    attempt(async () => {
      const deps = open();
      const waiting = waitingGate(await deps.signer.view(), gate, subject);
      // Published after the gate was reached, so that the approval is tied to a log that holds it.
      const { size, root } = await deps.signer.cover();
      const { policy } = deps;
      const view = await deps.signer.view();
      const { missing } = standingOf(policy, view, waitingGate(view, gate, subject));
      const approvers = policy.approvers.map(({ id, org, roles }) => ({ id, org, roles }));
      const { controller, deputies } = policy;
      return {
        project: policy.project,
        class: policy.class,
        gate,
        subject,
        scope: waiting.scope,
        checkpoint: { size, root },
        missing,
        approvers,
        deputies,
        controller,
        instructedBy: instructedBy(view),
      };
    }),

  /** Checkpoint, cosignatures and timestamp as the policy asks, over all approvals; then the log says that the gate is open. Until then it waits. */
  sealGate: (task: GateTask & { scope: Digest; n: number; by: string; isSigned: boolean }): Promise<void> =>
    attempt(async ({ signal }) => {
      const deps = open();
      const { gate, scope, n, place, entry } = task;
      const event_id = gateEventId(task, n, 'opened');
      if ((await deps.signer.view()).decisions.some((record) => record.event_id === event_id)) return;
      const view = await deps.signer.view();
      if (waitingGate(view, gate, place.workload).scope !== scope) throw stillMissing(gate, []);
      // A signed approval is on record since it was admitted; a word of the command is put there now.
      if (!task.isSigned) await deps.ledger.append([assertedApproval(task)]);
      refuseIncomplete(deps, await deps.signer.view(), task);
      const { checkpoint, cosignatures, tokens } = await seal(deps, 'cover', deps.policy.gates[gate], signal);
      const draft: LedgerDraft = {
        event_id,
        event: 'gate.opened',
        actor: ledgerActor,
        refs: refs(),
        unit: { kind: entry.kind, ref: entry.name },
        approval: { approver: { id: ledgerActor.id }, gate, scope_sha256: scope },
        counts: { size: checkpoint.size, cosignatures: cosignatures.length },
        evidence: await sealEvidence(deps, checkpoint, cosignatures, tokens),
      };
      // A witness may have been away for hours: the approvals must still fill the seats.
      await appendDecided(deps, (now) => {
        refuseIncomplete(deps, now, task);
        return draft;
      });
    }),

  /** The log ends. Refused while a workload has no end; then nothing is changed. */
  closeLog: (_: CloseErrand): Promise<CloseResult> =>
    attempt(async ({ signal }) => {
      const deps = open();
      const { policy, signer } = deps;
      await refuseUnended(deps);
      await signer.close(async ({ leaves }) => {
        const records = leaves.length;
        // Once more under the head that the last record must follow: one may have begun meanwhile.
        await refuseUnended(deps);
        return { event_id: eventId(policy.project, 'log', 'log', 'closed'), event: 'log.closed', actor: ledgerActor, counts: { records } };
      });
      const timestamp = policy.timestamps.length > 0 ? 'any' : 'none';
      const { checkpoint } = await seal(deps, 'publish', { witnessed: policy.witness_quorum > 0, timestamp }, signal);
      return { size: checkpoint.size, root: checkpoint.root };
    }),

  /** Puts the log into the depot, whole and under a checkpoint that outsiders cosigned, so that the command can write the bundle from there. */
  exportEvidence: ({ by }: ExportErrand): Promise<ExportResult> =>
    attempt(async ({ signal, heartbeat }) => {
      const deps = open();
      const { policy, ledger, depot } = deps;
      const view = await deps.signer.view();
      if (view.decisions.at(-1)?.event !== 'log.closed')
        await ledger.append([
          {
            event_id: eventId(policy.project, 'log', 'bundle', 'exported', view.leaves.length),
            event: 'evidence.exported',
            actor: { id: by, type: 'person', auth: 'client-asserted' },
            unit: { kind: 'log', ref: policy.log },
          },
        ]);
      const { checkpoint } = await seal(deps, 'publish', { witnessed: policy.witness_quorum > 0, timestamp: 'none' }, signal);
      const chunks: Digest[] = [];
      for (let seq = 0; seq < checkpoint.size; ) {
        const lines = await ledger.read(seq, Math.min(5000, checkpoint.size - seq));
        chunks.push(await depot.put(Buffer.from(lines.map((line) => `${line}\n`).join(''))));
        seq += lines.length;
        heartbeat({ seq });
      }
      const records = await depot.put(Buffer.from(JSON.stringify({ v: 1, size: checkpoint.size, chunks })));
      const policyFile = await depot.put(deps.policyBytes);
      return { size: checkpoint.size, root: checkpoint.root, records, policy: policyFile };
    }),
});

interface Admitted {
  readonly project: string;
  readonly gate: PolicyGate;
  readonly workload: string;
  readonly scope?: Digest;
  readonly by: string;
  readonly signed?: SignedApproval;
}

async function admit(
  deps: OutsiderDeps,
  { gate, subject, scope, by, signed }: { gate: PolicyGate; subject: string; scope?: Digest | undefined; by: string; signed?: SignedApproval | undefined },
): Promise<Admission> {
  const { policy, depot } = deps;
  const waiting = waitingGate(await deps.signer.view(), gate, subject);
  if (signed) {
    let admittedBy = '';
    await appendDecided(deps, async (view) => {
      const draft = await admitted({ policy, depot, view, nowMs: deps.now() }, waitingGate(view, gate, subject), signed);
      admittedBy = draft.actor.id;
      return draft;
    });
    const after = await deps.signer.view();
    const now = waitingGate(after, gate, subject);
    return { ...standingOf(policy, after, now), by: admittedBy, scope: now.scope, isSigned: true };
  }
  if (policy.gates[gate].seats.length > 0)
    throw new MigrationError('APPROVAL_REFUSED', {
      operation: `approve ${gate}`,
      detail: 'the policy asks for a signed approval: "ecluse approve GATE W --request DIR" makes what is to be signed',
    });
  if (scope !== waiting.scope) throw new MigrationError('APPROVAL_REFUSED', { operation: `approve ${gate}`, detail: 'the gate shows another scope now' });
  return { complete: true, missing: [], by, scope: waiting.scope, isSigned: false };
}

/** The gate shows this scope, and its approvals fill all seats. */
function refuseIncomplete({ policy }: OutsiderDeps, view: LogView, { gate, place, scope }: GateTask & { scope: Digest }): void {
  const waiting = waitingGate(view, gate, place.workload);
  const { complete, missing } = standingOf(policy, view, waiting);
  if (waiting.scope !== scope || !complete || waiting.approvals.length === 0) throw stillMissing(gate, missing);
}

const stillMissing = (gate: PolicyGate, missing: Standing['missing']): MigrationError =>
  new MigrationError('APPROVAL_REFUSED', {
    operation: `open gate ${gate}`,
    detail: `still missing: ${missing.map(({ role, org }) => `${role}${org ? ` of ${org}` : ''}`).join(', ') || 'an approval of this scope'}`,
  });

async function refuseUnended({ ledger }: OutsiderDeps): Promise<void> {
  const unended = await openWorkloads(ledgerLines(ledger));
  if (unended.length > 0)
    throw new MigrationError('CONFIG_INVALID', { operation: 'close the log', detail: `not finalized and not discarded: ${unended.join(', ')}` });
}

/** The plan in force from here on; in force already is success. A plan that comes back after another is a new instruction, so they are counted. */
async function instruct(deps: OutsiderDeps, { project, planDigest, workloads, by }: Instruction): Promise<void> {
  const plan = await evidenceOf(deps.depot, 'plan', planDigest);
  await appendDecided(deps, ({ decisions }) => {
    const before = decisions.filter(({ event }) => event === 'instruction.received');
    if (before.at(-1)?.unit?.ref === planDigest) return undefined;
    return {
      event_id: eventId(project, 'plan', planDigest.slice(0, 16), 'received', before.length),
      event: 'instruction.received',
      actor: { id: by, type: 'person', auth: 'client-asserted' },
      unit: { kind: 'plan', ref: planDigest, count: workloads },
      evidence: [plan],
    };
  });
}

/** Where the policy has no seat for the gate, the command's word is what opens it, and the log says that it is no more. */
function assertedApproval({ place, gate, scope, n, by, entry }: GateTask & { scope: Digest; n: number; by: string }): LedgerDraft {
  return {
    event_id: eventId(place.project, place.workload, `gate-${gate}`, 'approved', n),
    event: approvedEvent[gate],
    actor: { id: by || 'unknown', type: 'person', auth: 'client-asserted' },
    refs: refs(),
    unit: { kind: entry.kind, ref: entry.name },
    approval: { approver: { id: by || 'unknown' }, gate, scope_sha256: scope },
  };
}

/** The files that show why the gate opened. */
async function sealEvidence({ depot }: OutsiderDeps, checkpoint: PublishedCheckpoint, cosignatures: Sealed['cosignatures'], tokens: Sealed['tokens']) {
  const kept = async (name: string, mediaType: string, bytes: Buffer) => evidenceOf(depot, name, await depot.put(bytes), { mediaType });
  const cosigned = cosignedNote(checkpoint, cosignatures);
  return Promise.all([
    kept('checkpoint', 'text/plain', Buffer.from(checkpoint.note)),
    ...(cosigned ? [kept('cosigned', 'text/plain', Buffer.from(cosigned))] : []),
    ...tokens.map(({ response }) => kept('token', 'application/timestamp-reply', Buffer.from(response, 'base64'))),
  ]);
}
