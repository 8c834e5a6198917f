import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { ObjectHead } from '../../model/object-entry.ts';
import type { Reading, ReadRequest } from '../../ports/object-store.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import { canonicalQuery } from '../../wire/sigv4.ts';
import type { Caller } from './call.ts';
import { headOf, quoted } from './metadata.ts';
import { type CountedAnswer, createTagCounts } from './tag-count.ts';
import { childOf, childrenOf, parseXml, rootOf, textOf } from './xml.ts';

/** `countsTags`: the store promises to tell an object's tag count. */
export function createReading(caller: Caller, countsTags = false): Reading {
  const tagCounts = createTagCounts(countsTags);
  const counted = (head: ObjectHead, answer: CountedAnswer): ObjectHead => {
    const tagCount = tagCounts.read(answer, head.tagCount);
    return tagCount === undefined ? head : { ...head, tagCount };
  };

  return {
    async head(key, versionId, signal) {
      try {
        const answer = await caller.call({ operation: 'HeadObject', method: 'HEAD', key, query: versionQuery(versionId), signal });
        const head = headOf(answer.headers, Number(answer.headers['content-length'] ?? 0));
        if (isMadeUp(head)) throw missing(caller);
        return counted(head, { method: 'HEAD', isVersion: versionId !== undefined });
      } catch (error) {
        if (!isMigrationError(error, 'PERMISSION_DENIED', 'UNSUPPORTED')) throw error;
        // A HEAD's refusal has no body and so no name: credentials, right or request? A GET of one byte tells.
        await caller.call({ operation: 'GetObject', method: 'GET', key, query: versionQuery(versionId), headers: { range: 'bytes=0-0' }, signal });
        throw error;
      }
    },

    async read(request, sink, signal) {
      const { key, versionId, etag, range, sizeBytes } = request;
      const headers: Record<string, string> = {};
      if (etag !== undefined) headers['if-match'] = quoted(etag);
      if (range) headers.range = `bytes=${range.start}-${range.start + range.lengthBytes - 1}`;
      let received = 0;
      // A sink fills a buffer of the expected size: what exceeds it must not reach it.
      const bounded = (chunk: Uint8Array): void => {
        received += chunk.length;
        if (received > sizeBytes) throw wrongLength(caller, `${received} of ${sizeBytes} bytes`);
        sink(chunk);
      };
      const answer = await caller.once({ operation: 'GetObject', method: 'GET', key, query: versionQuery(versionId), headers, sink: bounded, signal });
      return counted(checked(caller, answer, request), { method: range ? 'GET range' : 'GET', isVersion: versionId !== undefined });
    },

    async tags(key, versionId, signal) {
      const query = canonicalQuery({ tagging: '', versionId });
      const answer = await caller.call({ operation: 'GetObjectTagging', method: 'GET', key, query, signal }).catch((error: unknown) => {
        if (isMigrationError(error, 'PERMISSION_DENIED')) tagCounts.denied();
        throw error;
      });
      const set = childOf(rootOf(parseXml(answer.body)), 'TagSet');
      tagCounts.allowed(versionId !== undefined);
      return Object.fromEntries(childrenOf(set, 'Tag').map((tag) => [textOf(childOf(tag, 'Key')), textOf(childOf(tag, 'Value'))]));
    },
  };
}

export const versionQuery = (versionId: string | undefined): string => (versionId === undefined ? '' : canonicalQuery({ versionId }));

/** SeaweedFS answers for the folder above a key as for an empty object, with the ETag of an upload of no parts, which nobody can make. */
const isMadeUp = ({ sizeBytes, etag }: ObjectHead): boolean => sizeBytes === 0 && etag.endsWith('-0');

function missing(caller: Caller): MigrationError {
  const { operation, place } = caller.asked({ operation: 'HeadObject', method: 'HEAD' });
  return new MigrationError('OBJECT_MISSING', { operation, source: place, detail: 'a folder, not an object' });
}

/** Declared = read = expected, of the range that was asked for and of the version that was asked for. */
function checked(caller: Caller, answer: HttpAnswer, { etag, range, sizeBytes }: ReadRequest): ObjectHead {
  if (answer.receivedBytes !== sizeBytes) throw wrongLength(caller, `${answer.receivedBytes} of ${sizeBytes} bytes`);
  let wholeBytes = sizeBytes;
  if (range) {
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
    const isAsked = Number(first) === range.start && Number(last) === range.start + range.lengthBytes - 1;
    if (answer.status !== 206 || !isAsked) throw wrongLength(caller, `${answer.status}, another range`);
    wholeBytes = Number(total);
  }
  const head = headOf(answer.headers, wholeBytes);
  // A store that ignores If-Match still tells what it gave.
  if (etag !== undefined && head.etag !== etag) {
    const { operation, place } = caller.asked({ operation: 'GetObject', method: 'GET' });
    throw new MigrationError('SOURCE_CHANGED', { operation, source: place, detail: 'another ETag' });
  }
  return head;
}

function wrongLength(caller: Caller, detail: string): MigrationError {
  const { operation, place } = caller.asked({ operation: 'GetObject', method: 'GET' });
  return new MigrationError('BODY_LENGTH', { operation, source: place, detail });
}
