import { resolve } from 'node:path';
import { configureBucket } from './configuration.ts';
import { eachOf } from './each-of.ts';
import { demoScale, estate, made, type SeedObject, type SeedScale, taggedObjects } from './estate.ts';
import { historyPrefix, seedHistories } from './histories.ts';
import { oddKeys } from './keys.ts';
import { createLabStore, type LabPlace, type LabStore } from './lab-store.ts';
import { listObjects } from './listing.ts';
import { etagOf, putObject, putTags } from './put-object.ts';

const connections = 32;
const smallBytes = 4 * 1024 * 1024;
const largeInFlight = 2; // each holds up to four parts of 16 MiB

export interface Seeded {
  /** Current objects in the bucket and their bytes. */
  readonly objects: number;
  readonly sizeBytes: number;
  /** What this call had to write or remove; 0 when everything was there. */
  readonly written: number;
  readonly removed: number;
}

/**
 * Makes the source bucket what the demo and the suites expect, whatever it was: writes what is missing or different (by size and ETag),
 * removes what is foreign. A second call lists and compares, and writes nothing. A crash leaves a part of it; the next call does the rest.
 */
export async function seedSource(options: LabPlace & { bucket: string; scale?: SeedScale; modulesRoot?: string }): Promise<Seeded> {
  const { bucket, scale = demoScale, modulesRoot = resolve('node_modules') } = options;
  const store = createLabStore(options, { connections });
  try {
    await ensureBucket(store, bucket);
    await configureBucket(store, bucket);
    const { written, removed } = await settle(store, bucket, await estate(scale, modulesRoot), historyPrefix);
    await eachOf(taggedObjects(), connections, (object) => putTags(store, bucket, object));
    return await told(store, bucket, written + (await seedHistories(store, bucket)), removed);
  } finally {
    store.close();
  }
}

/** Fills a bucket with the keys that SeaweedFS alters; meant for moto's S3, which keeps every one. */
export async function seedOddKeys(options: LabPlace & { bucket: string }): Promise<Seeded> {
  const store = createLabStore(options, { connections: 4 });
  try {
    await ensureBucket(store, options.bucket);
    const objects = oddKeys.map((key) => made(key, 40 + Buffer.byteLength(key), { headers: { 'content-type': 'text/plain' }, user: { note: 'odd' } }));
    const { written, removed } = await settle(store, options.bucket, objects);
    return await told(store, options.bucket, written, removed);
  } finally {
    store.close();
  }
}

async function ensureBucket(store: LabStore, bucket: string): Promise<void> {
  const head = await store.call({ method: 'HEAD', bucket });
  if (head.status === 404) await store.call({ method: 'PUT', bucket });
}

/** Brings the bucket's objects, those below `except` aside, to `wanted`. */
async function settle(store: LabStore, bucket: string, wanted: readonly SeedObject[], except?: string): Promise<{ written: number; removed: number }> {
  const listed = new Map((await listObjects(store, bucket)).map((object) => [object.key, object]));
  const missing: SeedObject[] = [];
  await eachOf(wanted, 8, async (object) => {
    const there = listed.get(object.key);
    listed.delete(object.key);
    if (there?.sizeBytes !== object.sizeBytes || there.etag !== (await etagOf(object))) missing.push(object);
  });
  const foreign = [...listed.keys()].filter((key) => except === undefined || !key.startsWith(except));
  await eachOf(foreign, connections, async (key) => void (await store.call({ method: 'DELETE', bucket, key })));
  await Promise.all([
    eachOf(sized(missing, true), connections, (object) => putObject(store, bucket, object)),
    eachOf(sized(missing, false), largeInFlight, (object) => putObject(store, bucket, object)),
  ]);
  return { written: missing.length, removed: foreign.length };
}

function sized(objects: readonly SeedObject[], isSmall: boolean): readonly SeedObject[] {
  return objects.filter(({ sizeBytes }) => sizeBytes <= smallBytes === isSmall);
}

async function told(store: LabStore, bucket: string, written: number, removed: number): Promise<Seeded> {
  const objects = await listObjects(store, bucket);
  return { objects: objects.length, sizeBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), written, removed };
}
