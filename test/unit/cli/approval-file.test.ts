import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { approve } from '../../../src/cli/approve.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import type { ApprovalFile } from '../../../src/model/approval.ts';
import { makePersonKey } from '../../support/evidence/test-keys.ts';
import { statusOf } from '../../support/status-of.ts';
import { configText, noWorker, run, type Stage, stage } from './fake-project.ts';

const key = makePersonKey('ed25519');
const scope = 'a'.repeat(64);
const approval: ApprovalFile = {
  v: 1,
  project: 'demo',
  subject: 'photos',
  gate: 'cutover',
  approver: { id: 'p-017', org: 'hospital', role: 'data-owner' },
  scope_sha256: scope,
  verified_roots: [],
  checkpoint: { size: 42, root: 'd'.repeat(64) },
  nonce: '0'.repeat(32),
  not_before: '2026-01-01T00:00:00.000Z',
  expires: '2026-01-09T00:00:00.000Z',
  summary: { objects: 30, size_bytes: '4096', verdict: 'PASS', losses: [] },
};
const signed = (said: ApprovalFile) => {
  const file = `${canonicalJson(said)}\n`;
  return { file, signature: key.sign(Buffer.from(file), 'approval-v1@ecluse') };
};
const back = 'back';

let set: Stage;
beforeEach(() => {
  set = stage({ env: { ECLUSE_ACTOR: 'p-99' } });
  set.project.workloads = [statusOf({ state: 'ready for cutover', condition: 'waiting', gate: { gate: 'cutover', scope } })];
  mkdirSync(join(set.folder, back));
});

const put = (name: string, text: string): void => writeFileSync(join(set.folder, back, name), text);
function putSigned(said: ApprovalFile = approval, name = `${said.gate}-${said.subject}-${said.approver.id}.json`): string {
  const { file, signature } = signed(said);
  put(name, file);
  put(`${name}.sig`, signature);
  return join(back, name);
}
const handsIn = (file: string, gate = 'cutover', options: Record<string, unknown> = {}) => run(set, approve, [gate], { file, ...options });
const sent = () => set.project.ordersTold('approve');
const asSent = (said: ApprovalFile = approval) => ({ workload: said.subject, gate: said.gate, scope, by: said.approver.id, signed: signed(said) });

describe('approve --file', () => {
  it('hands in the signed file by its own bytes, in the name of who signed', async () => {
    const { exit, answer } = await handsIn(putSigned());
    expect(exit).toBe(0);
    expect(sent()).toEqual([asSent()]);
    expect(answer).toBe('Gate “cutover” of photos: the approval of p-017 is on record.\n');
  });

  it('takes the name of the signature, or the folder with all that came back', async () => {
    await handsIn(`${putSigned()}.sig`);
    putSigned({ ...approval, approver: { id: 'p-031', org: 'integrator', role: 'migration-lead' }, nonce: '1'.repeat(32) });
    put('cutover-photos-p-040.json', 'not signed yet');
    put('cutover-photos-p-017.html', '<p>');
    const { exit, json } = await handsIn(back, 'cutover', { json: true });
    expect(exit).toBe(0);
    expect(sent()).toHaveLength(3);
    expect(json).toMatchObject({ admitted: [{ approver: 'p-017' }, { approver: 'p-031', nonce: '1'.repeat(32) }], missing: [] });
  });

  it('reads a signature that went by mail, with the line ends of Windows, and leaves the file as it is', async () => {
    const file = putSigned();
    put('cutover-photos-p-017.json.sig', signed(approval).signature.replaceAll('\n', '\r\n'));
    expect((await handsIn(file)).exit).toBe(0);
    expect(sent()).toEqual([asSent()]);
    // What mail did to the file itself is not mended: the project will see that it was changed.
    put('cutover-photos-p-017.json', signed(approval).file.replace('\n', '\r\n'));
    await handsIn(file);
    expect((sent()[1] as { signed: { file: string } }).signed.file).toMatch(/\}\r\n$/);
  });

  it('waits while seats are free, and says whose: 3', async () => {
    set.project.missing = [{ role: 'data-owner', org: 'hospital' }, { role: 'auditor' }];
    const { exit, answer } = await handsIn(putSigned());
    expect(exit).toBe(3);
    expect(answer).toContain('Still missing:\n  data-owner (hospital)\n  auditor');
  });

  it.each([
    ['a signature that is missing', 'json.sig is missing', () => rmSync(join(set.folder, back, 'cutover-photos-p-017.json.sig'))],
    ['a file that is missing', 'cutover-photos-p-017.json is not there', () => rmSync(join(set.folder, back, 'cutover-photos-p-017.json'))],
    ['a file that is no JSON', 'is no JSON', () => put('cutover-photos-p-017.json', '{"v":1,')],
    ['a file that is no approval', 'is not an approval', () => put('cutover-photos-p-017.json', '{"v":1}')],
  ])('sends nothing for %s', async (_, sentence, harm) => {
    const file = putSigned();
    harm();
    const { exit, remarks } = await handsIn(file);
    expect(exit).toBe(2);
    expect(remarks).toContain(sentence);
    expect(sent()).toEqual([]);
  });

  it('says what is wrong with a place that is not there, or holds nothing signed', async () => {
    expect(await handsIn('nowhere')).toMatchObject({ exit: 2, remarks: expect.stringContaining('is not there') });
    put('cutover-photos-p-017.json', signed(approval).file);
    expect(await handsIn(back)).toMatchObject({ exit: 2, remarks: expect.stringContaining('ssh-keygen -Y sign') });
  });

  it('refuses a file of another gate than the one that was typed', async () => {
    expect(await handsIn(putSigned(), 'finalize')).toMatchObject({ exit: 2, remarks: expect.stringContaining('approves gate cutover, not finalize') });
    expect(sent()).toEqual([]);
  });

  it.each(['en', 'fr'])('tells why the project refused it (%s): 1', async (language) => {
    set = stage({ config: configText.replace('timezone: UTC', `timezone: UTC\nlanguage: ${language}`) });
    mkdirSync(join(set.folder, back));
    const answer = 'admit approval: It has expired: it ended at 2026-01-09T00:00:00.000Z.';
    set.project.failing = { approve: new Failure({ code: 'APPROVAL_REFUSED', doing: 'approve', answer, next: [] }) };
    expect(await handsIn(putSigned())).toMatchObject({ exit: 1, remarks: expect.stringContaining(answer) });
  });

  it('hands a gap to the ledger worker', async () => {
    const gap: ApprovalFile = { ...approval, gate: 'gap', subject: 'record 17' };
    const file = putSigned(gap, 'gap-record-17-p-017.json');
    expect(await handsIn(file, 'gap')).toMatchObject({ exit: 1, remarks: expect.stringContaining('NO_WORKER') });
    set.project.answers = { approveGap: () => ({ complete: true, missing: [] }) };
    expect(await handsIn(file, 'gap')).toMatchObject({ exit: 0, answer: 'Gate “gap” of record 17: the approval of p-017 is on record.\n' });
    expect(set.project.told.at(-1)).toEqual({ kind: `approveGap/${gap.nonce}`, input: { project: 'demo', seq: 17, ...signed(gap) } });
    expect(sent()).toEqual([]);
  });

  it('fails whole when no worker answers', async () => {
    set.project.failing = { approve: noWorker('approve') };
    expect((await handsIn(putSigned())).exit).toBe(1);
  });
});
