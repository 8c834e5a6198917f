import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { unpackQcow2 } from '../../../lab/outscale/qcow2.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { type InProcess, startInProcess, stateOf } from './outscale-client.ts';

const describeQemuImg = loudSuite(() => localTool('qemu-img', '--version'));
const gib = 2 ** 30;

let cloud: InProcess;
beforeEach(async () => {
  cloud = await startInProcess();
});
afterEach(() => cloud.stop());

const until: InProcess['until'] = (...asked) => cloud.until(...asked);

describeQemuImg('an import', () => {
  let store: Server;
  let origin: string;
  let folder: string;
  const files = new Map<string, Buffer>();
  let asked: string[] = [];

  beforeAll(async () => {
    folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    store = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const file = files.get(request.url ?? '');
      response.writeHead(file ? 200 : 403).end(file);
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
    const qemuImg = (...args: readonly string[]): void => void execFileSync('qemu-img', [...args], { cwd: folder, stdio: 'pipe' });
    execFileSync(
      'sh',
      [
        '-c',
        'truncate -s 64M disk.raw; printf nonce | dd of=disk.raw bs=1M seek=37 conv=notrunc; printf tail | dd of=disk.raw bs=1 seek=67108860 conv=notrunc',
      ],
      { cwd: folder, stdio: 'pipe' },
    );
    qemuImg('convert', '-O', 'qcow2', '-o', 'cluster_size=512k', 'disk.raw', 'good');
    qemuImg('convert', '-O', 'qcow2', '-c', 'disk.raw', 'compressed');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'disk.raw', '-F', 'raw', 'backed');
    for (const name of ['good', 'compressed', 'backed', 'disk.raw']) files.set(`/b/${name}`, readFileSync(`${folder}/${name}`));
    files.set('/b/cut', readFileSync(`${folder}/good`).subarray(0, 900_000));
  });
  afterAll(() => {
    store.close();
    execFileSync('rm', ['-r', folder]);
  });
  beforeEach(async () => {
    asked = [];
    await cloud.lab.settings({ stagingOrigins: [origin] });
  });

  const begin = async (url: string, sizeBytes = 64 * 2 ** 20): Promise<string> =>
    String((await cloud.ask('CreateSnapshot', { FileLocation: url, SnapshotSize: sizeBytes, Description: 'x' })).Snapshot.SnapshotId);
  const end = async (id: string, state: string) => until('ReadSnapshots', { Filters: { SnapshotIds: [id] } }, stateOf('Snapshots', state));

  it('downloads the image by one GET and writes the very disk', async () => {
    const id = await begin(`${origin}/b/good`);
    expect(await end(id, 'completed')).toMatchObject({ Snapshots: [{ Progress: 100, VolumeSize: 1 }] });
    expect(asked).toEqual(['GET /b/good']);
    const { file } = await cloud.lab.disk(id);
    expect(execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', `${folder}/disk.raw`, file], { encoding: 'utf8' })).toMatch(/^Images are identical/m);
    const states = (await cloud.lab.history()).filter((change) => change.id === id).map(({ to }) => to);
    expect(states).toEqual(['importing', 'pending-volume', 'completed']);
    // The URL is a secret: it is gone when it has been used.
    expect(readFileSync(`${cloud.folder}/state.json`, 'utf8')).not.toContain('/b/good');
  });

  it.each([
    ['a foreign origin', () => 'http://127.0.0.1:9/b/good', gib, /does not lie/],
    ['an expired URL', () => `${origin}/b/gone`, gib, /403/],
    ['a raw disk', () => `${origin}/b/disk.raw`, gib, /refused/],
    ['a cut image', () => `${origin}/b/cut`, gib, /refused/],
    ['a backing file', () => `${origin}/b/backed`, gib, /another file/],
    ['a disk larger than SnapshotSize', () => `${origin}/b/good`, 64 * 2 ** 20 - 1, /larger/],
  ])('ends in error at %s', async (_name, url, sizeBytes, why) => {
    const id = await begin(url(), sizeBytes);
    await end(id, 'error');
    expect((await cloud.lab.snapshot(id)).comment).toMatch(why);
  });

  it('fails or vanishes on demand', async () => {
    await cloud.lab.faults([
      { what: 'import error', action: 'CreateSnapshot', times: 1 },
      { what: 'import vanishes', action: 'CreateSnapshot', times: 1 },
    ]);
    await end(await begin(`${origin}/b/good`), 'error');
    const id = await begin(`${origin}/b/good`);
    await until('ReadSnapshots', { Filters: { SnapshotIds: [id] } }, ({ Snapshots }) => (Snapshots as unknown[]).length === 0);
  });

  it('works without any program of this machine, and says so', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      const id = await begin(`${origin}/b/good`);
      await end(id, 'completed');
      expect((await cloud.lab.snapshot(id)).convertedBy).toBe('own parser');
      const disk = readFileSync((await cloud.lab.disk(id)).file);
      expect(disk.equals(readFileSync(`${folder}/disk.raw`))).toBe(true);
      await end(await begin(`${origin}/b/backed`), 'error');
      const { VolumeId } = (await cloud.ask('CreateVolume', { SubregionName: 'eu-west-2a', SnapshotId: id })).Volume;
      await until('ReadVolumes', {}, stateOf('Volumes', 'available'));
      expect(
        readFileSync((await cloud.lab.disk(VolumeId)).file)
          .subarray(0, disk.length)
          .equals(disk),
      ).toBe(true);
    } finally {
      process.env.PATH = path;
    }
  });

  it('without qemu-img reads the same disk, and nothing that it does not know', async () => {
    expect(await unpackQcow2(`${folder}/good`, `${folder}/own.raw`)).toBe(64 * 2 ** 20);
    expect(readFileSync(`${folder}/own.raw`).equals(readFileSync(`${folder}/disk.raw`))).toBe(true);
    for (const name of ['compressed', 'backed', 'disk.raw']) await expect(unpackQcow2(`${folder}/${name}`, `${folder}/bad.raw`)).rejects.toThrow(/^It /);
  });
});
