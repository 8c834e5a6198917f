import { hash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredPart } from '../../src/ports/object-store.ts';
import type { Bucket } from './object-store.ts';

export interface PartHabits {
  /** What an outsider gets under a shared address; by default plain `fetch`. */
  readonly fetchShared?: (bucket: Bucket, url: string) => Promise<{ readonly status: number; readonly body: Buffer }>;
  /** The same bucket as one saw it whose clock is an hour behind. */
  readonly hourAgo: (bucket: Bucket) => Pick<Bucket, 'presign'>;
}

const mebibyte = 1024 * 1024;
const plain = { headers: {}, user: {} };
const oddName = "disk é/0 +%2F'(1).qcow2";

async function fetchPlainly(_bucket: Bucket, url: string): Promise<{ status: number; body: Buffer }> {
  const answer = await fetch(url);
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
}

/** Gives those bytes in pieces of one buffer, which is overwritten as soon as the next piece is asked for. */
async function* inPieces(whole: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const scratch = Buffer.alloc(pieceBytes);
  for (let at = 0; at < whole.length; at += pieceBytes) {
    const piece = scratch.subarray(0, whole.copy(scratch, 0, at, at + pieceBytes));
    yield piece;
    scratch.fill(0xdd);
  }
}

/** The duties of `ports/object-store.ts` about large parts and shared addresses. `make` opens a bucket that is not there yet. */
export function testPartsAndSharing(name: string, make: () => Promise<Bucket>, { fetchShared = fetchPlainly, hourAgo }: PartHabits): void {
  describe(`${name}: large parts and shared addresses`, () => {
    let bucket: Bucket;
    beforeEach(async () => {
      bucket = await make();
      await bucket.ensureBucket('p/w');
    });
    afterEach(async () => {
      for (const { key, upload } of await bucket.openUploads()) await bucket.abortUpload(key, upload);
      for (const { key, etag } of (await bucket.list({ versions: 'latest' })).entries) await bucket.remove(key, { etag });
      expect(await bucket.removeBucket('p/w')).toBe('removed');
    });

    const digestOf = async (key: string, sizeBytes: number): Promise<string> => {
      const chunks: Buffer[] = [];
      await bucket.read({ key, sizeBytes }, (chunk) => chunks.push(Buffer.from(chunk)));
      return hash('sha256', Buffer.concat(chunks));
    };
    const put = (key: string, body: Buffer) => bucket.put(key, body, hash('sha256', body), plain, { absent: true });
    const streamed = async (upload: string, part: number, body: Buffer, pieceBytes: number): Promise<StoredPart> => {
      const { etag } = await bucket.putPartStream('image', upload, part, { sizeBytes: body.length, chunks: () => inPieces(body, pieceBytes) });
      return { part, etag, sizeBytes: body.length };
    };

    it('can do both, and says so', async () => {
      expect(await bucket.probe('.ecluse/')).toMatchObject({ partCopy: true, streamedParts: true });
      expect((await bucket.list({ versions: 'latest' })).entries).toEqual([]);
      expect(await bucket.openUploads()).toEqual([]);
    });

    it('takes a part of 40 MiB as it comes', async () => {
      const body = Buffer.concat([randomBytes(5 * mebibyte), Buffer.alloc(34 * mebibyte, 7), randomBytes(mebibyte + 17)]);
      const upload = await bucket.createUpload('image', plain);
      const one = await streamed(upload, 1, body, 700_001);
      expect(await bucket.listParts('image', upload)).toEqual([one]);
      await bucket.completeUpload('image', upload, [one], { absent: true });
      expect(await digestOf('image', body.length)).toBe(hash('sha256', body));
      expect((await bucket.head('image')).metadata.headers['content-encoding']).toBeUndefined();
    });

    it('takes chunks whose SHA-256 is known, and refuses one that was altered since', async () => {
      const blocks = Array.from({ length: 12 }, () => randomBytes(512 * 1024));
      const body = Buffer.concat(blocks);
      const upload = await bucket.createUpload('image', plain);
      const send = (part: number, sent: readonly Buffer[]) => {
        async function* chunks() {
          for (const [n, block] of blocks.entries()) yield { bytes: sent[n] ?? block, sha256: hash('sha256', block) };
        }
        return bucket.putPartStream('image', upload, part, { sizeBytes: body.length, chunks });
      };
      const altered = Buffer.from(blocks[7] ?? '');
      altered[77] = (altered[77] ?? 0) ^ 1;
      // S3 calls it a wrong signature, SeaweedFS an error of its own.
      await expect(send(2, blocks.with(7, altered))).rejects.toMatchObject({ code: expect.stringMatching(/^(CREDENTIALS_REFUSED|UNAVAILABLE)$/) });
      expect(await bucket.listParts('image', upload)).toEqual([]);
      const part = { part: 1, etag: (await send(1, blocks)).etag, sizeBytes: body.length };
      expect(await bucket.listParts('image', upload)).toEqual([part]);
      await bucket.completeUpload('image', upload, [part], { absent: true });
      expect(await digestOf('image', body.length)).toBe(hash('sha256', body));
    });

    it('makes a new image of what changed and a range of the former, byte for byte', async () => {
      const former = randomBytes(12 * mebibyte);
      const { etag } = await put(oddName, former);
      const [head, tail] = [randomBytes(5 * mebibyte), randomBytes(1000)];
      const upload = await bucket.createUpload('image', plain);
      const first = await streamed(upload, 1, head, 512 * 1024);
      const copied = await bucket.copyPart('image', upload, 2, { key: oddName, etag, start: mebibyte + 1, lengthBytes: 6 * mebibyte });
      const last = await streamed(upload, 3, tail, 999);
      const parts = [first, { part: 2, etag: copied.etag, sizeBytes: 6 * mebibyte }, last];
      expect(await bucket.listParts('image', upload)).toEqual(parts);
      await bucket.completeUpload('image', upload, parts, { absent: true });
      const whole = Buffer.concat([head, former.subarray(mebibyte + 1, 7 * mebibyte + 1), tail]);
      expect(await digestOf('image', whole.length)).toBe(hash('sha256', whole));
    });

    it('copies only from what is meant', async () => {
      const { etag } = await put('former', randomBytes(1000));
      const upload = await bucket.createUpload('image', plain);
      const range = { start: 0, lengthBytes: 10 };
      const copy = (from: string, itsEtag: string, to = upload) => bucket.copyPart('image', to, 1, { key: from, etag: itsEtag, ...range });
      await expect(copy('former', '0'.repeat(32))).rejects.toMatchObject({ code: 'TARGET_CONDITION' });
      await expect(copy('nobody', etag)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
      expect(await bucket.listParts('image', upload)).toEqual([]);
      expect(await copy('former', etag)).toEqual(await copy('former', etag));
      await bucket.abortUpload('image', upload);
      await expect(copy('former', etag)).rejects.toMatchObject({ code: 'UPLOAD_MISSING' });
    });

    it('stores no part that is shorter or longer than declared, and hands on what the source says', async () => {
      const upload = await bucket.createUpload('image', plain);
      const body = randomBytes(mebibyte);
      let tries = 0;
      const send = (sizeBytes: number, end?: Error) => {
        async function* chunks() {
          tries += 1;
          yield* inPieces(body, 300_000);
          if (end) throw end;
        }
        return bucket.putPartStream('image', upload, 1, { sizeBytes, chunks });
      };
      await expect(send(mebibyte + 1)).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      await expect(send(mebibyte - 1)).rejects.toMatchObject({ code: 'BODY_LENGTH' });
      const lost = new Error('the snapshot is gone');
      await expect(send(mebibyte, lost)).rejects.toBe(lost);
      expect(tries).toBe(3);
      expect(await bucket.listParts('image', upload)).toEqual([]);
    });

    it('lets go of the source when it is aborted, and throws the reason', async () => {
      const upload = await bucket.createUpload('image', plain);
      const abort = new AbortController();
      const reason = new Error('enough');
      let ended: (() => void) | undefined;
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      async function* chunks() {
        try {
          yield randomBytes(mebibyte);
          abort.abort(reason);
          yield randomBytes(mebibyte);
        } finally {
          ended?.();
        }
      }
      await expect(bucket.putPartStream('image', upload, 1, { sizeBytes: 3 * mebibyte, chunks }, abort.signal)).rejects.toBe(reason);
      await end;
      expect(await bucket.listParts('image', upload)).toEqual([]);
    });

    describe('an address', () => {
      it('lets anybody read that object', async () => {
        const body = randomBytes(1000);
        await put(oddName, body);
        expect(await fetchShared(bucket, await bucket.presign(oddName, 60))).toEqual({ status: 200, body });
        expect((await fetchShared(bucket, await bucket.presign('nobody', 60))).status).toBe(404);
      });

      it('is of no use for another object, altered, or when it is over', async () => {
        await put('mine', Buffer.from('x'));
        await put('other', Buffer.from('y'));
        const url = await bucket.presign('mine', 60);
        const altered = `${url.slice(0, -1)}${url.endsWith('0') ? '1' : '0'}`;
        for (const bad of [url.replace('/mine?', '/other?'), altered, await hourAgo(bucket).presign('mine', 3599)])
          expect((await fetchShared(bucket, bad)).status).toBe(403);
        expect((await fetchShared(bucket, await hourAgo(bucket).presign('mine', 3700))).status).toBe(200);
      });

      it('lasts seven days at most', async () => {
        await bucket.presign('mine', 604_800);
        for (const seconds of [604_801, 0]) await expect(bucket.presign('mine', seconds)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      });
    });
  });
}
