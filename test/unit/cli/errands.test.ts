import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { assess } from '../../../src/cli/assess.ts';
import { doctor } from '../../../src/cli/doctor.ts';
import { inventory } from '../../../src/cli/inventory.ts';
import { ledgerShow } from '../../../src/cli/ledger-show.ts';
import { ledgerVerify } from '../../../src/cli/ledger-verify.ts';
import { preflight } from '../../../src/cli/preflight.ts';
import { report } from '../../../src/cli/report.ts';
import type { Check } from '../../../src/model/errand.ts';
import { statusOf } from '../../support/status-of.ts';
import { ledgerLine } from '../report/ledger-line.ts';
import { noWorker, run, stage } from './fake-project.ts';

const digest = 'c'.repeat(64);

describe('inventory', () => {
  it('lists the buckets and leaves inventory.json', async () => {
    const set = stage();
    const file = {
      v: 1 as const,
      takenAt: '2026-01-01T00:00:00Z',
      stores: [
        { store: 'source', buckets: [{ bucket: 'photos', createdAt: '2020-05-06T00:00:00Z', region: 'eu-west-1' }] },
        { store: 'target', buckets: [] },
      ],
      clouds: [],
    };
    const inDepot = await set.depot.put(Buffer.from(JSON.stringify(file)));
    set.project.answers = { inventory: () => ({ digest: inDepot, stores: [], clouds: [] }) };
    const { exit, answer } = await run(set, inventory);
    expect(exit).toBe(0);
    expect(answer).toContain('source  photos  eu-west-1  2020-05-06');
    expect(answer).toContain('source: 1 · target: 0');
    expect(JSON.parse(readFileSync(join(set.folder, 'inventory.json'), 'utf8'))).toEqual({ ...file, assets: [] });
  });
});

describe('assess', () => {
  const findings = [
    { id: 'DIRECTORY_MARKER', level: 'advice' as const, detail: '', count: 2 },
    { id: 'OBJECT_TOO_LARGE', level: 'blocker' as const, detail: '', count: 1 },
  ];

  it('tells blockers first, and ends with 4 on one', async () => {
    const set = stage();
    set.project.answers = {
      assess: ({ entry }) => ({
        workload: entry.name,
        objects: 12_345,
        sizeBytes: 3 * 2 ** 30,
        findings,
        losses: [{ code: 'STORAGE_CLASS_LOST', count: 9 }],
        samples: digest,
      }),
    };
    const { exit, answer } = await run(set, assess, ['photos']);
    expect(exit).toBe(4);
    expect(
      answer
        .split('\n')
        .slice(0, 4)
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['photos: 12,345 objects, 3.0 GiB'],
      ['blocker', 'OBJECT_TOO_LARGE', '1', 'Larger than 5 TiB, the limit of an S3 object.'],
      ['advice', 'DIRECTORY_MARKER', '2', 'An empty object whose key ends with a slash; some stores show it as a folder.'],
      ['warning', 'STORAGE_CLASS_LOST', '9', 'Becomes the standard class on the target.'],
    ]);
  });

  it('asks for each planned workload under a name of its own', async () => {
    const set = stage();
    set.project.answers = { assess: ({ entry }) => ({ workload: entry.name, objects: 0, sizeBytes: 0, findings: [], losses: [], samples: digest }) };
    expect((await run(set, assess, [], { all: true })).exit).toBe(0);
    expect(set.project.told.map(({ kind }) => kind)).toEqual(['assess/logs', 'assess/photos']);
    expect((await run(set, assess)).exit).toBe(2);
    expect(await run(set, assess, ['foto'])).toMatchObject({ exit: 2, remarks: expect.stringContaining('workloads there: logs, photos') });
  });
});

describe('preflight and doctor', () => {
  it.each([
    [['PASS', 'PASS'], 0],
    [['PASS', 'UNKNOWN'], 4],
    [['FAIL', 'PASS'], 4],
  ] as const)('%j ends with %d', async (verdicts, expected) => {
    const checks = verdicts.map((verdict, i): Check => ({ id: `check-${i}`, verdict, detail: 'said' }));
    const set = stage();
    set.project.answers = { preflight: ({ entry }) => ({ workload: entry.name, checks }), doctor: ({ store }) => ({ store, checks }) };
    expect((await run(set, preflight, ['photos'])).exit).toBe(expected);
    expect((await run(set, doctor, [], { target: 'target', bucket: 'photos' })).exit).toBe(expected);
    expect(set.project.told.at(-1)).toEqual({ kind: 'doctor/target/target', input: { project: 'demo', store: 'target', bucket: 'photos', side: 'target' } });
  });

  it('doctor without a store looks at this machine, and names what is missing', async () => {
    const set = stage();
    expect((await run(set, doctor)).exit).toBe(0);
    set.project.polling = { control: 1, transfer: 0, ledger: 1 };
    set.project.unregistered = ['EcluseWave'];
    const { exit, answer } = await run(set, doctor);
    expect(exit).toBe(4);
    expect(answer).toMatch(/FAIL +search attributes +not registered: EcluseWave/);
    expect(answer).toMatch(/FAIL +worker transfer +none: ecluse worker transfer/);
  });

  it('doctor wants one known store and a bucket', async () => {
    const set = stage();
    for (const options of [{ source: 'source' }, { source: 'source', target: 'target', bucket: 'b' }, { source: 'nowhere', bucket: 'b' }])
      expect((await run(set, doctor, [], options)).exit).toBe(2);
  });
});

describe('ledger', () => {
  it('show reads page by page', async () => {
    const set = stage();
    const all = Array.from({ length: 1200 }, (_, seq) => ledgerLine({ seq, event: 'config.changed' }));
    set.project.answers = { ledgerShow: ({ fromSeq, limit }) => ({ lines: all.slice(fromSeq, fromSeq + limit), size: all.length }) };
    const { exit, json } = await run(set, ledgerShow, [], { from: '100', limit: '900', json: true });
    const { records } = json as { records: { seq: number }[] };
    expect(exit).toBe(0);
    expect([records.length, records[0]?.seq, records.at(-1)?.seq]).toEqual([900, 100, 999]);
    expect(set.project.told.map(({ kind }) => kind)).toEqual(['ledgerShow/100', 'ledgerShow/600']);
    expect((await run(set, ledgerShow, [], { from: '1199' })).answer).toContain('1199  2026-01-01 00:00  config.changed');
  });

  it('verify ends with 4 when the verdict is not PASS', async () => {
    const set = stage();
    set.project.answers = { ledgerVerify: () => ({ verdict: 'PASS', size: 3, root: digest, head: digest, problems: [] }) };
    expect((await run(set, ledgerVerify)).exit).toBe(0);
    set.project.answers = { ledgerVerify: () => ({ verdict: 'FAIL', size: 3, root: digest, head: digest, problems: ['entry 2: prev'] }) };
    expect(await run(set, ledgerVerify)).toMatchObject({ exit: 4, answer: expect.stringContaining('entry 2: prev') });
  });
});

describe('report', () => {
  it('is gathered from the project and the ledger', async () => {
    const set = stage();
    set.project.workloads = [statusOf({ workload: 'photos', state: 'cut over', verdict: 'PASS', objects: 5 })];
    const policy = { class: 'lab' as const, sha256: digest };
    const clock = { source: 'system', offset_ms: 0, checked_at: '2026-01-01T00:00:00.000Z' };
    const evidence = [{ name: 'policy', media_type: 'application/json', sha256: digest, size_bytes: '1' }];
    const lines = [ledgerLine({ seq: 0, event: 'log.opened', policy, clock, evidence })];
    set.project.answers = {
      ledgerShow: () => ({ lines, size: 1 }),
      ledgerVerify: () => ({ verdict: 'PASS', size: 1, root: digest, head: digest, problems: [] }),
    };
    const { exit, json } = await run(set, report, [], { json: true });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ told: 'live', condition: 'moving', ledger: { verdict: 'PASS', size: 1 } });
    expect(readFileSync(join(set.folder, 'report-demo.html'), 'utf8')).toContain('<td>photos</td><td>cut over</td>');
  });

  it('still tells the story when no worker answers', async () => {
    const set = stage();
    set.project.failing = { status: noWorker('ask for the status') };
    set.project.listed = [
      {
        workload: 'done',
        wave: 1,
        state: 'finalized',
        condition: 'completed',
        waitingFor: '',
        verdict: 'PASS',
        isClosed: true,
        result: statusOf({ workload: 'done', state: 'finalized', condition: 'done', verdict: 'PASS', objects: 77 }),
      },
      { workload: 'open', wave: 1, state: 'replicating', condition: 'moving', waitingFor: '', verdict: 'UNKNOWN', isClosed: false },
    ];
    const { exit, answer } = await run(set, report, [], { out: 'r.html' });
    const page = readFileSync(join(set.folder, 'r.html'), 'utf8');
    expect(exit).toBe(0);
    expect(answer).toContain('r.html');
    for (const part of ['no worker answered', '77', 'replicating', 'The record was not read']) expect(page).toContain(part);
  });
});
