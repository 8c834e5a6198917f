import { describe, expect, it } from '@jest/globals';
import { journalName } from '../../../src/core/ids.ts';
import type { Reading } from '../../../src/ports/object-store.ts';
import { partSizeFor } from '../../../src/transfer/copy-large.ts';
import { sha256Hex, treeRoot } from '../../../src/transfer/digests.ts';
import { createFlightBudget } from '../../../src/transfer/index.ts';
import { bytesOf, contentOf, copyAll, copyOne, createPassage, list, type Passage, placeOf, rowsByKey, sizes, verifyAll } from '../../support/passage.ts';

const { chunkBytes } = sizes;
const sizeBytes = 5 * chunkBytes + 1017;
const body = bytesOf(sizeBytes, 7);
const chunks = [0, 1, 2, 3, 4, 5].map((n) => body.subarray(n * chunkBytes, (n + 1) * chunkBytes));

function large(options: Parameters<typeof createPassage>[0] = {}): Passage {
  const passage = createPassage(options);
  passage.source.seed('large', body, { user: { who: 'me' }, tags: { t: '1' } });
  return passage;
}

class Killed extends Error {}

describe('a large object', () => {
  it('goes in parts of one chunk; its digest is the tree over their SHA-256, each byte hashed once', async () => {
    const passage = large();
    const { run } = await copyAll(passage, passage, await list(passage));
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
    expect(passage.target.counters.calls.putPart).toBe(6);
    expect((await rowsByKey(passage.depot, run)).get('large')).toMatchObject({
      outcome: 'copied',
      form: 'sha256-tree',
      chunkBytes,
      sha256: treeRoot(chunks.map((chunk) => sha256Hex(chunk))),
      targetEtag: passage.target.bucket.current('large')?.etag,
    });
    const { run: verified, totals } = await verifyAll(passage, run);
    expect(totals.verdicts).toEqual({ PASS: 1, FAIL: 0, UNKNOWN: 0 });
    expect((await rowsByKey(passage.depot, verified)).get('large')?.targetSha256).toBe(treeRoot(chunks.map((chunk) => sha256Hex(chunk))));
  });

  it('sends after a kill only the parts that have no row, whenever it was killed', async () => {
    for (let dies = 0; dies < 30; dies += 1) {
      const passage = large();
      const manifest = await list(passage);
      let calls = 0;
      const die = (): void => {
        if (calls++ >= dies) throw new Killed();
      };
      // A small budget: at most two parts in flight, so that a kill comes between parts.
      const process = {
        ...passage,
        flight: createFlightBudget({ bytes: 2 * chunkBytes }),
        source: passage.source.connect({ before: die }),
        target: passage.target.connect({ before: die, after: die }),
        depot: passage.depot.connect(die),
      };
      await copyOne(process, passage, manifest, 0).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      const { run, totals } = await copyAll(passage, passage, manifest);
      expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
      expect(totals.outcomes.copied + totals.outcomes.adopted).toBe(1);
      expect((await verifyAll(passage, run)).totals.verdicts.PASS).toBe(1);
    }
  });

  it('writes down its upload before the first part, and reads each range with If-Match', async () => {
    const passage = large();
    const manifest = await list(passage);
    let isDead = false;
    const live = (): void => {
      if (isDead) throw new Killed();
    };
    const target = passage.target.connect({
      before: ({ operation }) => {
        isDead ||= operation === 'putPart';
        live();
      },
    });
    const etags = new Set<string | undefined>();
    const read: Reading['read'] = (request, sink, signal) => {
      etags.add(request.etag);
      return passage.source.read(request, sink, signal);
    };
    const source = { ...passage.source, read };
    await expect(copyOne({ ...passage, source, target, depot: passage.depot.connect(live) }, passage, manifest, 0)).rejects.toBeInstanceOf(Killed);
    expect([...(passage.depot.journals.get(journalName(placeOf(1, 'copy'))) ?? [])].join('')).toContain('"opened"');
    expect([...etags]).toEqual([passage.source.bucket.current('large')?.etag]);
  });

  it('reuses a stored part only where ETag and size stand beside our SHA-256', async () => {
    const passage = large();
    const manifest = await list(passage);
    let parts = 0;
    const target = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'putPart' && parts++ === 4) throw new Error('stop');
      },
    });
    const process = { ...passage, target, flight: createFlightBudget({ bytes: chunkBytes }) };
    await expect(copyOne(process, passage, manifest, 0)).rejects.toThrow('stop');
    const [upload] = [...passage.target.bucket.uploads.values()];
    expect(upload?.parts.size).toBe(4);
    upload?.parts.set(2, { body: Buffer.from('rotten'), etag: 'rotten' });
    const before = passage.source.counters.readBytes.get('large') ?? 0;
    await copyOne(passage, passage, manifest, 0);
    expect((passage.source.counters.readBytes.get('large') ?? 0) - before).toBe(chunkBytes + 1017 + chunkBytes);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
    expect(passage.target.bucket.uploads.size).toBe(0);
  });

  it('starts again, and aborts its upload, when the source changes between two parts', async () => {
    const passage = large();
    const manifest = await list(passage);
    let parts = 0;
    const target = passage.target.connect({
      after: ({ operation }) => void (operation === 'putPart' && ++parts === 2 && passage.source.seed('large', body.subarray(1))),
    });
    const { run } = await copyAll({ ...passage, target, flight: createFlightBudget({ bytes: chunkBytes }) }, passage, manifest);
    expect((await rowsByKey(passage.depot, run)).get('large')).toMatchObject({
      outcome: 'copied',
      sizeBytes: sizeBytes - 1,
      sourceEtag: passage.source.bucket.current('large')?.etag,
    });
    expect(passage.target.bucket.current('large')?.body.equals(body.subarray(1))).toBe(true);
    expect(passage.target.bucket.uploads.size).toBe(0);
  });

  it('goes in one piece, leaving no upload behind, when it shrank meanwhile', async () => {
    const passage = large();
    const manifest = await list(passage);
    let parts = 0;
    const target = passage.target.connect({
      after: ({ operation }) => void (operation === 'putPart' && ++parts === 2 && passage.source.seed('large', 'small')),
    });
    await copyAll({ ...passage, target, flight: createFlightBudget({ bytes: chunkBytes }) }, passage, manifest);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
    expect(passage.target.bucket.uploads.size).toBe(0);
  });

  it('never overwrites a foreign object, and leaves no upload', async () => {
    const passage = large();
    passage.target.seed('large', 'foreign');
    const { totals } = await copyAll(passage, passage, await list(passage));
    expect(totals.reasons).toEqual({ TARGET_NOT_EMPTY: 1 });
    expect(passage.target.bucket.uploads.size).toBe(0);
    expect(passage.target.bucket.current('large')?.body.toString()).toBe('foreign');
  });

  it('starts a new upload when somebody aborted ours', async () => {
    const passage = large();
    const manifest = await list(passage);
    let parts = 0;
    const target = passage.target.connect({
      before: ({ operation }) => void (operation === 'putPart' && ++parts === 3 && passage.target.bucket.uploads.clear()),
    });
    await copyAll({ ...passage, target }, passage, manifest);
    expect(contentOf(passage.target)).toEqual(contentOf(passage.source));
  });
});

describe('partSizeFor', () => {
  const chunk = 8 * 1024 * 1024;

  it('keeps parts small and their number within the target’s', () => {
    expect(partSizeFor(2 * chunk + 1, 10_000, chunk)).toBe(chunk);
    expect(partSizeFor(10_000 * chunk, 10_000, chunk)).toBe(chunk);
    expect(partSizeFor(10_000 * chunk + 1, 10_000, chunk)).toBe(2 * chunk);
    expect(Math.ceil((5 * 1024 ** 4) / partSizeFor(5 * 1024 ** 4, 10_000, chunk))).toBeLessThanOrEqual(10_000);
    expect(() => partSizeFor(5 * 1024 ** 4, 1_000, chunk)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});
