import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CreateSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { MadeEstate } from '../../lab/aws/estate.ts';
import { type AwsLab, startAwsLab } from '../../lab/aws/start.ts';
import { blockBytes, callAws, calm, credentialsOf, diskOf, getBlock, pagesOf, refusalIn, smallEstate } from '../support/aws-lab.ts';
import type { AwsCredentials } from '../support/aws-signer.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { describeStores, motoStore } from '../support/stores.ts';

let lab: AwsLab;
let made: MadeEstate;
let web: { readonly id: string };
let ours: AwsCredentials;

const ec2 = () => new EC2Client({ endpoint: lab.endpoint, region: lab.region, credentials: ours, maxAttempts: 1 });
const act = (body: object) => lab.control('act', body);

async function snapshotAll(mark: string): Promise<Readonly<Record<string, string>>> {
  const answer = await ec2().send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: web.id },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'mark', Value: mark }] }],
    }),
  );
  return Object.fromEntries((answer.Snapshots ?? []).map(({ VolumeId = '', SnapshotId = '' }) => [VolumeId, SnapshotId]));
}

/** Of the root disk, completed. */
async function rootSnapshot(): Promise<string> {
  const all = await snapshotAll('x');
  await lab.control('clock', { forwardMs: 400 });
  return all[diskOf(made, '/dev/xvda').id] ?? '';
}

describeStores('the EBS direct APIs of the AWS stand-in', () => {
  beforeAll(async () => {
    const { endpoint: moto } = await motoStore();
    lab = await startAwsLab({ folder: `${runFolder()}/aws-blocks`, moto, onStart: (record) => noteProcess(runFolder(), record) });
    made = await lab.control<MadeEstate>('estate', smallEstate);
    web = made.instances.web ?? { id: '' };
    ours = credentialsOf(lab);
  }, 300_000);
  beforeEach(() => calm(lab));
  afterAll(() => lab?.stop());

  it('lists blocks in real pages, some of them empty', async () => {
    const id = diskOf(made, '/dev/sdf').id;
    await act({ act: 'write', id, offsetBytes: 0, fill: 9, lengthBytes: 250 * blockBytes });
    await act({ act: 'write', id, offsetBytes: 2_000 * blockBytes, fill: 0, lengthBytes: blockBytes });
    const snapshot = (await snapshotAll('pages'))[id] ?? '';
    await lab.control('clock', { forwardMs: 400 });
    const path = `/snapshots/${snapshot}/blocks`;
    const all = await pagesOf(lab, path, { maxResults: '100' });
    expect(all.map(({ Blocks }) => Blocks.length)).toEqual([100, 100, 51]);
    expect(all[0]).toMatchObject({ BlockSize: blockBytes, VolumeSize: 1 });
    const indexes = all.flatMap(({ Blocks }) => Blocks.map(({ BlockIndex }) => BlockIndex));
    expect(indexes).toEqual([...Array(250).keys(), 2_000]);
    await lab.control('settings', { emptyPageEvery: 2 });
    const gappy = await pagesOf(lab, path, { maxResults: '100', startingBlockIndex: '60' });
    // The start index is looked at on the first page only.
    expect(gappy.map(({ Blocks }) => Blocks.length)).toEqual([100, 0, 91]);
    expect(gappy[0]?.Blocks[0]?.BlockIndex).toBe(60);
    for (const maxResults of ['99', '10001', 'x'])
      expect(refusalIn(await callAws(lab, 'ebs', path, { query: { maxResults } }))).toEqual([400, 'ValidationException', 'INVALID_PARAMETER_VALUE']);
    const pageToken = all[0]?.NextToken ?? '';
    expect(refusalIn(await callAws(lab, 'ebs', `/snapshots/${await rootSnapshot()}/blocks`, { query: { pageToken } }))[2]).toBe('INVALID_PAGE_TOKEN');
    await lab.control('clock', { forwardMs: 3_600_000 });
    expect(refusalIn(await callAws(lab, 'ebs', path, { query: { pageToken } }))[2]).toBe('INVALID_PAGE_TOKEN');
  });

  it('gives blocks by their own tokens, with their digest', async () => {
    const bytes = randomBytes(blockBytes);
    await act({ act: 'write', id: diskOf(made, '/dev/xvda').id, offsetBytes: 7 * blockBytes, base64: bytes.toString('base64') });
    const snapshot = await rootSnapshot();
    const [page] = await pagesOf(lab, `/snapshots/${snapshot}/blocks`, { startingBlockIndex: '7' });
    const token = page?.Blocks[0]?.BlockToken ?? '';
    expect((page?.ExpiryTime ?? 0) * 1000).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000);
    const got = await getBlock(lab, snapshot, 7, token);
    expect(got.body.equals(bytes)).toBe(true);
    expect(got.headers).toMatchObject({
      'x-amz-data-length': '524288',
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-checksum': createHash('sha256').update(bytes).digest('base64'),
    });
    const isRefused = [400, 'ValidationException', 'INVALID_BLOCK_TOKEN'];
    expect(refusalIn(await getBlock(lab, snapshot, 8, token))).toEqual(isRefused);
    expect(refusalIn(await getBlock(lab, snapshot, 7, `x${token.slice(1)}`))).toEqual(isRefused);
    expect(refusalIn(await getBlock(lab, await rootSnapshot(), 7, token))).toEqual(isRefused);
    await lab.control('settings', { rotateTokens: true });
    expect((await getBlock(lab, snapshot, 7, token)).status).toBe(200);
    await pagesOf(lab, `/snapshots/${snapshot}/blocks`);
    expect(refusalIn(await getBlock(lab, snapshot, 7, token))).toEqual(isRefused);
    expect(await lab.control(`reads?snapshot=${snapshot}`)).toEqual({ requests: 2, blocks: [7] });
  });

  it('tells added, changed and removed blocks apart', async () => {
    const id = diskOf(made, '/dev/xvda').id;
    await act({ act: 'write', id, offsetBytes: 100 * blockBytes, fill: 1, lengthBytes: 4 * blockBytes });
    const first = await rootSnapshot();
    await act({ act: 'write', id, offsetBytes: 101 * blockBytes, fill: 2, lengthBytes: 10 });
    await act({ act: 'discard', id, block: 102, blocks: 1 });
    await act({ act: 'write', id, offsetBytes: 103 * blockBytes, fill: 0, lengthBytes: blockBytes });
    await act({ act: 'write', id, offsetBytes: 300 * blockBytes, fill: 3, lengthBytes: blockBytes });
    await act({ act: 'resize volume', id, sizeGiB: 3 });
    await act({ act: 'write', id, offsetBytes: 5_000 * blockBytes, fill: 4, lengthBytes: 1 });
    const second = await rootSnapshot();
    const [page] = await pagesOf(lab, `/snapshots/${second}/changedblocks`, { firstSnapshotId: first });
    expect(page?.VolumeSize).toBe(3);
    const shown = page?.ChangedBlocks.map((each) => [each.BlockIndex, 'FirstBlockToken' in each, 'SecondBlockToken' in each]);
    expect(shown).toEqual([
      [101, true, true],
      [102, true, false],
      [103, true, true],
      [300, false, true],
      [5_000, false, true],
    ]);
    const [, , zeroed] = page?.ChangedBlocks ?? [];
    expect((await getBlock(lab, second, 103, zeroed?.SecondBlockToken ?? '')).body.equals(Buffer.alloc(blockBytes))).toBe(true);
    expect((await getBlock(lab, first, 103, zeroed?.FirstBlockToken ?? '')).body[0]).toBe(1);
    const other = (await snapshotAll('other'))[diskOf(made, '/dev/sdf').id] ?? '';
    await lab.control('clock', { forwardMs: 400 });
    expect(refusalIn(await callAws(lab, 'ebs', `/snapshots/${second}/changedblocks`, { query: { firstSnapshotId: other } }))).toEqual([
      400,
      'ValidationException',
      'UNRELATED_SNAPSHOTS',
    ]);
  });

  it('breaks what it is told to break', async () => {
    const snapshot = await rootSnapshot();
    const [page] = await pagesOf(lab, `/snapshots/${snapshot}/blocks`);
    const { BlockIndex = 0, BlockToken = '' } = page?.Blocks[0] ?? {};
    const read = () => getBlock(lab, snapshot, BlockIndex, BlockToken);
    const action = 'GetSnapshotBlock';
    for (const [what, answer] of [
      ['throttle', [400, 'RequestThrottledException', 'ACCOUNT_THROTTLED']],
      ['quota', [402, 'ServiceQuotaExceededException', 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED']],
      ['key access revoked', [403, 'AccessDeniedException', 'DEPENDENCY_ACCESS_DENIED']],
      ['token expired', [400, 'ValidationException', 'INVALID_BLOCK_TOKEN']],
      ['internal error', [500, 'InternalServerException', undefined]],
    ] as const) {
      await lab.control('faults', [{ what, action }]);
      expect(refusalIn(await read())).toEqual(answer);
      expect((await read()).status).toBe(200);
    }
    await lab.control('faults', [{ what: 'wrong checksum', action, block: BlockIndex }]);
    const wrong = await read();
    expect(createHash('sha256').update(wrong.body).digest('base64')).not.toBe(wrong.headers['x-amz-checksum']);
    for (const what of ['truncated body', 'reset', 'lost answer']) {
      await lab.control('faults', [{ what, action }]);
      await expect(read()).rejects.toThrow();
    }
    await lab.control('faults', [{ what: 'meanwhile', action, act: { act: 'delete snapshot', id: snapshot } }]);
    expect(refusalIn(await read())[0]).toBe(404);
    expect(await lab.control('faults')).toEqual({ hits: [1] });
  });

  it('counts every call in its fullest ten seconds, and throttles above the quota', async () => {
    const snapshot = await rootSnapshot();
    await lab.control('forget', {});
    await lab.control('settings', { throttle: true, quotas: { lists: 3 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => callAws(lab, 'ebs', `/snapshots/${snapshot}/blocks`)));
    await lab.control('settings', { throttle: false, quotas: { lists: 50 } });
    expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThanOrEqual(2);
    const counts = await lab.control<Record<string, { total: number; largest: number }>>('counts');
    expect(counts[`${lab.account}/${lab.region}/ListSnapshotBlocks`]).toEqual({ total: 6, largest: 6 });
  });

  it('lets others write to the disk’s own file', async () => {
    const { id, file } = diskOf(made, '/dev/sdf');
    expect(await lab.control(`volume?id=${id}`)).toEqual({ file, sizeBytes: 2 ** 30 });
    const handle = await open(file, 'r+');
    await handle.write('by debugfs', 1_900 * blockBytes + 5);
    await handle.close();
    const snapshot = (await snapshotAll('file'))[id] ?? '';
    await lab.control('clock', { forwardMs: 400 });
    const [page] = await pagesOf(lab, `/snapshots/${snapshot}/blocks`, { startingBlockIndex: '1900' });
    expect(page?.Blocks[0]?.BlockIndex).toBe(1_900);
    expect((await getBlock(lab, snapshot, 1_900, page?.Blocks[0]?.BlockToken ?? '')).body.toString('latin1', 5, 15)).toBe('by debugfs');
  });
});
