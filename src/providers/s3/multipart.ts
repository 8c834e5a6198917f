import { createHash, hash } from 'node:crypto';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { Stored, StoredPart, StreamedBody, Writing } from '../../ports/object-store.ts';
import { retried } from '../../wire/retry.ts';
import { canonicalQuery, encodePath } from '../../wire/sigv4.ts';
import { bytesOf } from '../../wire/sigv4-chunks.ts';
import type { Caller } from './call.ts';
import { refusal } from './errors.ts';
import { metadataHeaders, quoted, unquoted } from './metadata.ts';
import { conditionHeaders, storedOf } from './writing.ts';
import { childOf, childrenOf, encodeText, parseXml, rootOf, textOf } from './xml.ts';

type Multipart = Pick<Writing, 'createUpload' | 'putPart' | 'putPartStream' | 'copyPart' | 'listParts' | 'completeUpload' | 'abortUpload'>;

/** Uploads in parts, by hand: the same exact keys, errors and retries as every other write. */
export function createMultipart(caller: Caller, bucket: string): Multipart {
  async function listParts(key: string, upload: string, signal?: AbortSignal): Promise<readonly StoredPart[]> {
    const parts: StoredPart[] = [];
    for (let marker: string | undefined; ; ) {
      const query = canonicalQuery({ uploadId: upload, 'part-number-marker': marker });
      // A page of 1,000 parts is longer than what the transport collects by itself.
      const chunks: Buffer[] = [];
      const gather = (chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk));
      await caller.call({ operation: 'ListParts', method: 'GET', key, query, sink: gather, signal }, () => chunks.splice(0));
      const page = rootOf(parseXml(Buffer.concat(chunks)));
      for (const part of childrenOf(page, 'Part')) parts.push(storedPart(part));
      const next = textOf(childOf(page, 'NextPartNumberMarker'));
      if (textOf(childOf(page, 'IsTruncated')) !== 'true' || next === '' || next === marker) return parts;
      marker = next;
    }
  }

  async function isGone(key: string, upload: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await listParts(key, upload, signal);
      return false;
    } catch (error) {
      if (isMigrationError(error, 'UPLOAD_MISSING')) return true;
      throw error;
    }
  }

  return {
    async createUpload(key, metadata, signal) {
      const headers = metadataHeaders(metadata);
      const answer = await caller.call({ operation: 'CreateMultipartUpload', method: 'POST', key, query: 'uploads=', headers, signal });
      const upload = textOf(childOf(rootOf(parseXml(answer.body)), 'UploadId'));
      // An answer without an id leaves an upload that nobody can name; `openUploads` shows it.
      if (upload === '') throw refusal({ ...answer, status: 500 }, caller.asked({ operation: 'CreateMultipartUpload', method: 'POST' }));
      return upload;
    },

    async putPart(key, upload, part, body, sha256, signal) {
      const query = canonicalQuery({ partNumber: part, uploadId: upload });
      const answer = await caller.call({ operation: 'UploadPart', method: 'PUT', key, query, body, sha256, signal });
      return { etag: unquoted(answer.headers.etag ?? '') };
    },

    async putPartStream(key, upload, part, { sizeBytes, chunks }, signal) {
      const query = canonicalQuery({ partNumber: part, uploadId: upload });
      const stream = { sizeBytes, chunks: () => throughSource(chunks(), sizeBytes, caller) };
      try {
        const answer = await caller.call({ operation: 'UploadPart', method: 'PUT', key, query, stream, signal });
        return { etag: unquoted(answer.headers.etag ?? '') };
      } catch (error) {
        throw error instanceof SourceFault ? error.cause : error;
      }
    },

    async copyPart(key, upload, part, { key: from, etag, start, lengthBytes }, signal) {
      const copy = {
        operation: 'UploadPartCopy',
        method: 'PUT',
        key,
        query: canonicalQuery({ partNumber: part, uploadId: upload }),
        headers: {
          'x-amz-copy-source': `/${encodePath(bucket)}/${encodePath(from)}`,
          'x-amz-copy-source-if-match': quoted(etag),
          'x-amz-copy-source-range': `bytes=${start}-${start + lengthBytes - 1}`,
        },
        answerTimeoutMs: copyTimeoutMs,
        signal,
      } as const;
      return retried(async () => {
        const answer = await caller.once(copy);
        const document = parseXml(answer.body);
        // A 200 may begin before the store knows, and say in the body that it failed.
        if (childOf(document, 'Error') !== undefined) throw refusal({ ...answer, status: 400 }, caller.asked(copy));
        const copied = unquoted(textOf(childOf(rootOf(document), 'ETag')));
        // An answer that broke off: asked again, the part is the same.
        if (copied === '') throw refusal({ ...answer, status: 500 }, caller.asked(copy));
        return { etag: copied };
      }, signal);
    },

    listParts,

    async completeUpload(key, upload, parts, condition, signal) {
      const listed = parts.map(({ part, etag }) => `<Part><PartNumber>${part}</PartNumber><ETag>${encodeText(quoted(etag))}</ETag></Part>`);
      const body = Buffer.from(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`);
      const headers = { 'content-type': 'application/xml', ...conditionHeaders(condition) };
      const complete = { operation: 'CompleteMultipartUpload', method: 'POST', key, query: canonicalQuery({ uploadId: upload }), headers } as const;
      try {
        return await retried(async () => {
          const answer = await caller.once({ ...complete, body, sha256: hash('sha256', body), signal });
          const document = parseXml(answer.body);
          // AWS may begin its 200 before it knows, and say in the body that it failed.
          if (childOf(document, 'Error') !== undefined) throw refusal({ ...answer, status: 400 }, caller.asked(complete));
          const etag = unquoted(textOf(childOf(rootOf(document), 'ETag')));
          return etag ? { ...storedOf(answer), etag } : await standing(caller, key, signal);
        }, signal);
      } catch (error) {
        // The answer to an earlier call may be lost: then the upload is gone and our object stands, perhaps in its own way.
        if (!isMigrationError(error, 'UPLOAD_MISSING', 'TARGET_CONDITION') || !(await isGone(key, upload, signal))) throw error;
        const there = await standing(caller, key, signal).catch(() => undefined);
        if (there && there.etag === multipartEtag(parts)) return there;
        throw error;
      }
    },

    async abortUpload(key, upload, signal) {
      try {
        await caller.call({ operation: 'AbortMultipartUpload', method: 'DELETE', key, query: canonicalQuery({ uploadId: upload }), signal });
      } catch (error) {
        if (!isMigrationError(error, 'UPLOAD_MISSING')) throw error;
      }
    },
  };
}

const copyTimeoutMs = 10 * 60_000; // up to 5 GiB are copied, and some stores say nothing before the end

/** What went wrong before the store. No retry takes it for the store's: the source has its own patience, and a wrong length stays wrong. */
class SourceFault extends Error {}

type Chunks = ReturnType<StreamedBody['chunks']>;

async function* throughSource(chunks: Chunks, sizeBytes: number, caller: Caller): Chunks {
  let sent = 0;
  try {
    for await (const chunk of chunks) {
      sent += bytesOf(chunk).length;
      if (sent > sizeBytes) break;
      yield chunk;
    }
  } catch (cause) {
    throw new SourceFault('source', { cause });
  }
  if (sent === sizeBytes) return;
  const { operation, place } = caller.asked({ operation: 'UploadPart', method: 'PUT' });
  throw new SourceFault('length', { cause: new MigrationError('BODY_LENGTH', { operation, target: place, detail: 'not as long as declared' }) });
}

function storedPart(part: Parameters<typeof childOf>[0]): StoredPart {
  return { part: Number(textOf(childOf(part, 'PartNumber'))), etag: unquoted(textOf(childOf(part, 'ETag'))), sizeBytes: Number(textOf(childOf(part, 'Size'))) };
}

async function standing(caller: Caller, key: string, signal: AbortSignal | undefined): Promise<Stored> {
  return storedOf(await caller.call({ operation: 'HeadObject', method: 'HEAD', key, signal }));
}

/** MD5 over the parts' MD5s, then `-count`; undefined where the store's part ETags are no MD5 (KMS), so that nothing equals it. */
export function multipartEtag(parts: readonly StoredPart[]): string | undefined {
  if (!parts.every(({ etag }) => /^[0-9a-f]{32}$/i.test(etag))) return undefined;
  const all = createHash('md5');
  for (const { etag } of parts) all.update(etag, 'hex');
  return `${all.digest('hex')}-${parts.length}`;
}
