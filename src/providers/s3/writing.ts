import { createHash, hash } from 'node:crypto';
import { isMigrationError } from '../../core/migration-error.ts';
import type { Stored, WriteCondition, Writing } from '../../ports/object-store.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import { canonicalQuery } from '../../wire/sigv4.ts';
import type { Caller } from './call.ts';
import { metadataHeaders, quoted, unquoted } from './metadata.ts';
import { versionQuery } from './reading.ts';
import { encodeText } from './xml.ts';

type Removed = Awaited<ReturnType<Writing['remove']>>;

/** Writes of whole objects, tags and deletions. A put whose answer was lost may meet itself on the next try: TARGET_CONDITION. */
export function createWriting(caller: Caller): Pick<Writing, 'put' | 'putTags' | 'remove'> {
  /** Learnt once: some stores answer NotImplemented to a conditional delete. */
  let conditionalDelete = true;

  async function erase(key: string, versionId: string | undefined, etag: string | undefined, signal?: AbortSignal): Promise<HttpAnswer> {
    const remove = { operation: 'DeleteObject', method: 'DELETE', key, query: versionQuery(versionId), signal } as const;
    if (etag === undefined || !conditionalDelete) return caller.call(remove);
    try {
      return await caller.call({ ...remove, headers: { 'if-match': quoted(etag) } });
    } catch (error) {
      if (!isMigrationError(error, 'UNSUPPORTED', 'TARGET_INVALID')) throw error;
      conditionalDelete = false;
      return caller.call(remove);
    }
  }

  /** The ETag of what is there now; undefined = nothing, '' = a delete marker, asked for by its version. */
  async function etagOf(key: string, versionId: string | undefined, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const answer = await caller.call({ operation: 'HeadObject', method: 'HEAD', key, query: versionQuery(versionId), signal });
      return unquoted(answer.headers.etag ?? '');
    } catch (error) {
      if (!isMigrationError(error, 'OBJECT_MISSING')) throw error;
      return error.context.detail?.startsWith('405') ? '' : undefined;
    }
  }

  /** A version without an ETag may be a delete marker, which some stores do not show to a HEAD: its removal says so. */
  async function removeVersion(key: string, versionId: string, signal?: AbortSignal): Promise<Removed> {
    const there = await etagOf(key, versionId, signal);
    const { headers } = await erase(key, versionId, undefined, signal);
    return { result: there !== undefined || headers['x-amz-delete-marker'] === 'true' ? 'removed' : 'gone', versionId };
  }

  return {
    async put(key, body, sha256, metadata, condition, signal) {
      const headers = { ...metadataHeaders(metadata), ...conditionHeaders(condition) };
      return storedOf(await caller.call({ operation: 'PutObject', method: 'PUT', key, headers, body, sha256, signal }));
    },

    async putTags(key, tags, versionId, signal) {
      const query = canonicalQuery({ tagging: '', versionId });
      // An empty set is a deletion: some stores fail over a set without a tag.
      if (Object.keys(tags).length === 0) {
        await caller.call({ operation: 'DeleteObjectTagging', method: 'DELETE', key, query, signal });
        return;
      }
      const set = Object.entries(tags).map(([name, value]) => `<Tag><Key>${encodeText(name)}</Key><Value>${encodeText(value)}</Value></Tag>`);
      const body = Buffer.from(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${set.join('')}</TagSet></Tagging>`);
      // Some stores demand the MD5 of every such document.
      const headers = { 'content-type': 'application/xml', 'content-md5': createHash('md5').update(body).digest('base64') };
      await caller.call({ operation: 'PutObjectTagging', method: 'PUT', key, query, headers, body, sha256: hash('sha256', body), signal });
    },

    async remove(key, { etag, versionId }, signal) {
      try {
        if (versionId !== undefined && !etag) return await removeVersion(key, versionId, signal);
        if (etag !== undefined) {
          const there = await etagOf(key, versionId, signal);
          if (there === undefined) return { result: 'gone' };
          if (there !== etag) return { result: 'changed' };
        }
        // A version never changes, so its HEAD was enough; only what is current may have moved on.
        const { headers } = await erase(key, versionId, versionId === undefined ? etag : undefined, signal);
        const marker = headers['x-amz-version-id'];
        return { result: 'removed', ...(marker ? { versionId: marker } : {}) };
      } catch (error) {
        // Between the HEAD and the DELETE somebody else was quicker.
        if (isMigrationError(error, 'OBJECT_MISSING')) return { result: 'gone' };
        if (isMigrationError(error, 'TARGET_CONDITION')) return { result: 'changed' };
        throw error;
      }
    },
  };
}

export function conditionHeaders(condition: WriteCondition): Record<string, string> {
  if ('absent' in condition) return { 'if-none-match': '*' };
  return 'etag' in condition ? { 'if-match': quoted(condition.etag) } : {};
}

export function storedOf({ headers }: Pick<HttpAnswer, 'headers'>): Stored {
  const versionId = headers['x-amz-version-id'];
  return { etag: unquoted(headers.etag ?? ''), ...(versionId ? { versionId } : {}) };
}
