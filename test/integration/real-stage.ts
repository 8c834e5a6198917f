import { randomBytes } from 'node:crypto';
import type { ComparedBucket } from '../../lab/compare/bucket-contents.ts';
import type { Fault } from '../../lab/proxy/fault.ts';
import { made } from '../../lab/seed/estate.ts';
import { createLabStore, type LabPlace, type LabStore } from '../../lab/seed/lab-store.ts';
import { putObject } from '../../lab/seed/put-object.ts';
import { type StoreProxy, startStoreProxy } from '../../lab/store-proxy.ts';
import { ledgerLines } from '../../src/ledger/verify.ts';
import type { LedgerRecord } from '../../src/model/ledger-record.ts';
import type { BucketWorkload } from '../../src/model/plan.ts';
import { openRealStores, type RealPlace } from '../support/real-stores.ts';
import { sharedStores } from '../support/stores.ts';
import { type Stage, type StageOptions, withStage } from '../workflows/stage.ts';

export interface RealOptions {
  /** Default: the run's two SeaweedFS stores. */
  readonly from?: LabPlace;
  readonly to?: LabPlace;
  /** Fills the source bucket, which exists already and is empty. */
  readonly seed: (store: LabStore, bucket: string, place: ComparedBucket) => Promise<unknown>;
  readonly entry?: Partial<BucketWorkload>;
  readonly stage?: Omit<StageOptions, 'entry' | 'stores' | 'source' | 'target' | 'connect'>;
  /** What the workers are told wrongly of the two stores. */
  readonly told?: { readonly from?: Partial<RealPlace>; readonly to?: Partial<RealPlace> };
  /** Somebody made the target bucket already, and put this into it. */
  readonly targetSeed?: (store: LabStore, bucket: string) => Promise<unknown>;
  readonly faults?: { readonly source?: readonly Fault[]; readonly target?: readonly Fault[] };
}

/** What the workers are told of each store; a test may change it while they run, as an operator who mends it does. */
export interface Places {
  [at: string]: RealPlace;
  from: RealPlace;
  to: RealPlace;
}

export interface RealEnd {
  /** The bucket itself, without the proxy: for comparisons. */
  readonly place: ComparedBucket;
  /** The same for who is nobody's administrator, as the software that uses the bucket. */
  readonly application: LabStore;
  readonly admin: LabStore;
  readonly proxy: StoreProxy;
}

export interface RealStage {
  readonly stage: Stage;
  readonly source: RealEnd;
  readonly target: RealEnd;
  readonly places: Places;
  ledger(): Promise<readonly LedgerRecord[]>;
}

/** A project of one bucket between two real stores, each behind a proxy that counts and breaks what passes. */
export async function withRealStage(options: RealOptions, play: (real: RealStage) => Promise<void>): Promise<void> {
  const bucket = `b${randomBytes(6).toString('hex')}`;
  const shared = options.from && options.to ? undefined : sharedStores();
  const [source, target] = await Promise.all([
    openEnd(options.from ?? (shared as NonNullable<typeof shared>).source, `${bucket}-from`, options.faults?.source),
    openEnd(options.to ?? (shared as NonNullable<typeof shared>).target, `${bucket}-to`, options.faults?.target),
  ]);
  const places: Places = {
    from: { ...source.place, endpoint: source.proxy.endpoint, ...options.told?.from },
    to: { ...target.place, endpoint: target.proxy.endpoint, ...options.told?.to },
  };
  const stores = openRealStores(places);
  try {
    await source.admin.call({ method: 'PUT', bucket: source.place.bucket });
    if (options.targetSeed) {
      await target.admin.call({ method: 'PUT', bucket: target.place.bucket });
      await options.targetSeed(target.admin, target.place.bucket);
    }
    await options.seed(source.admin, source.place.bucket, source.place);
    const ends = { source: { at: 'from', bucket: source.place.bucket }, target: { at: 'to', bucket: target.place.bucket } };
    await withStage({ shardObjects: 100, ...options.stage, stores, entry: { ...ends, ...options.entry } }, async (stage) => {
      await play({ stage, source, target, places, ledger: () => recordsOf(stage) });
    });
  } finally {
    await stores.close();
    for (const { application, admin, proxy } of [source, target]) {
      application.close();
      admin.close();
      await proxy.stop();
    }
  }
}

async function openEnd(
  place: LabPlace & { readonly application?: { accessKey: string; secretKey: string } },
  bucket: string,
  faults: readonly Fault[] = [],
): Promise<RealEnd> {
  const { endpoint, region, accessKey, secretKey, application } = place;
  return {
    place: { endpoint, region, accessKey, secretKey, bucket },
    application: createLabStore({ endpoint, region, accessKey, secretKey, ...application }, { connections: 4 }),
    admin: createLabStore({ endpoint, region, accessKey, secretKey }, { connections: 16 }),
    proxy: await startStoreProxy({ upstream: endpoint, faults }),
  };
}

async function recordsOf({ ledger }: Stage): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const line of ledgerLines(ledger)) records.push(JSON.parse(line) as LedgerRecord);
  return records;
}

export const putText = (store: LabStore, bucket: string, key: string, text: string): Promise<unknown> =>
  store.call({ method: 'PUT', bucket, key, body: Buffer.from(text) });

export const policyOf = async ({ admin, place: { bucket } }: RealEnd): Promise<string> => {
  const { status, body } = await admin.call({ method: 'GET', bucket, query: { policy: '' } });
  return status === 404 ? '' : body.toString();
};

/** As an administrator who takes the freeze for a mistake does it: lifts it, writes, and puts it back. */
export async function writeUnderFreeze(end: RealEnd, key: string, text: string): Promise<void> {
  const {
    admin,
    place: { bucket },
  } = end;
  const frozen = await policyOf(end);
  await admin.call({ method: 'DELETE', bucket, query: { policy: '' } });
  await putText(admin, bucket, key, text);
  await admin.call({ method: 'PUT', bucket, query: { policy: '' }, body: Buffer.from(frozen) });
}

/** Approved and ordered, from `rolled back` to the end. */
export async function discard(stage: Stage): Promise<void> {
  await stage.approve('discard');
  await stage.until(({ waitingFor }) => waitingFor?.startsWith('order discard') === true);
  await stage.order('discard');
  await stage.untilState('discarded', 'done');
}

/** Names in a report file of the depot. */
export async function reportOf(stage: Stage, name: string): Promise<readonly { is?: string; key: string; reason?: string }[]> {
  const { evidence } = await stage.status();
  const text = (await stage.depot.get(evidence[name] ?? '')).toString();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { is?: string; key: string });
}

/** Ten objects: small ones, an empty one, one with tags and metadata, one of several parts. */
export async function smallEstate(store: LabStore, bucket: string): Promise<void> {
  const objects = Array.from({ length: 7 }, (_, n) => made(`folder/${n} é.txt`, 100 + n * 4_000, {}));
  const tagged = made('tagged.txt', 50, { user: { author: 'p-1' }, tags: { kind: 'test' }, headers: { 'content-type': 'text/plain' } });
  for (const object of [...objects, made('empty', 0, {}), tagged, made('large.bin', 17 * 1024 * 1024, {})]) await putObject(store, bucket, object);
}

export async function openUploads({ admin, place: { bucket } }: RealEnd): Promise<number> {
  const { body } = await admin.call({ method: 'GET', bucket, query: { uploads: '' } });
  return body.toString().split('<Upload>').length - 1;
}
