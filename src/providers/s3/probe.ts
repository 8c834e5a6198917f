import { hash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetBucketPolicyCommand, GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { isMigrationError } from '../../core/migration-error.ts';
import type { TargetCapabilities } from '../../model/bucket.ts';
import type { ObjectMetadata } from '../../model/object-entry.ts';
import type { Reading, Stored, Writing } from '../../ports/object-store.ts';
import type { Caller } from './call.ts';
import type { Control } from './control.ts';
import { openUploads } from './uploads.ts';

interface Probed {
  readonly control: Control;
  readonly caller: Caller;
  readonly objects: Reading & Pick<Writing, 'put' | 'putTags' | 'remove' | 'createUpload' | 'putPartStream' | 'copyPart' | 'listParts' | 'abortUpload'>;
  readonly host: string;
  readonly bucket: string;
}

const plain: ObjectMetadata = { headers: {}, user: {} };
const standardMetadataBytes = 2048; // what every S3 store must hold
const roomyMetadataBytes = 7500; // below the 8 KiB that most servers take for all headers together

/**
 * What the store does, seen by a few objects of some bytes under `prefix`, all removed again. A name is drawn, so that two
 * probes never meet. A crash here leaves at most three small objects and an upload under the prefix.
 */
export async function probe({ control, caller, objects, host, bucket }: Probed, prefix: string, signal?: AbortSignal): Promise<TargetCapabilities> {
  const key = `${prefix}probe-${randomBytes(8).toString('hex')}`;
  const body = Buffer.from('ecluse');
  const sha256 = hash('sha256', body);
  const written: { key: string; stored: Stored }[] = [];

  const put = async (name: string, metadata: ObjectMetadata, condition: Parameters<Writing['put']>[4]): Promise<void> => {
    written.push({ key: name, stored: await objects.put(name, body, sha256, metadata, condition, signal) });
  };

  try {
    await put(key, plain, { any: true });
    const ifNoneMatch = await refuses(() => put(key, plain, { absent: true }), 'TARGET_CONDITION');
    const ifMatch = await refuses(() => put(key, plain, { etag: '0'.repeat(32) }), 'TARGET_CONDITION');
    const checksSignedHash = !(await takesAnotherBody(caller, `${key}-hash`, written, signal));
    const parts = await takesParts({ objects, control, bucket }, key, written[0]?.stored.etag ?? '', signal);
    const tagging = await holdsTags(objects, key, signal);
    const roomy = { headers: {}, user: { probe: 'x'.repeat(roomyMetadataBytes) } };
    const isRoomy = !(await refuses(() => put(`${key}-metadata`, roomy, { any: true }), 'TARGET_INVALID', 'UNAVAILABLE', 'UNSUPPORTED'));
    return {
      ifNoneMatch,
      ifMatch,
      checksSignedHash,
      tagging,
      ...parts,
      versioning: await answers(() =>
        control.send('GetBucketVersioning', (client, options) => client.send(new GetBucketVersioningCommand({ Bucket: bucket }), options), signal),
      ),
      policy: await answers(() =>
        control.send('GetBucketPolicy', (client, options) => client.send(new GetBucketPolicyCommand({ Bucket: bucket }), options), signal),
      ),
      // Published by Scaleway; asking would take 1,001 parts.
      partCount: host.endsWith('.scw.cloud') ? 1000 : 10_000,
      userMetadataBytes: isRoomy ? roomyMetadataBytes : standardMetadataBytes,
    };
  } finally {
    // Newest first, each version by its name; without versions the first removal takes the object and the rest find it gone.
    for (const { key: name, stored } of written.reverse()) await objects.remove(name, stored);
  }
}

async function refuses(run: () => Promise<void>, ...codes: Parameters<typeof isMigrationError>[1][]): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (isMigrationError(error, ...codes)) return true;
    throw error;
  }
}

/** Signed for one body, sent with another of the same length: whether the store keeps it all the same. */
async function takesAnotherBody(caller: Caller, key: string, written: { key: string; stored: Stored }[], signal?: AbortSignal): Promise<boolean> {
  const signed = hash('sha256', 'ecluse');
  try {
    const { headers } = await caller.once({ operation: 'PutObject', method: 'PUT', key, body: Buffer.from('eclusE'), sha256: signed, signal });
    const versionId = headers['x-amz-version-id'];
    written.push({ key, stored: { etag: (headers.etag ?? '').replaceAll('"', ''), ...(versionId ? { versionId } : {}) } });
    return true;
  } catch (error) {
    if (isMigrationError(error, 'BODY_LENGTH', 'TARGET_INVALID', 'CREDENTIALS_REFUSED')) return false;
    throw error;
  }
}

/** Two parts of an upload that is never completed: one streamed, one a range of `key`. Their sizes show that framing and range were understood. */
async function takesParts(
  { objects, control, bucket }: Pick<Probed, 'objects' | 'control' | 'bucket'>,
  key: string,
  etag: string,
  signal?: AbortSignal,
): Promise<{ readonly partCopy: boolean; readonly streamedParts: boolean }> {
  const to = `${key}-parts`;
  const stream = { sizeBytes: 6, chunks: () => Readable.from([Buffer.from('ecluse')]) };
  try {
    const upload = await objects.createUpload(to, plain, signal);
    const copy = (from: string): Promise<unknown> => objects.copyPart(to, upload, 1, { key, etag: from, start: 1, lengthBytes: 3 }, signal);
    // A store that copies whatever stands there could mix two images.
    const copies = (await works(() => copy(etag))) && (await refuses(async () => void (await copy('0'.repeat(32))), 'TARGET_CONDITION'));
    const streams = await works(() => objects.putPartStream(to, upload, 2, stream, signal));
    const parts = await objects.listParts(to, upload, signal);
    const holds = (part: number, sizeBytes: number): boolean => parts.some((there) => there.part === part && there.sizeBytes === sizeBytes);
    return { partCopy: copies && holds(1, 3), streamedParts: streams && holds(2, 6) };
  } finally {
    // All that are there: an upload whose answer was lost has no name here.
    for (const left of await openUploads(control, bucket, signal, to)) await objects.abortUpload(left.key, left.upload);
  }
}

/** A store without a function refuses it, or fails over it. */
async function works(run: () => Promise<unknown>): Promise<boolean> {
  const isRefused = await refuses(
    async () => void (await run()),
    'UNSUPPORTED',
    'TARGET_INVALID',
    'PERMISSION_DENIED',
    'CREDENTIALS_REFUSED',
    'BODY_LENGTH',
    'UNAVAILABLE',
  );
  return !isRefused;
}

async function holdsTags(objects: Probed['objects'], key: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await objects.putTags(key, { probe: 'a+b/c' }, undefined, signal);
    return (await objects.tags(key, undefined, signal)).probe === 'a+b/c';
  } catch (error) {
    if (isMigrationError(error, 'UNSUPPORTED', 'TARGET_INVALID', 'PERMISSION_DENIED')) return false;
    throw error;
  }
}

/** A function is there when it answers, also that nothing is set. */
async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isMigrationError(error) && error.context.detail?.includes('NoSuchBucketPolicy')) return true;
    if (isMigrationError(error, 'UNSUPPORTED', 'PERMISSION_DENIED', 'TARGET_INVALID', 'UNEXPECTED')) return false;
    throw error;
  }
}
