import { looseForm } from '../core/key-rules.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { ObjectEntry, ObjectHead } from '../model/object-entry.ts';
import type { Stored, WriteCondition } from '../ports/object-store.ts';
import type { Carried } from './carry.ts';
import type { CopyAttempt, Job } from './copy-attempt.ts';
import { metadataDigest, tagsDigest } from './digests.ts';
import { persist } from './persist.ts';
import { type DigestForm, readDigest, readTree } from './read-object.ts';

/** What we are about to write, in digests. */
export interface Content extends DigestForm {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly carried: Carried;
}

export interface Landed extends Stored {
  readonly outcome: 'copied' | 'adopted';
}

const writesAtMost = 3; // an object that is removed and made again under our hands

/**
 * Writes under the condition that the entry demands: nothing there on a first write, still our own object on a later one. Where the condition does
 * not hold, the object there is read back: equal in bytes and metadata, it is ours from before a crash (or was there) and is adopted. Anything else
 * is left as it is: KEYS_MERGED when the store keeps another key of this shard there, else TARGET_NOT_EMPTY or TARGET_DIFFERS.
 */
export async function land(c: CopyAttempt, job: Job, content: Content, write: (condition: WriteCondition) => Promise<Stored>): Promise<Landed> {
  const left = await takeLeft(c, job, content);
  if (left) return { outcome: 'adopted', ...left };
  let condition = await firstCondition(c, job);
  let sent = 0;
  for (let writes = 1; ; writes += 1) {
    const counted = (held: WriteCondition): Promise<Stored> => {
      sent += 1;
      return write(held);
    };
    const stored = condition === 'occupied' ? undefined : await tryWrite(c, condition, counted);
    if (stored) return { outcome: 'copied', ...stored };
    const there = await lookAt(c, job, content);
    if (there === 'nothing' && writes < writesAtMost) {
      condition = c.capabilities.ifNoneMatch ? { absent: true } : { any: true };
      continue;
    }
    // SeaweedFS refuses "absent" for a key under which another key stands, as for a folder, and takes a plain write: its own word that
    // nothing is there then stands in for the condition. Not where it may keep one of our other keys there.
    if (there === 'nothing' && writes === writesAtMost && twinsOf(c, job).length === 0) {
      condition = { any: true };
      continue;
    }
    // Refused at its very first sending, by an attempt without forerunner: then it is not our own lost answer that we met.
    const isForeign = !c.journal.isResumed && sent <= 1;
    if (typeof there === 'object' && !isForeign) return { outcome: 'adopted', ...there };
    const isMerged = await isKeptAsOne(c, job);
    if (typeof there === 'object' && !isMerged) return { outcome: 'adopted', ...there };
    throw new MigrationError(isMerged ? 'KEYS_MERGED' : job.entry.replaces === undefined ? 'TARGET_NOT_EMPTY' : 'TARGET_DIFFERS', {
      operation: 'PutObject',
      detail: 'the target holds something else under this key',
    });
  }
}

/** With versions, a killed attempt may have written this very version without a row: writing again would make it twice. */
async function takeLeft(c: CopyAttempt, { entry, left = [] }: Job, content: Content): Promise<Stored | undefined> {
  for (const [at, { versionId, sizeBytes, isDeleteMarker }] of left.entries()) {
    if (isDeleteMarker || sizeBytes !== content.sizeBytes) continue;
    const stored = await isEqualThere(c, entry.key, versionId, content);
    if (!stored) continue;
    left.splice(at, 1);
    return stored;
  }
  return undefined;
}

async function tryWrite(c: CopyAttempt, condition: WriteCondition, write: (condition: WriteCondition) => Promise<Stored>): Promise<Stored | undefined> {
  try {
    return await persist(c, () => write(condition));
  } catch (error) {
    if (isMigrationError(error, 'TARGET_CONDITION')) return undefined;
    throw error;
  }
}

/** Where the store has no conditional writes, a HEAD just before stands in for the condition. */
async function firstCondition(c: CopyAttempt, { entry, isFirstOfKey }: Job): Promise<WriteCondition | 'occupied'> {
  const { ifNoneMatch, ifMatch } = c.capabilities;
  if (c.versions === 'all' && !(c.isFirstPass && isFirstOfKey)) return { any: true };
  if (entry.replaces !== undefined && c.versions === 'latest') {
    if (ifMatch) return { etag: entry.replaces };
    const etag = (await headOf(c, entry.key))?.etag;
    return etag === undefined || etag === entry.replaces ? { any: true } : 'occupied';
  }
  if (ifNoneMatch) return { absent: true };
  return (await headOf(c, entry.key)) === undefined ? { any: true } : 'occupied';
}

async function lookAt(c: CopyAttempt, { entry }: Job, content: Content): Promise<'nothing' | 'other' | Stored> {
  try {
    return (await isEqualThere(c, entry.key, undefined, content)) ?? 'other';
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) return 'nothing';
    throw error;
  }
}

/** The target's object, when it is equal in size, bytes and metadata. OBJECT_MISSING when there is none. */
export async function isEqualThere(c: CopyAttempt, key: string, versionId: string | undefined, content: Content): Promise<Stored | undefined> {
  const head = await persist(c, () => c.target.head(key, versionId, c.signal));
  if (head.sizeBytes !== content.sizeBytes) return undefined;
  try {
    const request = { key, versionId, etag: head.etag, sizeBytes: head.sizeBytes };
    const { chunkBytes } = content;
    const sha256 = chunkBytes
      ? await readTree(c.target, c, { ...request, chunkBytes })
      : (await persist(c, () => readDigest(c.target, request, c.signal))).sha256;
    if (sha256 !== content.sha256) return undefined;
  } catch (error) {
    if (isMigrationError(error, 'SOURCE_CHANGED', 'BODY_LENGTH')) return undefined; // it changes while it is read: it is not ours
    throw error;
  }
  const tags = content.carried.tagsDigest === undefined ? undefined : await persist(c, () => c.target.tags(key, versionId, c.signal));
  if (tags && tagsDigest(tags) !== content.carried.tagsDigest) return undefined;
  if (metadataDigest({ ...head.metadata, ...(tags ? { tags } : {}) }) !== content.carried.metadataDigest) return undefined;
  return { etag: head.etag, ...(head.versionId === undefined ? {} : { versionId: head.versionId }) };
}

const twinsAtMost = 8;

/** True when the target gives the very same object under another key of this shard that some store may take for this one. Asked only after a refusal. */
async function isKeptAsOne(c: CopyAttempt, job: Job): Promise<boolean> {
  const twins = twinsOf(c, job);
  if (twins.length === 0) return false;
  const here = await headOf(c, job.entry.key);
  for (const { key } of twins) {
    const there = await headOf(c, key);
    if (here && there && here.etag === there.etag && here.sizeBytes === there.sizeBytes && here.lastModified === there.lastModified) return true;
  }
  return false;
}

const twinsOf = ({ entries }: CopyAttempt, { entry }: Job): readonly ObjectEntry[] => {
  const form = looseForm(entry.key);
  return entries.filter(({ key }) => key !== entry.key && looseForm(key) === form).slice(0, twinsAtMost);
};

async function headOf(c: CopyAttempt, key: string): Promise<ObjectHead | undefined> {
  try {
    return await persist(c, () => c.target.head(key, undefined, c.signal));
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) return undefined;
    throw error;
  }
}

/** What stands there after our own write. That it is not there is the target's fault, not the source's. */
export async function headWritten(c: CopyAttempt, key: string, { versionId }: Stored): Promise<ObjectHead> {
  try {
    return await persist(c, () => c.target.head(key, versionId, c.signal));
  } catch (error) {
    if (isMigrationError(error, 'OBJECT_MISSING')) throw new MigrationError('TARGET_DIFFERS', { operation: 'HeadObject', detail: 'gone after it was written' });
    throw error;
  }
}
