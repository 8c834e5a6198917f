import { afterAll, expect, jest } from '@jest/globals';
import { taskQueue } from '../../src/core/ids.ts';
import { sealWait } from '../../src/core/next-command.ts';
import type { ApprovalFile, SignedApproval } from '../../src/model/approval.ts';
import type { ApprovalRequest } from '../../src/model/errand.ts';
import type { LedgerRecord } from '../../src/model/ledger-record.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { WorkloadStatus } from '../../src/model/status.ts';
import * as messages from '../../src/workflows/messages.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeTemporal } from '../support/temporal.ts';
import { approvalOf, lead, type MemoryWitness, memoryWitness, owner, type Person, person, signedBy } from '../unit/ledger/ledger-role.ts';
import { disconnect, type Stage, withStage } from './stage.ts';
import { expectArrived } from './suites.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

const always = { valid_after: '2020-01-01T00:00:00Z', valid_before: '2099-01-01T00:00:00Z' };
const [olga, leo] = [person('olga', owner, always), person('leo', lead, always)];
const hourMs = 3_600_000;

/** A passage whose cutover takes two seats and, with `witnessed`, a witness that tests send away. */
function signedPassage(isWitnessed: boolean, play: (stage: Stage, witness: MemoryWitness) => Promise<void>): () => Promise<void> {
  return () => {
    let vkeys: readonly string[] = [];
    const witness = memoryWitness('w.example/1', 'hospital', { now: Date.now, step: () => undefined }, () => vkeys);
    const change = (policy: Policy): Policy => ({
      ...policy,
      controller: 'hospital',
      operator: 'integrator',
      witnesses: [{ vkey: witness.sample.vkey, org: 'hospital' }],
      witness_quorum: 1,
      approvers: [olga.approver, leo.approver],
      gates: { ...policy.gates, cutover: { seats: [owner, lead], witnessed: isWitnessed, timestamp: 'none' } },
    });
    return withStage({ room: { change, witnesses: [witness] } }, async (stage) => {
      vkeys = stage.room.keys.generations.map(({ vkey }) => vkey.text);
      await play(stage, witness);
    });
  };
}

let asked = 0;
/** What `ecluse approve cutover w0 --request` fetches. */
async function request({ client, project }: Stage): Promise<ApprovalRequest> {
  return client.workflow.execute('approvalRequest', {
    workflowId: `project/${project}/approvalRequest-${asked++}`,
    taskQueue: taskQueue(project, 'control'),
    args: [{ project, gate: 'cutover', subject: 'w0' }],
  }) as Promise<ApprovalRequest>;
}

function sign(who: Person, shown: ApprovalRequest, edit: Partial<ApprovalFile> = {}): SignedApproval {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  return signedBy(who.key, approvalOf(who, shown, { project: shown.project, not_before: at(-hourMs), expires: at(hourMs), ...edit }));
}

const handIn = ({ handle }: Stage, { scope }: ApprovalRequest, signed?: SignedApproval): Promise<messages.Approved> =>
  handle.executeUpdate(messages.approve, { args: [{ workload: 'w0', gate: 'cutover', scope, by: 'p-1', ...(signed ? { signed } : {}) }] });

const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'taken',
    (error: unknown) => {
      const sentences: string[] = [];
      for (let cause = error; cause instanceof Error; cause = cause.cause) sentences.push(`${(cause as { type?: string }).type ?? ''} ${cause.message}`);
      return sentences.join('; ');
    },
  );

const own = (stage: Stage): Promise<WorkloadStatus> => stage.bucketHandle().query<WorkloadStatus>(messages.workloadStatus.name);

async function untilOwn(stage: Stage, wanted: (status: WorkloadStatus) => boolean): Promise<WorkloadStatus> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const now = await own(stage);
    if (wanted(now)) return now;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(now)}`);
    await new Promise((turn) => setTimeout(turn, 100));
  }
}

async function records({ ledger }: Stage): Promise<LedgerRecord[]> {
  return (await ledger.read(0, 10_000)).map((line) => JSON.parse(line) as LedgerRecord);
}

/** Both sign, with what the gate shows now. */
async function approveBoth(stage: Stage): Promise<readonly SignedApproval[]> {
  await stage.until(({ gate }) => gate?.gate === 'cutover');
  const shown = await request(stage);
  const signed = [sign(olga, shown), sign(leo, shown)];
  for (const each of signed) await handIn(stage, shown, each);
  return signed;
}

describeTemporal('a workload whose cutover takes two signatures', () => {
  itSideBySide(6, {
    'waits after the first, refuses a wrong one, and opens with the second': signedPassage(true, async (stage) => {
      await stage.until(({ gate }) => gate?.gate === 'cutover');
      const shown = await request(stage);
      expect(shown).toMatchObject({ project: stage.project, gate: 'cutover', subject: 'w0', missing: [owner, lead] });
      const first = await handIn(stage, shown, sign(olga, shown));
      expect(first).toMatchObject({ missing: [lead], gate: { gate: 'cutover', scope: shown.scope } });

      const before = await stage.ledger.head();
      const wrong: readonly (readonly [SignedApproval | undefined, string])[] = [
        [undefined, 'signed approval'],
        [sign(leo, shown, { expires: new Date(Date.now() - 1000).toISOString() }), 'expired'],
        [sign(leo, shown, { project: 'another' }), 'another project'],
        [sign(olga, shown), 'missing is lead of integrator'],
        [{ ...sign(leo, shown), signature: sign(olga, shown).signature }, ''],
      ];
      for (const [signed, reason] of wrong) {
        const said = await refusal(handIn(stage, shown, signed));
        expect(said).toContain('APPROVAL_REFUSED');
        expect(said).toContain(reason);
      }
      expect(await stage.ledger.head()).toEqual(before);
      expect(await stage.status()).toMatchObject({ state: 'ready for cutover', condition: 'waiting', gate: { gate: 'cutover' } });

      expect((await handIn(stage, shown, sign(leo, shown))).missing).toEqual([]);
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      await stage.order('cutover');
      await stage.untilState('cut over');
      await expectArrived(stage);
      const all = await records(stage);
      const opened = all.find(({ event, approval }) => event === 'gate.opened' && approval?.gate === 'cutover');
      const approvals = all.filter(({ event }) => event === 'cutover.approved');
      expect(approvals.map(({ actor }) => [actor.id, actor.auth])).toEqual([
        ['olga', 'sshsig'],
        ['leo', 'sshsig'],
      ]);
      for (const { seq } of approvals) expect(seq).toBeLessThan(opened?.counts?.size ?? 0);
      expect(opened?.evidence?.map(({ name }) => name)).toEqual(['checkpoint', 'cosigned']);
      const frozen = all.find(({ event, act }) => event === 'step.started' && act?.name === 'freeze-source');
      expect(frozen?.seq).toBeGreaterThan(opened?.seq ?? Number.POSITIVE_INFINITY);
    }),

    'waits for a witness that is away, and goes on by itself when it is back': signedPassage(true, async (stage, witness) => {
      witness.isAway = true;
      await approveBoth(stage);
      await untilOwn(stage, ({ waitingFor }) => waitingFor === sealWait);
      const { asked: before } = witness;
      await untilOwn(stage, () => witness.asked > before + 1);
      expect(await own(stage)).toMatchObject({ condition: 'waiting', waitingFor: sealWait, state: 'ready for cutover' });
      expect(await stage.events()).not.toContain('gate.opened');
      expect((await stage.events()).filter((event) => event === 'log.alarm')).toHaveLength(1);
      witness.isAway = false;
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      expect((await stage.events()).filter((event) => event === 'gate.opened')).toHaveLength(1);
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
    }),

    'goes back when it is ordered to while the seal is awaited': signedPassage(true, async (stage, witness) => {
      witness.isAway = true;
      await approveBoth(stage);
      await untilOwn(stage, ({ waitingFor }) => waitingFor === sealWait);
      await stage.order('rollback');
      await stage.untilState('rolled back', 'waiting');
      witness.isAway = false;
      expect(await stage.events()).not.toContain('gate.opened');
      expect(stage.source.frozenBy).toEqual([]);
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
    }),

    'needs new signatures after it went back': signedPassage(false, async (stage) => {
      const former = await approveBoth(stage);
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      await stage.order('rollback');
      await stage.untilState('rolled back', 'waiting');
      await stage.resume();
      await stage.until(({ state, gate }) => state === 'ready for cutover' && gate?.gate === 'cutover');
      const shown = await request(stage);
      expect(shown.missing).toEqual([owner, lead]);
      for (const signed of former) expect(await refusal(handIn(stage, shown, signed))).toContain('APPROVAL_REFUSED');
      expect(await stage.status()).toMatchObject({ state: 'ready for cutover', gate: { gate: 'cutover' } });
      expect((await stage.events()).filter((event) => event === 'gate.opened')).toHaveLength(1);
      await approveBoth(stage);
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      expect((await stage.events()).filter((event) => event === 'gate.opened')).toHaveLength(2);
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
    }),
  });
});
