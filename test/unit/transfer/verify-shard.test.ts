import { describe, expect, it } from '@jest/globals';
import { MigrationError } from '../../../src/core/migration-error.ts';
import type { MemoryFaults } from '../../support/memory-store.ts';
import { bytesOf, copyAll, createPassage, list, type Passage, pass, rowsByKey, sizes, verifyAll } from '../../support/passage.ts';

function seeded(): Passage {
  const passage = createPassage();
  passage.source.seed('small', 'hello', { headers: { 'content-type': 'text/plain', 'content-language': 'fr' }, user: { a: 'b' }, tags: { t: '1' } });
  passage.source.seed('typeless', 'x', { headers: {} });
  passage.source.seed('large', bytesOf(3 * sizes.chunkBytes, 3));
  passage.source.seed('empty', '');
  return passage;
}

const copied = async (passage: Passage, faults: MemoryFaults = {}) =>
  (await copyAll({ ...passage, target: passage.target.connect(faults) }, passage, await list(passage))).run;

describe('verifyShard', () => {
  it('passes what is equal, and says what it re-read', async () => {
    const passage = seeded();
    const { run, totals } = await verifyAll(passage, await copied(passage));
    expect(totals).toMatchObject({ verdicts: { PASS: 4, FAIL: 0, UNKNOWN: 0 }, reasons: {} });
    for (const row of (await rowsByKey(passage.depot, run)).values()) {
      expect(row.targetSha256).toBe(row.sha256);
      expect(row.targetMetadata).toBe(row.metadata);
    }
  });

  it.each([
    ['wrong bytes', (body: Buffer) => Buffer.from(body).fill(0x2a, 0, 1)],
    ['a shorter body', (body: Buffer) => body.subarray(1)],
    ['a longer body', (body: Buffer) => Buffer.concat([body, body])],
  ])('fails a target that stores %s, never passes it', async (_what, stores) => {
    const passage = seeded();
    const run = await copied(passage, { stores: ({ key }, body) => (key === 'small' ? stores(body) : body) });
    const verified = await verifyAll(passage, run);
    expect(verified.totals.verdicts).toEqual({ PASS: 3, FAIL: 1, UNKNOWN: 0 });
    expect((await rowsByKey(passage.depot, verified.run)).get('small')).toMatchObject({ verdict: 'FAIL', reason: 'TARGET_DIFFERS' });
  });

  it('fails a large object of which one part was stored wrongly', async () => {
    const passage = seeded();
    const run = await copied(passage, { stores: ({ operation, part }, body) => (operation === 'putPart' && part === 2 ? Buffer.alloc(body.length) : body) });
    expect((await rowsByKey(passage.depot, (await verifyAll(passage, run)).run)).get('large')).toMatchObject({ verdict: 'FAIL', reason: 'TARGET_DIFFERS' });
  });

  it.each(['headers', 'user', 'tags'] as const)('fails when the target lost %s', async (part) => {
    const passage = seeded();
    const run = await copied(passage);
    const version = passage.target.bucket.current('small');
    if (version) version.metadata = { ...version.metadata, [part]: {} };
    expect((await rowsByKey(passage.depot, (await verifyAll(passage, run)).run)).get('small')).toMatchObject({ verdict: 'FAIL', reason: 'TARGET_DIFFERS' });
  });

  it('takes a content type that nobody sent for the store’s default', async () => {
    const passage = seeded();
    const run = await copied(passage);
    const version = passage.target.bucket.current('typeless');
    if (version) version.metadata = { ...version.metadata, headers: { 'content-type': 'binary/octet-stream' } };
    expect((await rowsByKey(passage.depot, (await verifyAll(passage, run)).run)).get('typeless')?.verdict).toBe('PASS');
  });

  it('fails what is gone from the target', async () => {
    const passage = seeded();
    const run = await copied(passage);
    passage.target.bucket.remove('small', {});
    expect((await rowsByKey(passage.depot, (await verifyAll(passage, run)).run)).get('small')).toMatchObject({ verdict: 'FAIL', reason: 'OBJECT_MISSING' });
  });

  it('leaves open what cannot be read, and stops on what a person must mend', async () => {
    const passage = seeded();
    const run = await copied(passage);
    const cut = passage.target.connect({ sends: ({ key }, body) => (key === 'small' ? body.subarray(1) : body) });
    expect((await rowsByKey(passage.depot, (await verifyAll({ ...passage, target: cut }, run)).run)).get('small')).toMatchObject({
      verdict: 'UNKNOWN',
      reason: 'BODY_LENGTH',
    });
    const denied = passage.target.connect({
      before: ({ operation }) => {
        if (operation === 'read') throw new MigrationError('PERMISSION_DENIED', { operation });
      },
    });
    await expect(verifyAll({ ...passage, target: denied }, run, 2)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('never shows what was not copied as success, and the next pass copies what did not verify', async () => {
    const passage = seeded();
    passage.source.seed('cold', 'ice', { storageClass: 'GLACIER' });
    const run = await copied(passage, { stores: ({ key }, body) => (key === 'small' ? Buffer.from('HELLO') : body) });
    const first = await verifyAll(passage, run);
    expect(first.totals).toMatchObject({ verdicts: { PASS: 3, FAIL: 1, UNKNOWN: 1 }, reasons: { OBJECT_ARCHIVED: 1, TARGET_DIFFERS: 1 } });
    const second = await pass(passage, [first.run], 2);
    expect([...(await rowsByKey(passage.depot, second.verified.run))].map(([key, { verdict }]) => [key, verdict])).toEqual([
      ['cold', 'UNKNOWN'],
      ['small', 'PASS'],
    ]);
    expect(passage.target.bucket.current('small')?.body.toString()).toBe('hello');
  });
});
