import { execFileSync } from 'node:child_process';
import { createCipheriv, hash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decodeSegment, encodeSegment, headOf, imageBytesOf, mergeSegment, planLayout, slotOffset } from '../../../src/image/index.ts';
import { type BlockMap, blockBytes, type ImageLayout, segmentBlocks } from '../../../src/model/disk.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const GiB = 2 ** 30;
const qemu = localTool('qemu-img', '--version');

/** Random bytes of a seed: never zeros. */
const contentOf = (seed: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, seed % 251), Buffer.alloc(16, seed % 7)).update(Buffer.alloc(blockBytes));

interface Pass {
  readonly changed: readonly number[];
  readonly cleared: readonly number[];
}

/** One segment file per segment, in a map. */
function mapAfter(files: Map<string, Buffer>, before: BlockMap, { changed, cleared }: Pass): BlockMap {
  const segments = new Map(before.segments.map((one) => [one.segment, one]));
  const within = (blocks: readonly number[], segment: number): Uint32Array =>
    Uint32Array.from(blocks.filter((block) => Math.floor(block / segmentBlocks) === segment).map((block) => block % segmentBlocks));
  let { slots } = before;
  for (const segment of new Set([...segments.keys(), ...[...changed, ...cleared].map((block) => Math.floor(block / segmentBlocks))].sort((a, b) => a - b))) {
    const old = segments.get(segment);
    const fresh = within(changed, segment);
    const bytes = old && files.get(old.entries);
    const merged = mergeSegment(bytes && decodeSegment(bytes), fresh, slots, within(cleared, segment)).segment;
    slots += fresh.length;
    const encoded = encodeSegment(merged);
    const entries = hash('sha256', encoded, 'hex');
    files.set(entries, encoded);
    segments.set(segment, { segment, entries, blocks: merged.blocks.length });
  }
  const all = [...segments.values()].filter(({ blocks }) => blocks > 0).sort((a, b) => a.segment - b.segment);
  return { ...before, slots, segments: all, blocks: all.reduce((sum, { blocks }) => sum + blocks, 0) };
}

async function writeHead(file: number, layout: ImageLayout, map: BlockMap, files: Map<string, Buffer>): Promise<void> {
  let at = 0;
  for await (const cluster of headOf(layout, map, async (entries) => files.get(entries) ?? Buffer.alloc(0))) {
    expect(cluster.length).toBe(blockBytes);
    writeSync(file, cluster, 0, cluster.length, at);
    at += cluster.length;
  }
  expect(at).toBe(layout.dataOffset);
}

loudSuite(() => qemu)('an image', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecluse-image-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const cases: readonly { readonly name: string; readonly sizeBytes: number; readonly passes: readonly Pass[] }[] = [
    {
      name: '1 GiB, rewritten, grown and cleared by deltas',
      sizeBytes: GiB,
      passes: [
        { changed: [0, 1, 2, 5, 100, 101, 102, 900, 1000, 1001, 1002, 1003, 2047], cleared: [] },
        { changed: [1, 100, 101, 300], cleared: [900] },
        { changed: [900, 1, 2046], cleared: [0, 2047, 1234] },
        { changed: [], cleared: [1000, 1001, 1002, 1003] },
      ].map(({ changed, cleared }) => ({ changed: changed.toSorted((a, b) => a - b), cleared })),
    },
    {
      name: '65 GiB and one block, sparse over three segments',
      sizeBytes: 65 * GiB + blockBytes,
      passes: [
        { changed: [0, 65_535, 65_536, 131_071, 133_120], cleared: [] },
        { changed: [65_535, 65_537, 131_072], cleared: [133_120] },
        { changed: [133_120], cleared: [131_072, 65_536] },
      ],
    },
    {
      name: 'an empty disk, filled later',
      sizeBytes: GiB,
      passes: [
        { changed: [], cleared: [] },
        { changed: [7], cleared: [] },
      ],
    },
  ];

  it.each(cases)('is clean and equal to the disk after every pass: $name', async ({ sizeBytes, passes }) => {
    const [rawPath, imagePath] = [join(folder, 'disk.raw'), join(folder, 'disk.qcow2')];
    const [raw, image] = [openSync(rawPath, 'w'), openSync(imagePath, 'w')];
    ftruncateSync(raw, sizeBytes);
    const files = new Map<string, Buffer>();
    const layout = planLayout({ sizeBytes, slots: passes[0]?.changed.length ?? 0, partCount: 1_000 });
    let map: BlockMap = { v: 1, sizeBytes, blocks: 0, slots: 0, segments: [] };
    for (const [pass, { changed, cleared }] of passes.entries()) {
      const firstSlot = map.slots;
      map = mapAfter(files, map, { changed, cleared });
      for (const [n, block] of changed.entries()) {
        const content = contentOf(block + pass);
        writeSync(raw, content, 0, blockBytes, block * blockBytes);
        writeSync(image, content, 0, blockBytes, slotOffset(layout, firstSlot + n));
      }
      for (const block of cleared) writeSync(raw, Buffer.alloc(blockBytes), 0, blockBytes, block * blockBytes);
      ftruncateSync(image, imageBytesOf(layout, map.slots));
      await writeHead(image, layout, map, files);
      // Exit codes: check 2 errors, 3 leaks; compare 1 differs. Any makes execFileSync throw.
      const check = JSON.parse(execFileSync('qemu-img', ['check', '--output=json', imagePath], { encoding: 'utf8' })) as Record<string, number>;
      expect(check).toMatchObject({ 'check-errors': 0 });
      expect([check.leaks ?? 0, check.corruptions ?? 0]).toEqual([0, 0]);
      execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', rawPath, imagePath], { stdio: 'pipe' });
    }
    closeSync(raw);
    closeSync(image);
  });
});
