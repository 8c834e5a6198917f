import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { blockBytes, openPack } from '../../../lab/aws/block-pack.ts';
import { createQuotas, windowCounter } from '../../../lab/aws/counts.ts';
import { ensureDisk, loadIndex, positionOf, restoreBlocks, saveIndex, takeBlocks } from '../../../lab/aws/disk-image.ts';
import { createFaults } from '../../../lab/aws/fault.ts';
import { readBlockToken, readPageToken, writeToken } from '../../../lab/aws/tokens.ts';
import { all, element, parseXml, printXml, put, textAt } from '../../../lab/aws/xml.ts';

const folder = mkdtempSync(join(tmpdir(), 'ecluse-aws-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the counter of the AWS stand-in', () => {
  it('remembers the fullest ten seconds', () => {
    const counter = windowCounter();
    for (const atMs of [0, 1_000, 9_999, 10_000, 10_500, 40_000]) counter.add(atMs);
    // 1,000 to 10,500 are four; 0 and 10,000 are ten seconds apart.
    expect(counter.report()).toEqual({ total: 6, largest: 4 });
  });

  it('lets one second’s worth pass, and then the rate', () => {
    const mayPass = createQuotas();
    const passed = (nowMs: number) => Array.from({ length: 4 }, () => mayPass('x', 2, nowMs)).filter(Boolean).length;
    expect([passed(0), passed(0), passed(500), passed(60_000)]).toEqual([2, 0, 1, 2]);
    expect(mayPass('y', 2, 0)).toBe(true);
  });
});

describe('tokens', () => {
  it('say what they were made of, in plain base64 of at most 256 signs, and nothing when changed', () => {
    const block = { snapshot: 'snap-0123456789abcdef0', block: 4_294_967_294, listing: 12, untilMs: 1_795_000_000_000 };
    const page = { list: `changes/${block.snapshot}/${block.snapshot}`, from: 4_294_967_294, page: 99, listing: 3, untilMs: 1_795_000_000_000 };
    for (const token of [writeToken(block, 's'), writeToken(page, 's')]) expect(token).toMatch(/^[A-Za-z0-9+/=]{1,256}$/);
    expect(readBlockToken(writeToken(block, 's'), 's')).toEqual(block);
    expect(readPageToken(writeToken(page, 's'), 's')).toEqual(page);
    expect(readBlockToken(writeToken(block, 's'), 'other')).toBeUndefined();
    expect(readBlockToken(writeToken(page, 's'), 's')).toBeUndefined();
    expect(readPageToken(`A${writeToken(page, 's').slice(1)}`, 's')).toBeUndefined();
    expect(readBlockToken('', 's')).toBeUndefined();
  });
});

describe('faults', () => {
  it('hit what they name, from and as often as they say', () => {
    const faults = createFaults();
    faults.set([
      { what: 'reset', action: 'GetSnapshotBlock', id: 'snap-1', block: 3, from: 2, times: 2 },
      { what: 'throttle', times: 'always' },
    ]);
    const met = (block: number) => faults.next({ action: 'GetSnapshotBlock', ids: ['snap-1'], block }).map(({ what }) => what);
    expect([met(3), met(4), met(3), met(3), met(3)]).toEqual([['throttle'], ['throttle'], ['reset', 'throttle'], ['reset', 'throttle'], ['throttle']]);
    expect(faults.hits()).toEqual([2, 5]);
  });
});

describe('the XML of EC2', () => {
  it('comes back as it was, and takes changes', () => {
    const text = '<A xmlns="u"><b>1 &amp; &lt;2&gt;</b><c/><set><item><d>x</d></item><item><d>y</d></item></set></A>';
    const root = parseXml(`<?xml version="1.0"?>\n${text}`);
    expect(textAt(root, 'b')).toBe('1 & <2>');
    expect(all(root, 'd').map((each) => each.text)).toEqual(['x', 'y']);
    put(root, 'c', { e: [{ f: 1 }] });
    expect(printXml(root)).toContain('<A xmlns="u"><b>1 &#38; &#60;2&#62;</b><c><e><item><f>1</f></item></e></c>');
    expect(parseXml(printXml(root))).toEqual(root);
    expect(() => parseXml('<a><b></a>')).toThrow();
    expect(printXml(element('x'))).toContain('<x/>');
  });
});

describe('the disks', () => {
  it('give snapshots of what they hold, each content kept once', async () => {
    const [disk, copy] = [join(folder, 'disk.raw'), join(folder, 'copy.raw')];
    await ensureDisk(disk, 64 * 2 ** 20);
    const write = async (bytes: Buffer, at: number) => {
      const handle = await open(disk, 'r+');
      await handle.write(bytes, 0, bytes.length, at);
      await handle.close();
    };
    await write(Buffer.from('first'), 3 * blockBytes + 17);
    await write(Buffer.alloc(blockBytes, 7), 9 * blockBytes);
    await write(Buffer.alloc(blockBytes, 7), 127 * blockBytes);
    await write(Buffer.alloc(blockBytes), 50 * blockBytes);
    const pack = await openPack(join(folder, 'pack'));
    const base = await takeBlocks(disk, [20], pack);
    expect([...base.blocks]).toEqual([3, 9, 20, 127]);
    expect(base.slots[1]).toBe(base.slots[3]);
    await write(Buffer.alloc(blockBytes), 9 * blockBytes);
    expect([...(await takeBlocks(disk, [], pack)).blocks]).toEqual([3, 127]);
    expect(statSync(join(folder, 'pack/pack')).size).toBe(3 * blockBytes);
    await pack.close();

    saveIndex(join(folder, 'x.blocks'), base);
    const again = await openPack(join(folder, 'pack'));
    const loaded = loadIndex(join(folder, 'x.blocks'));
    expect([[...loaded.blocks], [...loaded.slots]]).toEqual([[...base.blocks], [...base.slots]]);
    await ensureDisk(copy, 64 * 2 ** 20);
    await restoreBlocks(copy, loaded, again);
    const restored = readFileSync(copy);
    expect(restored.subarray(9 * blockBytes, 10 * blockBytes).every((byte) => byte === 7)).toBe(true);
    expect(restored.subarray(3 * blockBytes + 17).toString('latin1', 0, 5)).toBe('first');
    await again.close();
  });

  it('find the first block that is not below', () => {
    const blocks = Uint32Array.from([2, 5, 9]);
    expect([0, 2, 3, 9, 10].map((from) => positionOf(blocks, from))).toEqual([0, 0, 1, 2, 3]);
  });
});
