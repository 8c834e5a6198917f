import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { labEnvironment } from '../../lab/environment.ts';
import { partsFolder } from '../../lab/folders.ts';
import { findFirmware } from '../../lab/hypervisor.ts';
import { reasonOf } from '../../lab/lab-error.ts';
import { type OutscaleLab, startOutscaleLab } from '../../lab/outscale/outscale-lab.ts';
import { findPython, pipInstall } from '../../lab/pip.ts';
import { isRunning, type ProcessRecord } from '../../lab/process.ts';
import { localTool } from '../support/local-tool.ts';
import { loudSuite } from '../support/loud-suite.ts';
import { runFolder } from '../support/run.ts';
import { noteProcess } from '../support/run-servers.ts';
import { bootSectorDisk, textDisk } from '../unit/lab/boot-sector.ts';
import { type Answer, call } from '../unit/lab/outscale-client.ts';

jest.setTimeout(120_000);

const times = { snapshot: 0, import: 0, image: 0, volume: 0, boot: 0, terminate: 0, consoleRefresh: 0, stopGrace: 500 };
const start = (folder: string, stagingOrigins: readonly string[] = []): Promise<OutscaleLab> =>
  startOutscaleLab({ folder, stagingOrigins, settings: { times, requestsPerSecond: 1_000 }, onStart: (record) => noteProcess(runFolder(), record) });

let lab: OutscaleLab;

async function ask(action: string, request: object = {}): Promise<Answer> {
  const { status, body, text } = await call(lab.endpoint, action, request);
  if (status !== 200) throw new Error(`${action}: ${status} ${text}`);
  return body as unknown as Answer;
}

async function until<T>(look: () => Promise<T>, isThere: (seen: T) => boolean): Promise<T> {
  for (let turn = 0; turn < 400; turn += 1) {
    const seen = await look();
    if (isThere(seen)) return seen;
    await pause(50);
  }
  throw new Error(`it never came: ${JSON.stringify(await look())}`);
}

const vmIn = (id: string, state: string) =>
  until(
    () => ask('ReadVms', { Filters: { VmIds: [id] } }),
    ({ Vms }) => Vms[0]?.State === state,
  );
const consoleOf = async (VmId: string): Promise<string> => Buffer.from((await ask('ReadConsoleOutput', { VmId })).ConsoleOutput, 'base64').toString('latin1');

loudSuite(() => {
  const [machine, image] = [localTool('qemu-system-x86_64', '--version'), localTool('qemu-img', '--version')];
  return 'missing' in machine ? machine : image;
})('VMs of the OUTSCALE stand-in', () => {
  const folder = mkdtempSync(`${runFolder()}/outscale-`);
  const files = new Map<string, Buffer>();
  let store: Server;
  let origin: string;

  beforeAll(async () => {
    store = createServer((request, response) => void response.writeHead(200).end(files.get((request.url ?? '').split('?')[0] ?? '')));
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
    lab = await start(folder, [origin]);
  });
  afterAll(async () => {
    await lab.stop();
    store.closeAllConnections();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const { vm } of await lab.control().running()) await ask('DeleteVms', { VmIds: [vm] });
  });

  async function snapshotOf(name: string, disk: Buffer): Promise<string> {
    writeFileSync(`${folder}/${name}.raw`, disk);
    execFileSync('qemu-img', ['convert', '-O', 'qcow2', '-o', 'cluster_size=512k', `${folder}/${name}.raw`, `${folder}/${name}.qcow2`]);
    files.set(`/${name}`, readFileSync(`${folder}/${name}.qcow2`));
    const { SnapshotId } = (await ask('CreateSnapshot', { FileLocation: `${origin}/${name}?signature`, SnapshotSize: 2 ** 30 })).Snapshot;
    await until(
      () => ask('ReadSnapshots', { Filters: { SnapshotIds: [SnapshotId] } }),
      ({ Snapshots }) => Snapshots[0]?.State === 'completed',
    );
    return SnapshotId;
  }

  async function boot(name: string, second: string, BootModes: readonly string[] = ['legacy']): Promise<string> {
    const [root, data] = [await snapshotOf(`${name}-root`, bootSectorDisk(`nonce of ${name}`)), await snapshotOf(`${name}-data`, textDisk(second))];
    const mapping = (DeviceName: string, SnapshotId: string) => ({ DeviceName, Bsu: { SnapshotId } });
    const { ImageId } = (
      await ask('CreateImage', { ImageName: name, RootDeviceName: '/dev/sda1', BootModes, BlockDeviceMappings: [mapping('/dev/sda1', root)] })
    ).Image;
    await pause(5);
    const VmId = String((await ask('CreateVms', { ImageId, BlockDeviceMappings: [mapping('/dev/sdb', data)] })).Vms[0]?.VmId);
    await vmIn(VmId, 'running');
    return VmId;
  }

  const guest = (id: string): ProcessRecord => JSON.parse(readFileSync(`${folder}/vms/${id}/process.json`, 'utf8')) as ProcessRecord;

  it('boot their imported root and see their data disk; a stop ends qemu, a start boots again', async () => {
    const id = await boot('first', 'payload of first');
    const said = 'nonce of first\r\npayload of first\r\n';
    expect(
      await until(
        () => consoleOf(id),
        (text) => text.includes('payload'),
      ),
    ).toContain(said);
    const running = guest(id);
    expect(isRunning(running)).toBe(true);
    await ask('StopVms', { VmIds: [id] });
    await vmIn(id, 'stopped');
    expect(isRunning(running)).toBe(false);
    await ask('StartVms', { VmIds: [id] });
    await until(
      () => consoleOf(id),
      (text) => text.split(said).length === 3,
    );
    const ons = (await lab.control().history()).filter((change) => change.id === id).map(({ to, isOn }) => [to, isOn]);
    expect(ons).toEqual([
      ['pending', true],
      ['running', true],
      ['stopping', true],
      ['stopped', false],
      ['pending', true],
      ['running', true],
    ]);
  });

  it('stop by themselves when the guest powers off', async () => {
    const id = await boot('off', 'Power off');
    await vmIn(id, 'stopped');
    expect(await consoleOf(id)).toContain('Power off');
  });

  it('boot nothing on demand, and with UEFI firmware find no loader on a BIOS disk', async () => {
    await lab.control().faults([{ action: 'CreateVms', what: 'no boot', times: 1 }]);
    expect(await consoleOf(await boot('none', 'x'))).toContain('No bootable device.');
    if (!findFirmware()) return void process.stderr.write('SKIPPED UEFI firmware: OVMF is not installed\n');
    const id = await boot('uefi', 'x', ['uefi']);
    const said = await until(
      () => consoleOf(id),
      (text) => /BdsDxe: (failed to load|No bootable|loading)/.test(text),
    );
    expect(said).not.toContain('nonce of uefi');
  });

  it('die with a stand-in that is killed, at the latest when it comes back, and run again', async () => {
    const id = await boot('again', 'still here');
    await until(
      () => consoleOf(id),
      (text) => text.includes('still here'),
    );
    const orphan = guest(id);
    process.kill(lab.record.pid, 'SIGKILL');
    await until(
      async () => isRunning(lab.record),
      (still) => !still,
    );
    expect(isRunning(orphan)).toBe(true);
    lab = await start(folder, [origin]);
    expect(isRunning(orphan)).toBe(false);
    await until(
      () => consoleOf(id),
      (text) => text.split('nonce of again').length === 3,
    );
    const next = guest(id);
    await lab.stop();
    expect(isRunning(next)).toBe(false);
    expect(existsSync(`${folder}/vms/${id}/process.json`)).toBe(false);
    lab = await start(folder, [origin]);
  });
});

const sdk = 'osc-sdk-python==0.42.0';

/** The vendor's own SDK, asked for by this suite only. It signs the host without its port, so it is told to send it like that. */
const script = `
import json, os, requests
from osc_sdk_python import Gateway

def answer(call):
    try:
        return {"status": 200, "body": call()}
    except requests.HTTPError as error:
        return {"status": error.response.status_code, "body": error.response.json()}

def gateway():
    made = Gateway()
    made.call.session.headers["Host"] = "127.0.0.1"
    return made

own = gateway()
seen = [answer(lambda: own.ReadVms()), answer(lambda: own.CreateSnapshot(VolumeId="vol-12345678", SnapshotSize=1)),
        answer(lambda: own.CreateSnapshot(VolumeId="vol-12345678")), answer(lambda: own.ReadQuotas())]
os.environ["OSC_SECRET_KEY"] = "wrong"
seen.append(answer(lambda: gateway().ReadVms()))
print(json.dumps(seen))
`;

loudSuite(() => localTool('python3', '-c', 'pass'))('the vendor’s Python SDK and a client of our own', () => {
  let folder: string;
  let missing: string | undefined;
  let python = '';
  let library = '';

  beforeAll(async () => {
    try {
      const found = await findPython();
      python = found.command;
      library = `${partsFolder}/${sdk.replace('==', '-')}-python${found.version}`;
      if (!existsSync(library)) await pipInstall(found, sdk, library);
    } catch (error) {
      missing = reasonOf(error);
    }
    folder = mkdtempSync(`${runFolder()}/outscale-sdk-`);
    lab = await start(folder);
  }, 120_000);
  afterAll(async () => {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are answered alike', async () => {
    if (missing) {
      if (process.env.ECLUSE_NO_SKIP === '1') throw new Error(missing);
      return void process.stderr.write(`\nSKIPPED the vendor’s Python SDK: ${missing}\n`);
    }
    const environment = {
      PYTHONPATH: library,
      HOME: folder,
      OSC_ACCESS_KEY: lab.accessKey,
      OSC_SECRET_KEY: lab.secretKey,
      OSC_REGION: lab.region,
      OSC_ENDPOINT_API: `${lab.endpoint}/api/v1`,
    };
    const theirs = JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8', env: labEnvironment(environment) })) as readonly object[];
    const both = { VolumeId: 'vol-12345678', SnapshotSize: 1 };
    const asked: readonly (readonly [string, object, object?])[] = [
      ['ReadVms', {}],
      ['CreateSnapshot', both],
      ['CreateSnapshot', { VolumeId: 'vol-12345678' }],
      ['ReadQuotas', {}],
      ['ReadVms', {}, { secretKey: 'wrong' }],
    ];
    const ours: object[] = [];
    for (const [action, request, wrong] of asked) {
      const { status, body } = await call(lab.endpoint, action, request, wrong);
      ours.push({ status, body });
    }
    const ResponseContext = { RequestId: 'any' };
    const comparable = (answers: readonly object[]) =>
      answers.map((answer) => ({ ...answer, body: { ...(answer as { body: object }).body, ResponseContext } }));
    expect(comparable(theirs)).toEqual(comparable(ours));
    expect(ours.map((answer) => (answer as { status: number }).status)).toEqual([200, 400, 400, 200, 401]);
  });
});
