import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type BlockPack, openPack } from './block-pack.ts';
import { type Counts, createCounts, createQuotas } from './counts.ts';
import { type BlockIndex, loadIndex } from './disk-image.ts';
import { createFaults, type Faults } from './fault.ts';
import type { Value } from './xml.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
}

/** What a test or demo may change at any time. Times are of the lab's clock. */
export interface Settings {
  /** From CreateSnapshot to `completed`. */
  snapshotMs: number;
  /** How long a fresh snapshot is in no answer of DescribeSnapshots. */
  hiddenMs: number;
  stopMs: number;
  startMs: number;
  /** AWS: 7 days. */
  blockTokenMs: number;
  /** AWS: 60 minutes. */
  pageTokenMs: number;
  /** A new listing of a snapshot ends the block tokens of the one before. AWS says only that they change. */
  rotateTokens: boolean;
  /** Every n-th page of a listing is empty and has a next one; 0 = none. */
  emptyPageEvery: number;
  /** At most so many things on a page, whatever is asked for; 0 = as asked for. */
  pageSize: number;
  /** Refuses calls above the quotas. */
  throttle: boolean;
  /** Calls a second: AWS's quotas (facts: sources §3). `ec2`: of each action. */
  quotas: { blocksPerAccount: number; blocksPerSnapshot: number; lists: number; ec2: number };
  /** Deleted snapshots go to the Recycle Bin. */
  recycleBin: boolean;
  /** The only roles that may be assumed; absent = any. */
  roles?: readonly { readonly arn: string; readonly externalId?: string }[];
}

export interface LabKey {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly account: string;
  /** Of a session, with its end. */
  readonly sessionToken?: string;
  readonly untilMs?: number;
  state: 'active' | 'expired' | 'revoked';
  /** `ec2:StopInstances`, `ebs:*`. */
  denied: readonly string[];
}

/** What is told of a thing beside what moto tells, as elements of its answer. */
export type Extras = Readonly<Record<string, Value>>;

export interface VolumeRecord {
  readonly place: Place;
  /** Snapshots of one lineage can be compared. */
  readonly lineage: string;
  zeroBlocks: readonly number[];
  extras: Extras;
}

export interface SnapshotRecord {
  readonly place: Place;
  readonly volume: string;
  readonly lineage: string;
  readonly sizeGiB: number;
  readonly fullBytes: number;
  /** Of its disk, where that is encrypted. */
  readonly keyId?: string;
  readonly startedMs: number;
  readonly readyMs: number;
  state: 'kept' | 'error' | 'deleted' | 'recycled';
  /** How many listings of it have begun. */
  listings: number;
}

export interface InstanceRecord {
  /** Of one that the estate made. */
  place?: Place;
  /** `stopping` or `pending` until then. */
  passing?: { readonly state: 'stopping' | 'pending'; readonly untilMs: number };
  launchedMs?: number;
  /** Tags that only AWS itself sets: `aws:autoscaling:groupName`. */
  systemTags: Readonly<Record<string, string>>;
  extras: Extras;
}

/** What the folder keeps. Moto keeps the rest in its memory. */
export interface Saved {
  readonly v: 1;
  readonly tokenSecret: string;
  aheadMs: number;
  settings: Settings;
  keys: Record<string, LabKey>;
  volumes: Record<string, VolumeRecord>;
  snapshots: Record<string, SnapshotRecord>;
  instances: Record<string, InstanceRecord>;
}

export interface RequestNote {
  readonly atMs: number;
  readonly action: string;
  readonly account: string;
  readonly region: string;
  readonly accessKey: string;
  readonly isDryRun: boolean;
  status: number;
  code?: string;
}

/** Everything that the stand-in knows, in one place. */
export interface World {
  readonly folder: string;
  /** Of moto: `http://127.0.0.1:5555`. */
  readonly upstream: string;
  readonly saved: Saved;
  readonly pack: BlockPack;
  readonly faults: Faults;
  readonly counts: Counts;
  readonly mayPass: (what: string, perSecond: number, nowMs: number) => boolean;
  /** The last 20,000; of GetSnapshotBlock only refusals. */
  requests: RequestNote[];
  /** Blocks that GetSnapshotBlock gave, by snapshot. */
  readonly reads: Map<string, { requests: number; readonly blocks: Set<number> }>;
  /** The lab's time: the system's, moved by `/lab/clock`. Signatures are judged by the system's own. */
  nowMs(): number;
  save(): void;
  /** One at a time: a snapshot of several disks, and what a guest writes to them. */
  exclusive<T>(body: () => Promise<T>): Promise<T>;
  index(snapshot: string): BlockIndex;
  volumeFile(volume: string): string;
  indexFile(snapshot: string): string;
}

export const usualSettings: Settings = {
  snapshotMs: 300,
  hiddenMs: 0,
  stopMs: 300,
  startMs: 300,
  blockTokenMs: 7 * 24 * 3_600_000,
  pageTokenMs: 3_600_000,
  rotateTokens: false,
  emptyPageEvery: 0,
  pageSize: 0,
  throttle: false,
  quotas: { blocksPerAccount: 1_000, blocksPerSnapshot: 1_000, lists: 50, ec2: 50 },
  recycleBin: false,
};

/** The folder's world as it was left, or a new one. `keys` are added each time. */
export async function openWorld(folder: string, upstream: string, keys: readonly LabKey[]): Promise<World> {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/world.json`;
  const saved: Saved = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Saved) : newWorld();
  for (const key of keys) saved.keys[key.accessKey] ??= key;
  const indexes = new Map<string, BlockIndex>();
  let last: Promise<unknown> = Promise.resolve();
  const world: World = {
    folder,
    upstream,
    saved,
    pack: await openPack(`${folder}/blocks`),
    faults: createFaults(),
    counts: createCounts(),
    mayPass: createQuotas(),
    requests: [],
    reads: new Map(),
    nowMs: () => Date.now() + saved.aheadMs,
    save() {
      writeFileSync(`${file}.part`, JSON.stringify(saved), { mode: 0o600 });
      renameSync(`${file}.part`, file);
    },
    exclusive<T>(body: () => Promise<T>): Promise<T> {
      const mine = last.then(body, body);
      last = mine;
      return mine;
    },
    index(snapshot) {
      const known = indexes.get(snapshot) ?? loadIndex(world.indexFile(snapshot));
      indexes.set(snapshot, known);
      return known;
    },
    volumeFile: (volume) => `${folder}/volumes/${volume}.raw`,
    indexFile: (snapshot) => `${folder}/snapshots/${snapshot}.blocks`,
  };
  world.save();
  return world;
}

function newWorld(): Saved {
  return {
    v: 1,
    tokenSecret: randomBytes(16).toString('hex'),
    aheadMs: 0,
    settings: { ...usualSettings, quotas: { ...usualSettings.quotas } },
    keys: {},
    volumes: {},
    snapshots: {},
    instances: {},
  };
}
