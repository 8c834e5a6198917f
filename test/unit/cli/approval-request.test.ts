import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { approve } from '../../../src/cli/approve.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { ApprovalFile } from '../../../src/model/approval.ts';
import type { ApprovalRequest, ApprovalRequestErrand } from '../../../src/model/errand.ts';
import { statusOf } from '../../support/status-of.ts';
import { run, type Stage, stage } from './fake-project.ts';

const catalogue = ['1'.repeat(64), '2'.repeat(64)];
const scopeFile = {
  v: 1,
  project: 'demo',
  workload: 'photos',
  gate: 'finalize',
  source: { at: 'source', bucket: 'photos' },
  target: { at: 'target', bucket: 'photos' },
  into: 'new',
  versions: 'latest',
  freeze: 'policy',
  losses: ['STORAGE_CLASS_LOST'],
  catalogue,
};
const checkpoint = { size: 42, root: 'd'.repeat(64) };
const owner = { role: 'data-owner', org: 'hospital' };
const lead = { role: 'migration-lead', org: 'integrator' };

let set: Stage;
let request: Omit<ApprovalRequest, keyof ApprovalRequestErrand>;
beforeEach(async () => {
  set = stage();
  const scope = await set.depot.put(Buffer.from(JSON.stringify(scopeFile)));
  set.project.workloads = [
    statusOf({ state: 'cut over', condition: 'waiting', gate: { gate: 'finalize', scope }, objects: 30, sizeBytes: 4096, verdict: 'PASS' }),
  ];
  request = {
    class: 'production',
    scope,
    checkpoint,
    missing: [owner, lead],
    approvers: [
      { id: 'p-017', org: 'hospital', roles: ['data-owner'] },
      { id: 'p-018', org: 'hospital', roles: ['privacy-officer'] },
      { id: 'p-031', org: 'integrator', roles: ['data-owner', 'migration-lead'] },
    ],
    deputies: [
      { id: 'p-018', of: 'p-017', from: '2026-01-01T00:00:00Z', until: '2026-01-31T00:00:00Z' },
      { id: 'p-050', of: 'p-031', from: '2025-01-01T00:00:00Z', until: '2025-12-31T00:00:00Z' },
    ],
    controller: 'hospital',
  };
  set.project.answers = { approvalRequest: ({ project, gate, subject }) => ({ project, gate, subject, ...request }) };
});

const asks = (options: Record<string, unknown> = {}, args: readonly string[] = ['finalize', 'photos']) =>
  run(set, approve, args, { request: 'ask', ...options });
const names = (): string[] => readdirSync(join(set.folder, 'ask')).sort();
const textOf = (name: string): string => readFileSync(join(set.folder, 'ask', name), 'utf8');
const fileOf = (name: string): ApprovalFile => ApprovalFile.parse(JSON.parse(textOf(name)));

describe('approve --request', () => {
  it('writes for each person who may take a free seat, deputies of today too, what they sign and what it means; and waits: 3', async () => {
    const { exit, answer } = await asks();
    expect(exit).toBe(3);
    const who = ['p-017', 'p-018', 'p-031'];
    expect(names()).toEqual(who.flatMap((id) => ['html', 'json', 'txt'].map((kind) => `finalize-photos-${id}.${kind}`)));
    for (const part of [
      'p-017 (hospital, data-owner)',
      'p-018 (hospital, data-owner)',
      'p-031 (integrator, migration-lead)',
      'ecluse approve finalize --file ask',
    ])
      expect(answer).toContain(part);
    // One who may take either seat is asked once, and a role of another organisation is no seat.
    expect(fileOf('finalize-photos-p-018.json').approver).toEqual({ id: 'p-018', org: 'hospital', role: 'data-owner', on_behalf_of: 'p-017' });
    expect(set.project.ordersTold('approve')).toEqual([]);
  });

  it('puts into the file exactly what is signed: canonical bytes, scope, checkpoint, verified runs, a nonce of its own', async () => {
    await asks();
    const [one, other] = [fileOf('finalize-photos-p-017.json'), fileOf('finalize-photos-p-031.json')];
    expect(textOf('finalize-photos-p-017.json')).toBe(`${canonicalJson(one)}\n`);
    expect(one).toMatchObject({
      v: 1,
      project: 'demo',
      subject: 'photos',
      gate: 'finalize',
      scope_sha256: request.scope,
      checkpoint,
      verified_roots: catalogue,
      not_before: '2026-01-02T03:04:05.000Z',
      expires: '2026-01-09T03:04:05.000Z',
      summary: { objects: 30, size_bytes: '4096', verdict: 'PASS', losses: ['STORAGE_CLASS_LOST'] },
    });
    expect(one.nonce).not.toBe(other.nonce);
  });

  it('is one errand a gate and workload: two requests at once do not take each other’s answer', async () => {
    await asks();
    expect(set.project.told.at(-1)).toEqual({ kind: 'approvalRequest/finalize/photos', input: { project: 'demo', gate: 'finalize', subject: 'photos' } });
  });

  it('--approver asks one person, and names nobody who may not', async () => {
    expect((await asks({ approver: 'p-099' })).remarks).toContain('"p-099" may take none of the free seats');
    expect((await asks({ approver: 'p-050' })).exit).toBe(2);
    // The folder was not made for nothing: the same command may be typed again.
    expect((await asks({ approver: 'p-031' })).exit).toBe(3);
    expect(names()).toHaveLength(3);
  });

  it('asks a deputy whose time begins while the approval is valid', async () => {
    request = { ...request, deputies: [{ id: 'p-050', of: 'p-031', from: '2026-01-05T00:00:00Z', until: '2026-02-01T00:00:00Z' }] };
    expect((await asks({ approver: 'p-050', validHours: '24' })).exit).toBe(2);
    expect((await asks({ approver: 'p-050' })).exit).toBe(3);
  });

  it('--valid-hours says until when it may be handed in', async () => {
    for (const validHours of ['0', '8761', 'two']) expect((await asks({ validHours })).exit).toBe(2);
    expect(set.project.told).not.toContainEqual(expect.objectContaining({ kind: 'approvalRequest/finalize/photos' }));
    await asks({ validHours: '48' });
    expect(fileOf('finalize-photos-p-017.json').expires).toBe('2026-01-04T03:04:05.000Z');
  });

  it('writes over no folder: what is there may be signed already', async () => {
    await asks();
    writeFileSync(join(set.folder, 'ask', 'finalize-photos-p-017.json.sig'), 'signed');
    const before = names().map(textOf);
    expect(await asks()).toMatchObject({ exit: 2, remarks: expect.stringMatching(/FILE_EXISTS[\s\S]*--request DIR/) });
    expect(names().map(textOf)).toEqual(before);
  });

  it('has nothing to ask where no seat is free', async () => {
    request = { ...request, missing: [] };
    expect(await asks()).toMatchObject({ exit: 1, remarks: expect.stringMatching(/no seat of this gate is free[\s\S]*ecluse approve finalize photos/) });
    expect(readdirSync(set.folder)).not.toContain('ask');
  });

  it('says so when the policy names nobody for a seat', async () => {
    request = { ...request, approvers: [] };
    expect(await asks()).toMatchObject({ exit: 2, remarks: expect.stringContaining('names nobody') });
  });

  it('makes names of files that Windows takes too', async () => {
    request = { ...request, missing: [owner], approvers: [{ id: 'chu:p-017', org: 'hospital', roles: ['data-owner'] }], deputies: [] };
    await asks();
    expect(names()).toContain('finalize-photos-chu-p-017.json');
    expect(fileOf('finalize-photos-chu-p-017.json').approver.id).toBe('chu:p-017');
  });
});

describe('approve gap', () => {
  beforeEach(async () => {
    const scope = await set.depot.put(Buffer.from(JSON.stringify({ v: 1, project: 'demo', gate: 'gap', from: 'a', to: 'b', reason: 'OUTAGE' })));
    request = { ...request, scope, missing: [owner] };
  });

  it('is asked for by the number of the gap’s record', async () => {
    expect((await asks({}, ['gap', '17'])).exit).toBe(3);
    expect(names()).toContain('gap-record-17-p-017.json');
    expect(fileOf('gap-record-17-p-017.json')).toMatchObject({ gate: 'gap', subject: 'record 17', scope_sha256: request.scope, verified_roots: [] });
    expect(set.project.told.at(-1)).toEqual({ kind: 'approvalRequest/gap/record-17', input: { project: 'demo', gate: 'gap', subject: 'record 17' } });
  });

  it('is never only a word, and wants the number of a record', async () => {
    expect(await run(set, approve, ['gap', '17'])).toMatchObject({ exit: 2, remarks: expect.stringContaining('ecluse approve gap 17 --request DIR') });
    expect(await asks({}, ['gap', 'photos'])).toMatchObject({ exit: 2, remarks: expect.stringContaining('ecluse ledger show') });
    expect(await run(set, approve, ['gap'])).toMatchObject({ exit: 2 });
  });
});
