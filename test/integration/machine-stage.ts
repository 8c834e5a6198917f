import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import type { EstateSpec, MadeEstate } from '../../lab/aws/estate.ts';
import { type AwsLab, startAwsLab } from '../../lab/aws/start.ts';
import { makeDisks } from '../../lab/disks/make-disks.ts';
import { hasTool } from '../../lab/disks/tool.ts';
import { LabError } from '../../lab/lab-error.ts';
import { type OutscaleLab, startOutscaleLab } from '../../lab/outscale/outscale-lab.ts';
import type { Fault } from '../../lab/proxy/fault.ts';
import { createLabStore, type LabStore } from '../../lab/seed/lab-store.ts';
import { type StoreProxy, startStoreProxy } from '../../lab/store-proxy.ts';
import { openSqliteRateBudgets } from '../../src/ledger/rate-budgets-sqlite.ts';
import { ledgerLines } from '../../src/ledger/verify.ts';
import { Config } from '../../src/model/config.ts';
import type { LedgerRecord } from '../../src/model/ledger-record.ts';
import { VmWorkload } from '../../src/model/plan.ts';
import type { Clouds } from '../../src/ports/clouds.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { systemClock } from '../../src/transfer/index.ts';
import { createPacer } from '../../src/wire/pacer.ts';
import { openClouds } from '../../src/workers/clouds.ts';
import { openRealStores, realTransport } from '../support/real-stores.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { motoStore, sharedStores } from '../support/stores.ts';
import { type Stage, type StageOptions, withStage } from '../workflows/stage.ts';

/** Two clouds of machines and the store between them, of one test file: faults are theirs, so whoever plants some plays alone on them. */
export interface Site {
  readonly folder: string;
  readonly aws: AwsLab;
  readonly outscale: OutscaleLab;
  /** Before the store in which images stand: counts and breaks what passes. */
  readonly proxy: StoreProxy;
  readonly store: LabStore;
  /** Raw, 1 GiB each and mostly holes: what every machine begins as. */
  readonly images: { readonly root: string; readonly data: string };
  close(): Promise<void>;
}

/** How long a source takes to stop. */
export const stopMs = 100;
const quick = { snapshot: 20, import: 20, vanish: 20, image: 20, volume: 20, boot: 20, terminate: 20, consoleRefresh: 0, stopGrace: 100, lock: 2_000 };
const room = { vm_limit: 100, core_limit: 400, volume_limit: 1000, volume_size_limit: 100_000, snapshot_limit: 1000, vpc_limit: 100, sg_limit: 1000 };

/** Give the hook that calls it 300 s: the first time on a machine moto is installed. */
export async function openSite(name: string): Promise<Site> {
  const folder = mkdtempSync(`${runFolder()}/${name}-`);
  const onStart = (record: Parameters<typeof noteProcess>[1]): void => noteProcess(runFolder(), record);
  const { target } = sharedStores();
  const proxy = await startStoreProxy({ upstream: target.endpoint });
  const { endpoint: moto } = await motoStore();
  const settings = { boot: 'none', times: quick, requestsPerSecond: 1000, quotas: room, isRecording: true } as const;
  const [aws, outscale, images] = await Promise.all([
    startAwsLab({ folder: `${folder}/aws`, moto, onStart }),
    startOutscaleLab({ folder: `${folder}/outscale`, stagingOrigins: [proxy.endpoint], settings, onStart }),
    unbootable(`${folder}/disks`),
  ]);
  const store = createLabStore(target, { connections: 4 });
  const close = async (): Promise<void> => {
    store.close();
    await Promise.all([aws.stop(), outscale.stop(), proxy.stop()]);
  };
  return { folder, aws, outscale, proxy, store, images, close };
}

/** The layout that a Debian has, with a kernel that boots nothing: made in a moment, and nobody boots it here. */
async function unbootable(folder: string): Promise<Site['images']> {
  const debianTree = async (): Promise<never> => Promise.reject(new LabError('not wanted here'));
  const { root, data } = await makeDisks({
    folder,
    firmware: 'legacy',
    virtio: true,
    layout: 'plain',
    nonce: 'machine-stage',
    payload: randomBytes(12 << 20),
    dataDisk: { sizeBytes: 2 ** 30, payload: randomBytes(5 << 20) },
    machine: { hasTool, debianTree },
  });
  return { root: root.path, data: data?.path ?? '' };
}

export interface MachineOptions {
  readonly entry?: (usual: VmWorkload) => VmWorkload;
  readonly stage?: Omit<StageOptions, 'entry' | 'stores' | 'source' | 'target' | 'connect' | 'vm' | 'machine'>;
  /** Of the store in which images stand. */
  readonly faults?: readonly Fault[];
  /** Sees the stores as the activities get them. */
  readonly through?: (stores: Stores) => Stores;
}

export interface Disk {
  readonly id: string;
  /** What its guest writes to. */
  readonly file: string;
}

export interface MachineStage {
  readonly site: Site;
  readonly stage: Stage;
  readonly instance: string;
  readonly root: Disk;
  readonly data: Disk;
  readonly clouds: Clouds;
  readonly bucket: string;
  /** The OUTSCALE key as the workers find it; a test may spoil and mend it. */
  readonly env: { OSC_ACCESS_KEY: string; OSC_SECRET_KEY: string };
  ledger(): Promise<readonly LedgerRecord[]>;
}

/** A project of one machine between the two stand-ins, by the adapters that workers use. */
export async function withMachineStage(site: Site, options: MachineOptions, play: (machine: MachineStage) => Promise<void>): Promise<void> {
  const { aws, outscale, proxy } = site;
  await calm(site, options.faults);
  const made = await aws.control<MadeEstate>('estate', estateOf(site));
  const { id: instance = '', disks = {} } = made.instances.web ?? {};
  const bucket = `images-${randomBytes(6).toString('hex')}`;
  const env = { OSC_ACCESS_KEY: outscale.accessKey, OSC_SECRET_KEY: outscale.secretKey };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: aws.accessKey, AWS_SECRET_ACCESS_KEY: aws.secretKey });
  const budgets = openSqliteRateBudgets({ file: `${site.folder}/${bucket}.rates` });
  const pacer = createPacer({ budgets, holder: `test/${process.pid}/${bucket}` });
  const transport = realTransport();
  const stores = openRealStores({ to: { ...sharedStores().target, endpoint: proxy.endpoint } });
  const clouds = openClouds(configOf(site, bucket), { transport, pacer, env });
  const usual = entryOf(instance);
  const entry = options.entry?.(usual) ?? usual;
  const [root, data] = [disks['/dev/xvda'], disks['/dev/sdf']] as [Disk, Disk];
  try {
    const through = options.through?.(stores) ?? stores;
    await withStage({ clock: hasty, ...options.stage, stores: through, vm: { clouds, entry } }, async (stage) => {
      await play({ site, stage, instance, root, data, clouds, bucket, env, ledger: () => recordsOf(stage) });
    });
  } finally {
    await pacer.close();
    await budgets.close();
    await stores.close();
    await transport.close();
  }
}

/** Real time, with the pauses between looks at a tenth: what takes minutes in a cloud takes a moment here. */
export const hasty: typeof systemClock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };

async function calm({ aws, outscale, proxy }: Site, faults: readonly Fault[] = []): Promise<void> {
  proxy.setFaults(faults);
  await aws.control('faults', []);
  await aws.control('settings', { snapshotMs: 50, stopMs, startMs: 100, rotateTokens: false, pageSize: 0 });
  await aws.control('keys', { accessKey: aws.accessKey, state: 'active', denied: [] });
  await outscale.control().faults([]);
}

/** One machine with two disks, in a net of its own. */
const estateOf = ({ images: { root, data } }: Site): EstateSpec => ({
  nets: [
    {
      name: 'net',
      range: '10.0.0.0/16',
      subnets: [{ name: 'front', range: '10.0.1.0/24' }],
      securityGroups: [{ name: 'web', inbound: [{ protocol: 'tcp', fromPort: 443, toPort: 443, ranges: ['0.0.0.0/0'] }] }],
    },
  ],
  instances: [
    {
      name: 'web',
      subnet: 'front',
      securityGroups: ['web'],
      disks: [
        { device: '/dev/xvda', sizeGiB: 1, image: root },
        { device: '/dev/sdf', sizeGiB: 1, image: data },
      ],
    },
  ],
});

export function configOf({ aws, outscale }: Site, bucket: string): Config {
  return Config.parse({
    v: 1,
    project: 'machines',
    depot: { folder: 'depot' },
    ledger: { sqlite: 'ledger' },
    stores: {},
    clouds: {
      aws: {
        kind: 'aws',
        regions: [aws.region],
        endpoints: { ec2: aws.endpoint, ebs: aws.endpoint, sts: aws.endpoint },
        rates: { blocks: 1000, lists: 100, calls: 100 },
      },
      outscale: {
        kind: 'outscale',
        region: outscale.region,
        endpoint: outscale.endpoint,
        staging: { at: 'to', bucket },
        rates: { calls: 200 },
        importHours: 1,
      },
    },
  });
}

function entryOf(instance: string): VmWorkload {
  return VmWorkload.parse({
    name: 'w0',
    kind: 'vm',
    source: { at: 'aws', instance },
    target: {
      at: 'outscale',
      subregion: 'eu-west-2a',
      type: 'tinav6.c2r4p2',
      bootMode: 'legacy',
      network: { net: { range: '10.20.0.0/16' }, subnet: { range: '10.20.1.0/24' }, securityGroups: [{ name: 'web', description: 'web' }] },
    },
    bootCheck: { expect: ['not booted here'] },
  });
}

async function recordsOf({ ledger }: Stage): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const line of ledgerLines(ledger)) records.push(JSON.parse(line) as LedgerRecord);
  return records;
}

/** A guest's write of one byte over a range. */
export const writeTo = (
  { aws }: Site,
  { id }: Disk,
  at: { readonly offsetBytes: number; readonly lengthBytes: number; readonly fill: number },
): Promise<unknown> => aws.control('act', { act: 'write', id, ...at });

/** Some sites, each for one play at a time: faults are a site's, and a passage is mostly waiting. */
export function createSites(name: string, count: number) {
  const idle: Site[] = [];
  const all: Site[] = [];
  return {
    open: async (): Promise<void> => {
      for (const site of await Promise.all(Array.from({ length: count }, () => openSite(name)))) idle.push(site) && all.push(site);
    },
    close: async (): Promise<void> => void (await Promise.all(all.map((site) => site.close()))),
    all: (): readonly Site[] => all,
    /** A case for `itSideBySide`, not more of which may run at once than there are sites. */
    play: (options: (site: Site) => MachineOptions, act: (machine: MachineStage) => Promise<void>) => async (): Promise<void> => {
      const site = idle.pop();
      if (!site) throw new Error('more plays at once than sites');
      try {
        await withMachineStage(site, options(site), act);
      } finally {
        idle.push(site);
      }
    },
  };
}

/** The shortest way: without a rehearsal. */
export const unrehearsed = (usual: VmWorkload): VmWorkload => ({ ...usual, rehearsal: { ...usual.rehearsal, required: false } });

/** Runs once, before the n-th call of an activity. */
export function onceBefore<T>(name: string, run: (task: T) => Promise<unknown>, from = 1): NonNullable<StageOptions['faults']> {
  let calls = 0;
  return {
    before: async (call) => {
      if (call.name !== name) return;
      calls += 1;
      if (calls === from) await run(call.task as T);
    },
  };
}
