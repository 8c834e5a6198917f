import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { BlockPage, DiskSource } from '../../../src/ports/disk-source.ts';
import { ebsError, type Said, scriptedAws } from './scripted-aws.ts';
import { blockBytes, patterned, type SmallEbs, smallEbs } from './small-ebs.ts';

const snapshot = 'snap-0a1b';
const held = (ebs: SmallEbs, id: string, blocks: readonly number[], seed = 0): void =>
  void ebs.snapshots.set(id, new Map(blocks.map((block) => [block, patterned(seed + block)])));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function allPages(ask: (from: number) => Promise<BlockPage>): Promise<{ blocks: number[]; cleared: number[] }> {
  const all: { blocks: number[]; cleared: number[] } = { blocks: [], cleared: [] };
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: BlockPage = await ask(from);
    all.blocks.push(...page.blocks);
    all.cleared.push(...page.cleared);
    from = page.next;
  }
  return all;
}

async function read(disks: DiskSource, block: number, since?: string): Promise<{ bytes: Buffer; sha256: string }> {
  const bytes = Buffer.alloc(blockBytes, 7);
  return { bytes, sha256: await disks.open(snapshot, since).read(block, bytes) };
}

describe('listing', () => {
  it('gives every block over all pages, empty ones among them, and the disk’s size', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0, 3, 4, 9, 70, 71, 2_000]);
    Object.assign(ebs, { pageSize: 2, emptyEvery: 3 });
    const { disks } = scriptedAws(ebs.answer);
    expect((await allPages((from) => disks.blocks(snapshot, from))).blocks).toEqual([0, 3, 4, 9, 70, 71, 2_000]);
    expect(await disks.blocks(snapshot, 71)).toMatchObject({ blocks: [71, 2_000], sizeBytes: 2 ** 30 });
  });

  it('goes on by index where a page token is no longer taken, and sends never both', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, upTo(10));
    ebs.pageSize = 4;
    const { disks, heard } = scriptedAws(ebs.answer);
    const first = await disks.blocks(snapshot, 0);
    ebs.pageTokensLive = false;
    const second = await disks.blocks(snapshot, first.next ?? -1);
    expect([first.blocks, second.blocks]).toEqual([upTo(4), [4, 5, 6, 7]]);
    expect(heard.map(({ form }) => [form.get('startingBlockIndex'), form.has('pageToken')])).toEqual([
      ['0', false],
      [null, true],
      ['4', false],
    ]);
  });

  it('tells what changed from what was cleared', async () => {
    const ebs = smallEbs();
    held(ebs, 'snap-01', [1, 2, 3, 4]);
    held(ebs, snapshot, [1, 2, 4, 8]);
    ebs.snapshots.get(snapshot)?.set(2, patterned(99));
    ebs.pageSize = 1;
    const { disks, heard } = scriptedAws(ebs.answer);
    expect(await allPages((from) => disks.changes('snap-01', snapshot, from))).toEqual({ blocks: [2, 8], cleared: [3] });
    expect(new Set(heard.map(({ operation }) => operation))).toEqual(new Set(['ListChangedBlocks']));
  });

  it('refuses blocks of another size', async () => {
    const page = { Blocks: [], BlockSize: 512, VolumeSize: 1, ExpiryTime: 0 };
    const { disks } = scriptedAws(() => ({ status: 200, body: JSON.stringify(page) }));
    await expect(disks.blocks(snapshot, 0)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('asks EC2 why a snapshot is not read', async () => {
    const said = (state: string) =>
      scriptedAws(({ operation }) =>
        operation === 'DescribeSnapshots'
          ? { status: 200, body: `<R><snapshotSet><item><snapshotId>${snapshot}</snapshotId><status>${state}</status></item></snapshotSet></R>` }
          : ebsError('ValidationException', 400, 'INVALID_SNAPSHOT_ID'),
      ).disks.blocks(snapshot, 0);
    await expect(said('error')).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' });
    await expect(said('pending')).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    const missing = scriptedAws(() => ({ status: 200, body: '<R><snapshotSet/></R>' }));
    await expect(missing.disks.open('../x').read(0, Buffer.alloc(blockBytes))).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    expect(missing.heard.map(({ operation }) => operation)).toEqual(['DescribeSnapshots']);
  });
});

describe('reading', () => {
  it('fills the buffer and answers the digest; what the snapshot does not hold reads as zeros', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0, 5]);
    ebs.snapshots.get(snapshot)?.set(6, Buffer.alloc(blockBytes));
    const { disks, paced } = scriptedAws(ebs.answer);
    await read(disks, 0);
    const five = await read(disks, 5);
    expect(five.bytes.equals(patterned(5))).toBe(true);
    expect(five.sha256).toBe(hash('sha256', patterned(5)));
    const zeros = hash('sha256', Buffer.alloc(blockBytes));
    for (const block of [3, 6]) {
      const { bytes, sha256 } = await read(disks, block);
      expect([sha256, bytes.every((byte) => byte === 0)]).toEqual([zeros, true]);
    }
    const block = 'aws/self/eu-west-3/GetSnapshotBlock 500';
    expect(paced).toEqual(['aws/self/eu-west-3/ListSnapshotBlocks 25', block, block, block]);
  });

  it('takes a snapshot’s own limit into account where the budget is above it', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0]);
    const { disks, paced } = scriptedAws(ebs.answer, { rates: { blocks: 3_000 } });
    await read(disks, 0);
    expect(paced.slice(1)).toEqual(['aws/self/eu-west-3/GetSnapshotBlock 3000', `aws/self/eu-west-3/GetSnapshotBlock/${snapshot} 1000`]);
  });

  it('lists a sparse delta once, by its changes', async () => {
    const ebs = smallEbs();
    held(ebs, 'snap-01', upTo(900));
    held(ebs, snapshot, upTo(900));
    for (const block of [3, 450, 899]) ebs.snapshots.get(snapshot)?.set(block, patterned(10_000 + block));
    const { disks, heard } = scriptedAws(ebs.answer);
    for (const block of [3, 450, 899]) expect((await read(disks, block, 'snap-01')).bytes.equals(patterned(10_000 + block))).toBe(true);
    expect(heard.filter(({ operation }) => operation.startsWith('List')).map(({ operation }) => operation)).toEqual(['ListChangedBlocks']);
  });

  const faults: readonly (readonly [string, (good: Said) => Said, string, number])[] = [
    ['a short body', (good) => ({ ...good, body: Buffer.from(good.body ?? '').subarray(1) }), 'BODY_LENGTH', 5],
    ['a body too long', (good) => ({ ...good, body: Buffer.concat([Buffer.from(good.body ?? ''), Buffer.from('x')]) }), 'BODY_LENGTH', 5],
    ['another declared length', (good) => ({ ...good, headers: { ...good.headers, 'x-amz-data-length': '1' } }), 'BODY_LENGTH', 5],
    ['a wrong checksum', (good) => ({ ...good, headers: { ...good.headers, 'x-amz-checksum': 'AAAA' } }), 'BLOCK_CHECKSUM', 3],
    [
      'no checksum',
      ({ headers: _, ...good }) => ({ ...good, headers: { 'x-amz-data-length': String(blockBytes), 'x-amz-checksum-algorithm': 'SHA256' } }),
      'BLOCK_CHECKSUM',
      3,
    ],
    ['another algorithm', (good) => ({ ...good, headers: { ...good.headers, 'x-amz-checksum-algorithm': 'MD5' } }), 'BLOCK_CHECKSUM', 3],
    ['a server error', () => ebsError('InternalServerException', 500), 'UNAVAILABLE', 5],
    ['a used-up quota', () => ebsError('ServiceQuotaExceededException', 402), 'QUOTA_EXCEEDED', 1],
    ['a key that may not be used', () => ebsError('AccessDeniedException', 403, 'DEPENDENCY_ACCESS_DENIED'), 'KEY_ACCESS_DENIED', 1],
    ['a missing right', () => ebsError('AccessDeniedException', 403, 'UNAUTHORIZED_ACCOUNT'), 'PERMISSION_DENIED', 1],
    ['a refused key', () => ebsError('UnrecognizedClientException', 403), 'CREDENTIALS_REFUSED', 1],
    ['unrelated snapshots', () => ebsError('ValidationException', 400, 'UNRELATED_SNAPSHOTS'), 'SNAPSHOTS_UNRELATED', 1],
  ];
  it.each(faults)('meets %s', async (_name, fault, code, tries) => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0]);
    const run = async (times: number) => {
      let left = times;
      const aws = scriptedAws((heard) => {
        const good = ebs.answer(heard);
        return heard.operation === 'GetSnapshotBlock' && left-- > 0 ? fault(good) : good;
      });
      return { aws, result: await read(aws.disks, 0).catch((error: unknown) => error) };
    };
    const { aws, result } = await run(100);
    expect(result).toMatchObject({ code });
    expect(JSON.stringify([String(result), (result as { context: unknown }).context])).not.toMatch(/token|snap-|secret/i);
    expect(aws.heard.filter(({ operation }) => operation === 'GetSnapshotBlock')).toHaveLength(tries);
    if (tries > 1) {
      const { result: mended } = await run(tries - 1);
      expect(mended).toMatchObject({ sha256: hash('sha256', patterned(0)) });
    }
  });

  it('waits out throttling, a 400 by its status, for as long as the signal allows', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0]);
    let throttles = 40;
    const aws = scriptedAws((heard) =>
      heard.operation === 'GetSnapshotBlock' && throttles-- > 0 ? ebsError('RequestThrottledException', 400, 'ACCOUNT_THROTTLED') : ebs.answer(heard),
    );
    expect((await read(aws.disks, 0)).sha256).toBe(hash('sha256', patterned(0)));
    expect(aws.throttles).toHaveLength(40);
    expect(aws.slept).toHaveLength(40);

    const abort = new AbortController();
    const stopped = scriptedAws(({ operation }) => {
      if (operation === 'GetSnapshotBlock') abort.abort(new Error('enough'));
      return operation === 'GetSnapshotBlock' ? ebsError('ThrottlingException') : ebs.answer(stopped.heard.at(-1) ?? fail());
    });
    await expect(stopped.disks.open(snapshot).read(0, Buffer.alloc(blockBytes), abort.signal)).rejects.toThrow('enough');
  });

  it('signs each try anew, and takes the service’s clock when it is refused for its own', async () => {
    const ebs = smallEbs();
    held(ebs, snapshot, [0]);
    const now = Date.UTC(2026, 0, 1, 12);
    const date = new Date(now + 3_600_000).toUTCString();
    const aws = scriptedAws(
      (heard) =>
        heard.request.headers['x-amz-date'] === '20260101T130000Z' ? ebs.answer(heard) : { ...ebsError('InvalidSignatureException', 403), headers: { date } },
      {},
      { nowMs: () => now },
    );
    await read(aws.disks, 0);
    expect(aws.heard.map(({ request }) => request.headers['x-amz-date'])).toEqual(['20260101T120000Z', '20260101T130000Z', '20260101T130000Z']);
  });
});

function fail(): never {
  throw new Error('nothing was asked');
}
