import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { approve } from '../../../src/cli/approve.ts';
import { assess } from '../../../src/cli/assess.ts';
import { inventory } from '../../../src/cli/inventory.ts';
import { plan } from '../../../src/cli/plan.ts';
import { rehearse } from '../../../src/cli/rehearse.ts';
import { reject } from '../../../src/cli/reject.ts';
import { loadConfig, loadPlan } from '../../../src/config/load.ts';
import type { Assessment, InventoryFile } from '../../../src/model/errand.ts';
import { machineWith } from '../../support/machines.ts';
import { run, type Stage, stage } from './fake-project.ts';
import { instance, machine, machineStage, writePrices } from './machine-project.ts';

const digest = 'c'.repeat(64);
const gibibyte = 2 ** 30;
const disks = [
  { disk: 'vol-root', device: '/dev/xvda', sizeBytes: 8 * gibibyte },
  { disk: 'vol-data', device: '/dev/sdf', sizeBytes: 100 * gibibyte },
];
const looked: Assessment = {
  workload: 'web',
  objects: 2,
  sizeBytes: 108 * gibibyte,
  findings: [
    { id: 'DISK_ENCRYPTED', level: 'warning', detail: 'vol-data (/dev/sdf)', count: 1 },
    { id: 'DISK_SHARED', level: 'blocker', detail: 'vol-data (/dev/sdf)' },
  ],
  losses: [{ code: 'DISK_ENCRYPTED', count: 1 }],
  samples: digest,
  machine: { disks },
};
const answering = (set: Stage, assessment: Assessment): Stage => {
  set.project.answers = { assess: () => assessment };
  return set;
};
const inspected = async (set: Stage, findings: Assessment['findings']): Promise<Stage> => {
  const report = { findings, distribution: { id: 'debian', version: '12', family: 'debian' } };
  const guest = await set.depot.put(Buffer.from(JSON.stringify(report)));
  return answering(set, { ...looked, findings, losses: [], machine: { disks: disks.map((disk) => ({ ...disk, usedBytes: gibibyte })), guest } });
};

describe('assess of a machine', () => {
  it('tells blockers first with what they are about, says what was not read, and ends with 4', async () => {
    const set = answering(machineStage(), looked);
    const { exit, answer } = await run(set, assess, ['web']);
    expect(exit).toBe(4);
    const told = answer.split('\n').map((line) => line.split(/ {2,}/));
    expect(told.slice(0, 3)).toEqual([
      ['web: 2 disks, 108 GiB'],
      ['blocker', 'DISK_SHARED', expect.stringMatching(/^A disk is attached to several machines.* · vol-data \(\/dev\/sdf\)$/)],
      ['warning', 'DISK_ENCRYPTED', '1', expect.stringContaining('Encrypted by a key of the source')],
    ]);
    expect(answer).toContain('"ecluse assess web --inspect" does');
    expect(set.project.told).toEqual([{ kind: 'assess/web', input: expect.objectContaining({ project: 'demo', inspect: false }) }]);
  });

  it('without prices gives hours and no sum; what is not known is said', async () => {
    const { answer, json } = {
      ...(await run(answering(machineStage(), looked), assess, ['web'])),
      json: (await run(answering(machineStage(), looked), assess, ['web'], { json: true })).json,
    };
    expect(answer).toMatch(/first copy, at most +108 GiB, 221,184 requests for blocks/);
    expect(answer).toMatch(/by your share of the account +0\.12 h · this limit binds/);
    expect(answer).toMatch(/by the network +not known: say it in prices\.yaml/);
    expect(answer).toContain('no price in prices.yaml: no sum is given');
    expect(json).toMatchObject({ assessments: [{ workload: 'web', estimate: { isExact: false, binds: 'account quota' } }] });
    expect(JSON.stringify(json)).not.toContain('"cost"');
  });

  it('with prices gives a sum, its day, and what has no price', async () => {
    const set = await inspected(machineStage(), []);
    writePrices(
      set,
      'v: 1\ncurrency: EUR\nasOf: 2026-03-01\nsource: a page\nprices:\n  readBlock: { per: 1000, price: 0.5 }\nrates: { networkMebibytes: 1 }\n',
    );
    const { exit, answer } = await run(set, assess, ['web'], { inspect: true });
    expect(exit).toBe(0);
    expect(answer).toMatch(/first copy, exact +2\.0 GiB, 4,096 requests for blocks/);
    expect(answer).toMatch(/by the network +0\.57 h · this limit binds/);
    expect(answer).toContain('2.05 EUR (prices of 2026-03-01; without listBlocks, egressGib)');
    expect(answer).not.toContain('were not read');
  });

  it('tells a prices.yaml that does not load', async () => {
    const set = answering(machineStage(), looked);
    writePrices(set, 'v: 1\ncurrency: euros\n');
    expect(await run(set, assess, ['web'])).toMatchObject({ exit: 2, remarks: expect.stringContaining('currency: three capital letters') });
  });

  it('--remedies prints one script for the guest’s family, and reads the disks for it', async () => {
    const set = await inspected(machineStage(), [{ id: 'NO_VIRTIO_DRIVERS', level: 'blocker', detail: '' }]);
    const { exit, answer } = await run(set, assess, ['web'], { remedies: true });
    expect(exit).toBe(0);
    expect(answer).toMatch(/^#!\/bin\/sh\n# For the administrator of the guest \(debian 12\)/);
    expect(answer).toContain('update-initramfs -u -k all');
    expect(set.project.told[0]).toMatchObject({ input: { inspect: true } });
    await run(set, assess, ['web'], { remedies: true, out: 'mend.sh' });
    expect(`${readFileSync(join(set.folder, 'mend.sh'), 'utf8')}`).toBe(answer);
  });

  it('--remedies is for one machine', async () => {
    const buckets = answering(stage(), looked);
    for (const [args, options] of [
      [['photos'], {}],
      [[], { all: true }],
    ] as const)
      expect(await run(buckets, assess, args, { ...options, remedies: true })).toMatchObject({
        exit: 2,
        remarks: expect.stringContaining('one virtual machine'),
      });
  });
});

describe('plan of machines', () => {
  const described = async (set: Stage, name?: string): Promise<Stage> => {
    const found = await set.depot.put(Buffer.from(JSON.stringify(machineWith(name === undefined ? {} : { name }))));
    set.project.answers = { describeMachine: () => ({ digest: found }) };
    return set;
  };
  const planOf = ({ folder }: Stage) => loadPlan(join(folder, 'plan.yaml'), loadConfig(join(folder, 'ecluse.yaml')));

  it('is made of what the cloud says, named as the person wants', async () => {
    const set = await described(machineStage(), 'Web Server');
    // Described twice it is the same instance twice: told, and the good plan stays.
    expect(await run(set, plan, [], { vm: [instance, `${instance}=mail`], force: true })).toMatchObject({
      exit: 2,
      remarks: expect.stringContaining(`instance "${instance}" stands already on line`),
    });
    expect(planOf(set).waves[0]?.workloads[0]?.name).toBe('web');
    expect(await run(set, plan, [], { vm: [instance], force: true })).toMatchObject({
      exit: 0,
      answer: expect.stringContaining(`web-server: aws/${instance} → outscale/eu-west-2a`),
    });
    expect(planOf(set).waves[0]?.workloads).toMatchObject([
      { name: 'web-server', kind: 'vm', source: { at: 'aws', instance }, target: { at: 'outscale', subregion: 'eu-west-2a', type: 'tinav6.c2r8p2' } },
    ]);
    expect(set.project.told.at(-1)).toEqual({ kind: `describe/${instance}`, input: { project: 'demo', at: 'aws', machine: instance } });
  });

  it('wants an id, and clouds of the right kind', async () => {
    const set = await described(machineStage());
    for (const options of [{ vm: ['web'] }, { vm: [`${instance}=a=b`] }, { vm: [instance], fromCloud: 'outscale' }, { vm: [instance], toCloud: 'nowhere' }])
      expect((await run(set, plan, [], { ...options, force: true })).exit).toBe(2);
    const none = await described(machineStage({ clouds: '', plan: 'v: 1\nwaves: []\n' }));
    expect(await run(none, plan, [], { vm: [instance] })).toMatchObject({ exit: 2, remarks: expect.stringContaining('none; add one under `clouds`') });
  });
});

describe('inventory of clouds', () => {
  it('counts what becomes of everything, and writes each asset with its reason', async () => {
    const set = machineStage();
    const asset = { kind: 'instance', id: instance, disposition: 'moved', reason: 'a virtual machine' };
    const files = [await set.depot.put(Buffer.from(`${JSON.stringify(asset)}\n`))];
    const cloud = { cloud: 'aws', assets: 1, dispositions: { moved: 1 }, files };
    const file: InventoryFile = { v: 1, takenAt: '2026-01-01T00:00:00Z', stores: [{ store: 'source', buckets: [] }], clouds: [cloud] };
    const inDepot = await set.depot.put(Buffer.from(JSON.stringify(file)));
    set.project.answers = { inventory: () => ({ digest: inDepot, stores: [], clouds: [] }) };
    const { exit, answer } = await run(set, inventory);
    expect(exit).toBe(0);
    expect(answer).toMatch(/^source: 0$[\s\S]*^aws +moved +1$/m);
    const written = JSON.parse(readFileSync(join(set.folder, 'inventory.json'), 'utf8'));
    expect(written.assets).toEqual([{ cloud: 'aws', ...asset }]);
  });
});

describe('a rehearsal', () => {
  const atGate = async () => {
    const set = machineStage({ env: { ECLUSE_ACTOR: 'p-17' } });
    const shown = {
      v: 1,
      gate: 'rehearsal',
      source: { at: 'aws', instance },
      target: { at: 'outscale', subregion: 'eu-west-2a', type: 'tinav6.c2r8p2', bootMode: 'uefi' },
      machine: 'i-11111111',
      console: digest,
      until: '2026-01-03T00:00:00.000Z',
    };
    const scope = await set.depot.put(Buffer.from(JSON.stringify(shown)));
    set.project.workloads = [machine({ state: 'ready for test', gate: { gate: 'rehearsal', scope } })];
    return { set, scope };
  };

  it('is ordered by its own command', async () => {
    const set = machineStage({ env: { ECLUSE_ACTOR: 'p-17' } });
    set.project.workloads = [machine({ state: 'ready for test' })];
    expect(await run(set, rehearse, ['web'])).toMatchObject({ exit: 0, answer: 'web: rehearsal ordered.\n' });
    expect(set.project.ordersTold('order')).toEqual([{ workload: 'web', order: 'rehearse', by: 'p-17' }]);
  });

  it('shows its owner what stands there and how long', async () => {
    const { set, scope } = await atGate();
    const { exit, answer } = await run(set, approve, ['rehearsal', 'web']);
    expect(exit).toBe(0);
    for (const part of ['aws/i-0123456789abcdef0', 'outscale/eu-west-2a, tinav6.c2r8p2, uefi', 'i-11111111', '2026-01-03 00:00'])
      expect(answer).toContain(part);
    expect(answer).not.toContain('losses');
    expect(set.project.ordersTold('approve')).toEqual([{ workload: 'web', gate: 'rehearsal', scope, by: 'p-17' }]);
    expect((await run(set, approve, ['rehearsal', 'web'], { request: 'ask' })).exit).toBe(2);
  });

  it('is rejected with a reason, on sight of the same', async () => {
    const { set, scope } = await atGate();
    expect((await run(set, reject, ['rehearsal', 'web'])).exit).toBe(2);
    const { exit, answer } = await run(set, reject, ['rehearsal', 'web'], { reason: 'the database does not answer' });
    expect([exit, answer]).toEqual([0, expect.stringMatching(/i-11111111[\s\S]*web: gate rehearsal rejected\.\n$/)]);
    expect(set.project.ordersTold('reject')).toEqual([{ workload: 'web', gate: 'rehearsal', scope, reason: 'the database does not answer', by: 'p-17' }]);
  });
});
