import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ObjectHead } from '../../../src/model/object-entry.ts';
import type { Reading } from '../../../src/ports/object-store.ts';
import { readDigest, readInto } from '../../../src/transfer/read-object.ts';
import { bytesOf, never } from '../../support/passage.ts';

/** A store that ignores If-Match and declares nothing: whatever it sends, the reader must judge. */
const careless = (body: Buffer, etag: string, step: number): Reading => ({
  head: async () => head(body, etag),
  tags: async () => ({}),
  read: async (_request, sink) => {
    for (let at = 0; at < body.length; at += step) sink(body.subarray(at, at + step));
    return head(body, etag);
  },
});
const head = (body: Buffer, etag: string): ObjectHead => ({ sizeBytes: body.length, etag, lastModified: '', metadata: { headers: {}, user: {} } });

describe.each([1, 1000, 70_000, 1_000_000])('a body in pieces of %i bytes', (step) => {
  it.each([0, 1, 5, 65_536, 65_537, 200_003].filter((sizeBytes) => sizeBytes / step < 10_000))('of %i bytes is read and hashed whole', async (sizeBytes) => {
    const body = bytesOf(sizeBytes, 4);
    const buffer = Buffer.alloc(sizeBytes);
    const request = { key: 'k', etag: 'e', sizeBytes };
    const digest = hash('sha256', body, 'hex');
    expect((await readInto(careless(body, 'e', step), request, buffer, never())).sha256).toBe(digest);
    expect(buffer.equals(body)).toBe(true);
    expect((await readDigest(careless(body, 'e', step), request, never())).sha256).toBe(digest);
  });

  it.each([-1, 1])('is refused when it is %i byte off', async (off) => {
    const request = { key: 'k', etag: 'e', sizeBytes: 5000 };
    const store = careless(bytesOf(5000 + off), 'e', step);
    await expect(readInto(store, request, Buffer.alloc(5000), never())).rejects.toMatchObject({ code: 'BODY_LENGTH' });
    await expect(readDigest(store, request, never())).rejects.toMatchObject({ code: 'BODY_LENGTH' });
  });

  it('is refused when it is of another version', async () => {
    await expect(readInto(careless(bytesOf(5), 'other', step), { key: 'k', etag: 'e', sizeBytes: 5 }, Buffer.alloc(5), never())).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    });
  });
});
