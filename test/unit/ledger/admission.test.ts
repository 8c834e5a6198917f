import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ApprovalFile, SignedApproval } from '../../../src/model/approval.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { makePersonKey } from '../../support/evidence/test-keys.ts';
import { draftOf } from './drafts.ts';
import { approvalOf, lead, makeWorld, owner, type Person, person, project, signedBy, startMs, type Worker, type World } from './ledger-role.ts';

const at = (ms: number): string => new Date(startMs + ms).toISOString();
const people = {
  olga: person('olga', owner),
  leo: person('leo', lead),
  both: person('both', owner, { org: 'hospital', roles: ['owner'], person: 'p-7' }),
  other: person('other', lead, { person: 'p-7' }),
  dora: person('dora', { role: 'nurse', org: 'hospital' }),
  late: person('late', owner, { valid_before: '2026-11-30T00:00:00Z' }),
  touch: person('touch', owner, { presence: 'touch' }, makePersonKey('sk-ed25519')),
  pin: person('pin', owner, { presence: 'pin' }, makePersonKey('sk-ecdsa')),
  ecdsa: person('ecdsa', owner, {}, makePersonKey('ecdsa')),
  boss: person('p-boss', owner),
} satisfies Record<string, Person>;
type Name = keyof typeof people;
const stranger = person('stranger', owner);

const change = (policy: Policy): Policy => ({
  ...policy,
  approvers: Object.values(people).map(({ approver }) => approver),
  deputies: [{ id: 'dora', of: 'olga', from: '2026-12-01T07:00:00Z', until: '2026-12-01T09:00:00Z' }],
  gates: {
    ...policy.gates,
    cutover: { seats: [owner, lead], witnessed: false, timestamp: 'none' },
    finalize: { seats: [owner, lead], witnessed: false, timestamp: 'none' },
  },
});

interface Scene {
  readonly world: World;
  readonly worker: Worker;
  readonly shown: Awaited<ReturnType<Worker['run']>> & Parameters<typeof approvalOf>[1];
}

async function scene(gate: 'cutover' | 'finalize' = 'cutover', scope = {}): Promise<Scene> {
  const world = makeWorld({ change });
  const worker = world.room();
  await worker.open();
  await worker.signer.publish();
  await world.reach(gate, 'w0', 1, scope);
  return { world, worker, shown: (await worker.run('requestApproval', { project, gate, subject: 'w0' })) as never };
}

const hand = ({ worker }: Scene, signed: SignedApproval, gate: 'cutover' | 'finalize' = 'cutover') =>
  worker.run('admitApproval', { project, gate, workload: 'w0', by: 'somebody', signed });
const by = (who: Name, { shown }: Scene, edit: Partial<ApprovalFile> = {}): SignedApproval => signedBy(people[who].key, approvalOf(people[who], shown, edit));

/** Refused for this reason, and nothing of the world is another than before. */
async function expectRefused(stage: Scene, signed: SignedApproval, reason: RegExp, gate: 'cutover' | 'finalize' = 'cutover'): Promise<void> {
  const before = [(await stage.world.ledger.head()).size, stage.world.depot.files.size, stage.world.signedRoots.size];
  await expect(hand(stage, signed, gate)).rejects.toMatchObject({ type: 'APPROVAL_REFUSED', nonRetryable: true, message: expect.stringMatching(reason) });
  expect([(await stage.world.ledger.head()).size, stage.world.depot.files.size, stage.world.signedRoots.size]).toEqual(before);
}

describe('an approval', () => {
  it('takes its seat: the first leaves the other missing, the second completes', async () => {
    const stage = await scene();
    expect(await hand(stage, by('olga', stage))).toEqual({ complete: false, missing: [lead], by: 'olga', scope: stage.shown.scope, isSigned: true });
    const signed = by('leo', stage);
    expect(await hand(stage, signed)).toMatchObject({ complete: true, missing: [], by: 'leo' });
    const record = (await stage.world.records()).at(-1);
    expect(record).toMatchObject({
      event: 'cutover.approved',
      actor: { id: 'leo', type: 'person', auth: 'sshsig', ...lead },
      unit: { kind: 'bucket', ref: 'w0' },
      approval: { gate: 'cutover', scope_sha256: stage.shown.scope, file_sha256: createHash('sha256').update(signed.file).digest('hex') },
    });
    for (const [n, text] of [signed.file, signed.signature].entries())
      expect((await stage.world.depot.get(record?.evidence?.[n]?.sha256 ?? '')).toString()).toBe(text);
  });

  it.each<[string, Partial<ApprovalFile>, RegExp]>([
    ['another project', { project: 'other' }, /another project: other/],
    ['another gate', { gate: 'finalize' }, /another gate: finalize/],
    ['another workload', { subject: 'w1' }, /other data: w1/],
    ['an older scope', { scope_sha256: 'a'.repeat(64) }, /signed for an older or another state/],
    ['a root that is not of this log', { checkpoint: { size: 5, root: 'a'.repeat(64) } }, /another history/],
    ['a state to come', { checkpoint: { size: 900, root: 'a'.repeat(64) } }, /has not reached/],
    ['a time that is over', { expires: at(-1) }, /expired/],
    ['a time to come', { not_before: at(1) }, /not valid yet/],
    ['a role that is not held', { approver: { id: 'olga', ...lead } }, /olga does not hold the role lead of integrator/],
    ['an organisation that is not theirs', { approver: { id: 'olga', role: 'owner', org: 'integrator' } }, /does not hold/],
    ['an unknown approver', { approver: { id: 'nobody', ...owner } }, /no approver nobody/],
    ['a seat of somebody they are no deputy of', { approver: { id: 'olga', ...owner, on_behalf_of: 'leo' } }, /olga is not a deputy of leo/],
  ])('is refused for %s, and changes nothing', async (_, edit, reason) => {
    const stage = await scene();
    await expectRefused(stage, by('olga', stage, edit), reason);
  });

  it('is refused when it is older than the gate', async () => {
    const stage = await scene();
    const [first] = await stage.worker.published.checkpoints.all();
    await expectRefused(stage, by('olga', stage, { checkpoint: { size: first?.size ?? 0, root: first?.root ?? '' } }), /older than the gate/);
  });

  it('is refused when it names other verified runs than the scope', async () => {
    const catalogue = ['b'.repeat(64), 'c'.repeat(64)];
    const stage = await scene('finalize', { catalogue });
    await expectRefused(stage, by('olga', stage, { verified_roots: ['b'.repeat(64)] }), /verified runs/, 'finalize');
    await hand(stage, by('olga', stage, { verified_roots: catalogue }), 'finalize');
  });

  it.each<[string, (stage: Scene) => SignedApproval, RegExp]>([
    ['signed by the key of another', (stage) => signedBy(people.leo.key, approvalOf(people.olga, stage.shown)), /key/],
    ['signed by a key that nobody knows', (stage) => signedBy(stranger.key, approvalOf(people.olga, stage.shown)), /key/],
    ['signed in another namespace', (stage) => signedBy(people.olga.key, approvalOf(people.olga, stage.shown), { namespace: 'git' }), /namespace/],
    ['edited', (stage) => edited(by('olga', stage), (file) => file.replace('"objects":1', '"objects":2')), /signature|signed/],
    ['with CRLF', (stage) => edited(by('olga', stage), (file) => file.replace('\n', '\r\n')), /changed after it was made/],
    ['without its last LF', (stage) => edited(by('olga', stage), (file) => file.trimEnd()), /changed after it was made/],
    ['with a byte order mark', (stage) => edited(by('olga', stage), (file) => `\uFEFF${file}`), /not JSON|changed/],
    ['with a field twice', (stage) => edited(by('olga', stage), (file) => file.replace('{', '{"v":1,')), /changed after it was made/],
    ['with a field of its own', (stage) => edited(by('olga', stage), (file) => file.replace('{', '{"a":1,')), /not an approval/],
    ['no JSON', (stage) => edited(by('olga', stage), () => 'yes'), /not JSON/],
    ['without a signature', (stage) => ({ ...by('olga', stage), signature: '' }), /./],
    ['with a key that is not valid now', (stage) => by('late', stage), /key of late is not valid/],
    ['with a hardware key that nobody touched', (stage) => signedBy(people.touch.key, approvalOf(people.touch, stage.shown), { flags: 0 }), /a touch/],
    ['with a hardware key without its PIN', (stage) => signedBy(people.pin.key, approvalOf(people.pin, stage.shown), { flags: 1 }), /the PIN/],
    ['by who gave the instruction', (stage) => by('boss', stage), /gave the instruction/],
  ])('is refused when it is %s', async (_, make, reason) => {
    const stage = await scene();
    await expectRefused(stage, make(stage), reason);
  });

  it('by a hardware key that was touched, or unlocked, counts', async () => {
    const stage = await scene();
    expect((await hand(stage, signedBy(people.pin.key, approvalOf(people.pin, stage.shown), { flags: 5 }))).missing).toEqual([lead]);
    const second = await scene();
    expect((await hand(second, signedBy(people.touch.key, approvalOf(people.touch, second.shown), { flags: 1 }))).missing).toEqual([lead]);
  });

  it('by a deputy counts inside their time, and is refused outside', async () => {
    const stage = await scene();
    const approver = { id: 'dora', ...owner, on_behalf_of: 'olga' };
    expect((await hand(stage, by('dora', stage, { approver }))).missing).toEqual([lead]);
    const later = await scene();
    later.world.clock.step(2 * 3_600_000);
    await expectRefused(later, by('dora', later, { approver }), /dora is not a deputy of olga at this time/);
    await expectRefused(later, by('dora', later, { approver: { id: 'dora', ...owner } }), /dora does not hold the role owner/);
  });

  it('of a person who sits already, or for a seat that is taken, is refused', async () => {
    const stage = await scene();
    await hand(stage, by('both', stage));
    await expectRefused(stage, by('other', stage), /both and other count once/);
    await expectRefused(stage, by('olga', stage), /missing is lead of integrator/);
    await expectRefused(stage, by('both', stage), /both has a seat of this gate already/);
    await hand(stage, by('leo', stage));
    await expectRefused(stage, by('olga', stage), /All seats of this gate are taken/);
  });

  it('handed in twice is one record, also signed anew; its nonce serves nothing else', async () => {
    const stage = await scene();
    const file = approvalOf(people.ecdsa, stage.shown);
    const [one, two] = [signedBy(people.ecdsa.key, file), signedBy(people.ecdsa.key, file)];
    expect(one.signature).not.toBe(two.signature);
    const first = await hand(stage, one);
    const { size } = await stage.world.ledger.head();
    expect(await hand(stage, one)).toEqual(first);
    expect(await hand(stage, two)).toEqual(first);
    expect((await stage.world.ledger.head()).size).toBe(size);
    await expectRefused(stage, by('leo', stage, { nonce: file.nonce }), /used before/);
    await expectRefused(stage, by('ecdsa', stage, { nonce: file.nonce, summary: { ...file.summary, objects: 2 } }), /used before/);
    await stage.world.reach('cutover', 'w1');
    const shown = await stage.worker.run('requestApproval', { project, gate: 'cutover', subject: 'w1' });
    const other = signedBy(people.leo.key, approvalOf(people.leo, shown, { nonce: file.nonce }));
    await expect(stage.worker.run('admitApproval', { project, gate: 'cutover', workload: 'w1', by: '', signed: other })).rejects.toMatchObject({
      message: expect.stringMatching(/used before/),
    });
  });

  it('counts for one showing of the gate: shown again, it opens nothing', async () => {
    const stage = await scene();
    const signed = by('olga', stage);
    await hand(stage, signed);
    await stage.world.reach('cutover', 'w0', 2);
    await expectRefused(stage, signed, /older than the gate/);
    const shown = await stage.worker.run('requestApproval', { project, gate: 'cutover', subject: 'w0' });
    expect(shown).toMatchObject({ missing: [owner, lead], scope: stage.shown.scope });
  });

  it('is judged by the log as it is when its record is written', async () => {
    const stage = await scene();
    const { ledger } = stage.world;
    let isShownAnew = false;
    const racing = stage.world.room({
      ledger: {
        ...ledger,
        append: async (drafts, head) => {
          if (!isShownAnew) {
            isShownAnew = true;
            await stage.world.reach('cutover', 'w0', 2, { other: true });
          }
          return ledger.append(drafts, head);
        },
      },
    });
    await expect(hand({ ...stage, worker: racing }, by('olga', stage))).rejects.toMatchObject({
      type: 'APPROVAL_REFUSED',
      message: expect.stringMatching(/older or another state/),
    });
    expect((await stage.world.records()).at(-1)?.event).toBe('gate.reached');
  });

  it('is admitted while others write to the log', async () => {
    const stage = await scene();
    const { ledger } = stage.world;
    let writes = 0;
    const busy = stage.world.room({
      ledger: {
        ...ledger,
        append: async (drafts, head) => {
          if (writes < 10) await ledger.append([draftOf(`demo/work/${writes++}`)]);
          return ledger.append(drafts, head);
        },
      },
    });
    expect(await hand({ ...stage, worker: busy }, by('olga', stage))).toMatchObject({ missing: [lead] });
  });

  it('that the command only asserts is refused where the policy has seats', async () => {
    const { worker, shown } = await scene();
    await expect(worker.run('admitApproval', { project, gate: 'cutover', workload: 'w0', scope: shown.scope, by: 'p-1' })).rejects.toMatchObject({
      type: 'APPROVAL_REFUSED',
      message: expect.stringContaining('signed approval'),
    });
  });

  it('has no gate that was never shown', async () => {
    const { worker } = await scene();
    await expect(worker.run('requestApproval', { project, gate: 'discard', subject: 'w0' })).rejects.toMatchObject({ type: 'APPROVAL_REFUSED' });
  });

  it('does not open the gate any more once its giver gave a new instruction', async () => {
    const stage = await scene();
    for (const who of ['olga', 'leo'] as const) await hand(stage, by(who, stage));
    await stage.worker.run('receiveInstruction', { project, planDigest: await stage.world.depot.put(Buffer.from('plan 2')), workloads: 1, by: 'olga' });
    const task = {
      place: { project, workload: 'w0', run: 1, pass: 0, turn: 0 },
      entry: { name: 'w0', kind: 'bucket' },
      gate: 'cutover',
      scope: stage.shown.scope,
      n: 1,
      by: '',
      isSigned: true,
    };
    await expect(stage.worker.run('sealGate', task as never)).rejects.toMatchObject({
      type: 'APPROVAL_REFUSED',
      message: expect.stringContaining('owner of hospital'),
    });
  });
});

function edited(signed: SignedApproval, edit: (file: string) => string): SignedApproval {
  return { ...signed, file: edit(signed.file) };
}
