import { hash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FinalRow, InventoryRow, SetIndex } from '../../../src/model/reference-set.ts';
import { encodeLines } from '../../../src/transfer/json-lines.ts';
import { withPartition } from '../../../src/transfer/partition.ts';
import { bitsFor, setFiles } from '../../../src/transfer/reference-set.ts';
import { createMemoryDepot } from '../../support/memory-depot.ts';

const refOf = (n: number): string => hash('sha256', String(n), 'hex');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ecluse-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function partitioned(bits: number, count: number): Promise<readonly (readonly string[])[]> {
  return await withPartition({ bits, folder }, async (partition) => {
    for (let n = 0; n < count; n += 1) await partition.add(refOf(n), `${refOf(n)} ${n}`);
    const all: string[][] = [];
    for await (const lines of partition.buckets()) all.push([...lines]);
    return all;
  });
}

describe('withPartition', () => {
  it.each([0, 1, 5, 8, 9, 12])('gives %s bits of buckets, each with the lines of its bits in the order they came', async (bits) => {
    const expected: string[][] = Array.from({ length: 2 ** bits }, () => []);
    for (let n = 0; n < 3000; n += 1) expected[Number.parseInt(refOf(n).slice(0, 4), 16) >>> (16 - bits)]?.push(`${refOf(n)} ${n}`);
    expect(await partitioned(bits, 3000)).toEqual(expected);
  });

  it('keeps the order of lines that were written in several turns', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `${refOf(1)} ${n}`);
    const seen = await withPartition({ bits: 3, folder }, async (partition) => {
      for (const line of lines) await partition.add(refOf(1), line);
      const all: string[] = [];
      for await (const bucket of partition.buckets()) all.push(...bucket);
      return all;
    });
    expect(seen).toEqual(lines);
  });

  it('leaves no file behind, also when its work fails in the middle of the buckets', async () => {
    const failing = withPartition({ bits: 10, folder }, async (partition) => {
      for (let n = 0; n < 3000; n += 1) await partition.add(refOf(n), refOf(n));
      for await (const _ of partition.buckets()) {
        expect((await readdir(folder)).length).toBe(1);
        throw new Error('stopped');
      }
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual([]);
  });

  it('says that the place for temporary files is missing', async () => {
    await expect(withPartition({ bits: 0, folder: join(folder, 'nowhere') }, async () => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('bitsFor', () => {
  it('gives as few bits as hold the count, and never more than 16', () => {
    expect([0, 1, 50_000, 50_001, 100_000, 100_001, 1e6, 1e8, 1e12].map((count) => bitsFor(count, 50_000))).toEqual([0, 0, 0, 1, 1, 2, 5, 11, 16]);
  });
});

describe('setFiles', () => {
  it('names the index and each bucket once', async () => {
    const depot = createMemoryDepot();
    const empty = { count: 0, sha256: await depot.put(encodeLines([])) };
    const index = { v: 1, kind: 'inventory', workload: 'w', bits: 1, count: 0, buckets: [empty, empty] };
    const digest = await depot.put(Buffer.from(JSON.stringify(index)));
    const files: string[] = [];
    for await (const file of setFiles(depot, digest)) files.push(file);
    expect(files).toEqual([digest, empty.sha256]);
  });
});

describe('the schemas', () => {
  const bucket = { count: 0, sha256: refOf(1) };
  const inventory = { v: 1, kind: 'inventory', workload: 'w', bits: 0, count: 0, buckets: [bucket] };

  it.each([
    [true, inventory],
    [true, { ...inventory, kind: 'final', states: {} }],
    [true, { ...inventory, kind: 'final', states: { verified: { count: 1, size_bytes: '9007199254740993' } } }],
    [false, { ...inventory, states: {} }],
    [false, { ...inventory, kind: 'final' }],
    [false, { ...inventory, kind: 'final', states: { lost: { count: 1, size_bytes: '1' } } }],
    [false, { ...inventory, bits: 1 }],
    [false, { ...inventory, bits: 17 }],
    [false, { ...inventory, other: 1 }],
  ])('an index: %s %j', (isGood, index) => {
    expect(SetIndex.safeParse(index).success).toBe(isGood);
  });

  it('rows hold no other field', () => {
    const row = { ref: refOf(1), size_bytes: '1' };
    expect(InventoryRow.safeParse(row).success).toBe(true);
    expect(InventoryRow.safeParse({ ...row, key: 'k' }).success).toBe(false);
    expect(InventoryRow.safeParse({ ...row, size_bytes: 1 }).success).toBe(false);
    expect(FinalRow.safeParse({ ...row, state: 'withdrawn', left: true }).success).toBe(true);
    expect(FinalRow.safeParse({ ...row, state: 'withdrawn', left: false }).success).toBe(false);
  });
});
