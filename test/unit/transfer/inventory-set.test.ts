import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ManifestRef } from '../../../src/model/manifest.ts';
import type { InventoryRow } from '../../../src/model/reference-set.ts';
import { readInventory, readSetIndex, sealInventorySet } from '../../../src/transfer/index.ts';
import { bytesOf, createPassage, deps, linesOfRun, list, never, type Passage, pass, sourceBucket } from '../../support/passage.ts';

let temporaries = '';
beforeAll(async () => {
  temporaries = await mkdtemp(join(tmpdir(), 'ecluse-test-'));
});
afterAll(() => rm(temporaries, { recursive: true }));

function seeded(versioning: 'on' | 'off' = 'off'): Passage {
  const passage = createPassage(versioning === 'on' ? { source: { versioning }, target: { versioning } } : {});
  for (let n = 0; n < 57; n += 1) passage.source.seed(`k${n}`, bytesOf(n, n));
  return passage;
}

const sealed = (passage: Passage, manifest: ManifestRef, signal = never(), heartbeat: Parameters<typeof sealInventorySet>[2] = () => undefined) =>
  sealInventorySet({ ...deps(passage), temporaries, bucketRows: 10 }, { workload: 'w', container: sourceBucket, manifest }, heartbeat, signal);

async function rowsOf(passage: Passage, digest: string): Promise<readonly InventoryRow[]> {
  const rows: InventoryRow[] = [];
  for await (const row of readInventory(passage.depot, digest)) rows.push(row);
  return rows;
}

describe('sealInventorySet', () => {
  it('names each object as the copy engine does, by ascending reference', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const { verified } = await pass(passage, [], 1);
    const set = await sealed(passage, manifest);
    const expected = (await linesOfRun(passage.depot, verified.run)).map(({ row }) => ({ ref: row.ref, size_bytes: String(row.sizeBytes) }));
    expected.sort((a, b) => (a.ref < b.ref ? -1 : 1));
    expect(await rowsOf(passage, set.digest)).toEqual(expected);
    expect(set).toMatchObject({ count: 57, sizeBytes: String((56 * 57) / 2) });
  });

  it('names versions and delete markers one by one where they are carried', async () => {
    const passage = seeded('on');
    passage.source.seed('k1', 'newer');
    passage.source.bucket.remove('k2', {});
    const { verified } = await pass(passage, [], 1, 'all');
    const set = await sealed(passage, await list(passage, 'all'));
    const expected = (await linesOfRun(passage.depot, verified.run)).map(({ row }) => row.ref).sort();
    expect(expected.length).toBe(59);
    expect((await rowsOf(passage, set.digest)).map(({ ref }) => ref)).toEqual(expected);
  });

  it('gives the same digest for the same listing, and no name', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const set = await sealed(passage, manifest);
    expect(await sealed(passage, manifest)).toEqual(set);
    const index = await readSetIndex(passage.depot, set.digest);
    expect(index).toMatchObject({ kind: 'inventory', workload: 'w', bits: 3, count: 57 });
    for (const [at, { sha256, count }] of index.buckets.entries()) {
      const text = (await passage.depot.get(sha256)).toString();
      const refs = text
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as InventoryRow).ref);
      expect(refs.length).toBe(count);
      expect(refs.every((ref) => Number.parseInt(ref.slice(0, 1), 16) >>> 1 === at)).toBe(true);
      expect(text).not.toContain('"k');
    }
  });

  it('counts what a store lists twice once', async () => {
    const passage = createPassage();
    const entry = { key: 'k', sizeBytes: 3, etag: 'e', lastModified: '2026-01-01T00:00:00Z' };
    const entries = await passage.depot.put(Buffer.from(`${JSON.stringify(entry)}\n${JSON.stringify({ ...entry, sizeBytes: 4 })}\n`));
    const index = { v: 1, shards: [{ entries, count: 2, sizeBytes: 7, first: 'k', last: 'k' }] };
    const manifest = { digest: await passage.depot.put(Buffer.from(JSON.stringify(index))), shards: 1, count: 2, sizeBytes: 7 };
    expect(await sealed(passage, manifest)).toMatchObject({ count: 1, sizeBytes: '4' });
  });

  it('seals an empty bucket as one empty file', async () => {
    const passage = createPassage();
    const set = await sealed(passage, await list(passage));
    expect(await readSetIndex(passage.depot, set.digest)).toMatchObject({ bits: 0, count: 0, buckets: [{ count: 0 }] });
  });

  it('stops when told to, in every stage, and leaves no temporary file and no index', async () => {
    const passage = seeded();
    const manifest = await list(passage);
    const set = await sealed(passage, manifest);
    passage.depot.files.delete(set.digest);
    let beats = 0;
    await sealed(passage, manifest, never(), () => {
      beats += 1;
    });
    passage.depot.files.delete(set.digest);
    for (let stop = 0; stop < beats - 1; stop += 1) {
      const abort = new AbortController();
      let seen = 0;
      const stopped = sealed(passage, manifest, abort.signal, () => {
        if (seen++ === stop) abort.abort(new Error('stopped'));
      });
      await expect(stopped).rejects.toThrow('stopped');
      expect(await readdir(temporaries)).toEqual([]);
      expect(passage.depot.files.has(set.digest)).toBe(false);
    }
  });
});
