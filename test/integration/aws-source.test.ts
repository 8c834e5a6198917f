import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { MadeEstate } from '../../lab/aws/estate.ts';
import { type AwsLab, startAwsLab } from '../../lab/aws/start.ts';
import { AwsCloud } from '../../src/model/config.ts';
import type { BlockPage } from '../../src/ports/disk-source.ts';
import { openAws } from '../../src/providers/aws/index.ts';
import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { blockBytes, calm, diskOf, smallEstate } from '../support/aws-lab.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { describeStores, motoStore } from '../support/stores.ts';

const transport = createSocketTransport();
let lab: AwsLab;
let made: MadeEstate;
let web = '';

const source = () =>
  openAws({
    cloud: AwsCloud.parse({ kind: 'aws', regions: [lab.region], endpoints: { ec2: lab.endpoint, ebs: lab.endpoint, sts: lab.endpoint } }),
    transport,
    pacer: { enter: async () => undefined, throttled: () => undefined, close: async () => undefined },
    credentials: async () => ({ accessKeyId: lab.accessKey, secretAccessKey: lab.secretKey }),
  });
const act = (body: object) => lab.control('act', body);

/** Of the data disk, completed; its blocks. */
async function dataSnapshot(mark: string): Promise<string> {
  const { machines } = source();
  const [one] = await machines.snapshot(web, [diskOf(made, '/dev/sdf').id], mark);
  await lab.control('clock', { forwardMs: 400 });
  return one?.id ?? '';
}

async function all(ask: (from: number) => Promise<BlockPage>): Promise<number[][]> {
  const [blocks, cleared]: [number[], number[]] = [[], []];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: BlockPage = await ask(from);
    blocks.push(...page.blocks);
    cleared.push(...page.cleared);
    from = page.next;
  }
  return [blocks, cleared];
}

describeStores('the AWS source against the stand-in', () => {
  beforeAll(async () => {
    const { endpoint: moto } = await motoStore();
    lab = await startAwsLab({ folder: `${runFolder()}/aws-source`, moto, onStart: (record) => noteProcess(runFolder(), record) });
    made = await lab.control<MadeEstate>('estate', smallEstate);
    web = made.instances.web?.id ?? '';
  }, 300_000);
  beforeEach(() => calm(lab));
  afterAll(async () => {
    await transport.close();
    await lab?.stop();
  });

  it('describes the machine, and reads the estate', async () => {
    const { machines, estate } = source();
    const machine = await machines.describe(web);
    expect(machine.disks.map(({ id }) => id).sort()).toEqual(
      Object.values(made.instances.web?.disks ?? {})
        .map(({ id }) => id)
        .sort(),
    );
    expect(machine.disks[0]?.isRoot).toBe(true);
    expect(machine.interfaces[0]).toMatchObject({ subnetRange: expect.stringMatching(/\//), netRange: expect.stringMatching(/\//) });
    const [scope] = await estate.scopes();
    expect(scope).toEqual({ account: lab.account, region: lab.region });
    for (const kind of estate.kinds.filter((one) => one !== 'bucket')) {
      const found: string[] = [];
      for await (const page of estate.assets(scope ?? { account: '', region: '' }, kind)) found.push(...page.map(({ id }) => id));
      if (kind === 'instance') expect(found).toContain(web);
    }
  }, 60_000);

  it('reads a snapshot and its delta exactly, over short and empty pages and rotating tokens', async () => {
    const { id, file } = diskOf(made, '/dev/sdf');
    await act({ act: 'write', id, offsetBytes: 10 * blockBytes, fill: 7, lengthBytes: 30 * blockBytes });
    const first = await dataSnapshot('p/1');
    await lab.control('settings', { rotateTokens: true, pageSize: 7, emptyPageEvery: 3 });
    const { disks } = source();
    const into = Buffer.alloc(blockBytes);
    const [blocks = []] = await all((from) => disks.blocks(first, from));
    expect(blocks).toEqual(expect.arrayContaining(Array.from({ length: 30 }, (_, n) => 10 + n)));
    const disk = await readFile(file);
    for (const block of blocks) {
      const sha256 = await disks.open(first).read(block, into);
      const wanted = disk.subarray(block * blockBytes, (block + 1) * blockBytes);
      expect([into.equals(wanted), sha256]).toEqual([true, createHash('sha256').update(wanted).digest('hex')]);
    }
    await act({ act: 'write', id, offsetBytes: 12 * blockBytes, fill: 8, lengthBytes: blockBytes });
    await act({ act: 'write', id, offsetBytes: 700 * blockBytes, fill: 9, lengthBytes: blockBytes });
    await act({ act: 'discard', id, block: 20, blocks: 2 });
    const second = await dataSnapshot('p/2');
    expect(await all((from) => disks.changes(first, second, from))).toEqual([
      [12, 700],
      [20, 21],
    ]);
    await lab.control('forget', {});
    const reader = disks.open(second, first);
    for (const block of [12, 700]) await reader.read(block, into);
    expect(into.every((byte) => byte === 9)).toBe(true);
    expect((await lab.control<{ blocks: number[] }>(`reads?snapshot=${second}`)).blocks).toEqual([12, 700]);
  }, 60_000);

  it('outlives faults, and names what it cannot', async () => {
    const snapshot = await dataSnapshot('p/3');
    const { disks, machines } = source();
    const into = Buffer.alloc(blockBytes);
    const read = () => disks.open(snapshot).read(10, into);
    const faults = (...list: object[]) => lab.control('faults', list);
    for (const what of ['throttle', 'token expired', 'internal error', 'wrong checksum', 'truncated body', 'reset']) {
      await faults({ what, action: 'GetSnapshotBlock', times: 2 });
      await read();
    }
    await faults({ what: 'wrong checksum', action: 'GetSnapshotBlock', times: 'always' });
    await expect(read()).rejects.toMatchObject({ code: 'BLOCK_CHECKSUM' });
    await faults({ what: 'key access revoked', action: 'GetSnapshotBlock', times: 'always' });
    await expect(read()).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });
    await faults({ what: 'quota', action: 'GetSnapshotBlock', times: 'always' });
    await expect(read()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await faults({ what: 'lost answer', action: 'CreateSnapshots' });
    const lost = () => machines.snapshot(web, [diskOf(made, '/dev/sdf').id], 'p/4');
    await lost().catch(() => undefined);
    await lost();
    expect(await machines.marked('p/4')).toHaveLength(1);
    await act({ act: 'fail snapshot', id: snapshot });
    await expect(source().disks.blocks(snapshot, 0)).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' });
  }, 60_000);

  it('stops, starts, and asks for its rights', async () => {
    const { machines } = source();
    expect(await machines.mayDo(['snapshot', 'stop', 'start', 'delete snapshot'], web)).toEqual(
      ['snapshot', 'stop', 'start', 'delete snapshot'].map((one) => ({ act: one, allowed: true })),
    );
    await machines.stop(web);
    await machines.stop(web);
    expect((await machines.state(web)).state).toMatch(/^stop/);
    await lab.control('clock', { forwardMs: 60_000 });
    await machines.start(web);
    await machines.start(web);
    for (const { id } of await machines.marked('p/')) expect(await machines.deleteSnapshot(id)).toEqual({ isGone: true });
    expect(await machines.marked('p/')).toEqual([]);
  }, 60_000);
});
