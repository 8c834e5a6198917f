import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type InProcess, startInProcess, stateOf } from './outscale-client.ts';

let cloud: InProcess;
beforeEach(async () => {
  cloud = await startInProcess();
});
afterEach(() => cloud.stop());

const until: InProcess['until'] = (...asked) => cloud.until(...asked);

async function makeVolume(sizeGib = 1): Promise<string> {
  const { Volume } = await cloud.ask('CreateVolume', { SubregionName: 'eu-west-2a', Size: sizeGib });
  const id = String(Volume.VolumeId);
  await until('ReadVolumes', { Filters: { VolumeIds: [id] } }, stateOf('Volumes', 'available'));
  return id;
}

async function makeSnapshot(): Promise<string> {
  const { Snapshot } = await cloud.ask('CreateSnapshot', { VolumeId: await makeVolume() });
  const id = String(Snapshot.SnapshotId);
  await until('ReadSnapshots', { Filters: { SnapshotIds: [id] } }, stateOf('Snapshots', 'completed'));
  return id;
}

async function makeImage(name = 'image-1'): Promise<string> {
  const { Image } = await cloud.ask('CreateImage', imageRequest(name, await makeSnapshot()));
  const id = String(Image.ImageId);
  await until('ReadImages', { Filters: { ImageIds: [id] } }, stateOf('Images', 'available'));
  return id;
}

const imageRequest = (ImageName: string, SnapshotId: string) => ({
  ImageName,
  RootDeviceName: '/dev/sda1',
  BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Bsu: { SnapshotId, DeleteOnVmDeletion: false } }],
  BootModes: ['legacy'],
});

async function makeVm(more: object = {}): Promise<string> {
  const { Vms } = await cloud.ask('CreateVms', { ImageId: await makeImage(), VmType: 'tinav5.c2r4p2', ...more });
  const id = String(Vms[0]?.VmId);
  await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'running'));
  return id;
}

describe('snapshots and images', () => {
  it('pass through their states, of which the history keeps the times', async () => {
    const id = await makeSnapshot();
    const states = (await cloud.lab.history()).filter((change) => change.id === id).map(({ to }) => to);
    expect(states).toEqual(['pending/queued', 'pending', 'completed']);
  });

  it('take a client token once: the same for the same request, a refusal for another', async () => {
    const VolumeId = await makeVolume();
    const first = await cloud.ask('CreateSnapshot', { VolumeId, ClientToken: 'a' });
    expect((await cloud.ask('CreateSnapshot', { ClientToken: 'a', VolumeId })).Snapshot.SnapshotId).toBe(first.Snapshot.SnapshotId);
    expect(await cloud.refusal('CreateSnapshot', { VolumeId, ClientToken: 'a', Description: 'other' })).toBe('400 4091 InvalidParameterValue');
    const { Snapshots } = await cloud.ask('ReadSnapshots', { Filters: { ClientTokens: ['a'] } });
    expect(Snapshots).toHaveLength(1);
  });

  it('refuse what does not go together', async () => {
    const VolumeId = await makeVolume();
    expect(await cloud.refusal('CreateSnapshot', {})).toBe('400 7000 MissingParameter');
    expect(await cloud.refusal('CreateSnapshot', { VolumeId, SnapshotSize: 1 })).toBe('400 3002 InvalidParameter');
    expect(await cloud.refusal('CreateSnapshot', { FileLocation: 'foo', SnapshotSize: 1 })).toBe('400 4075 InvalidParameterValue');
    expect(await cloud.refusal('CreateSnapshot', { VolumeId: 'vol-12345678' })).toBe('400 5064 InvalidResource');
  });

  it('keep a snapshot as long as an image needs it, and an image’s name to one', async () => {
    const SnapshotId = await makeSnapshot();
    const { Image } = await cloud.ask('CreateImage', imageRequest('mine', SnapshotId));
    expect(await cloud.refusal('CreateImage', imageRequest('mine', SnapshotId))).toBe('409 9015 ResourceConflict');
    expect(await cloud.refusal('DeleteSnapshot', { SnapshotId })).toBe('409 9029 ResourceConflict');
    await cloud.ask('DeleteImage', { ImageId: Image.ImageId });
    await cloud.ask('DeleteSnapshot', { SnapshotId });
    await until('ReadSnapshots', { Filters: { SnapshotIds: [SnapshotId] } }, ({ Snapshots }) => (Snapshots as unknown[]).length === 0);
    expect(await cloud.refusal('DeleteSnapshot', { SnapshotId })).toBe('400 5054 InvalidResource');
  });

  it('list the images that others share, unless the account is named', async () => {
    const id = await makeImage();
    const [{ account, publicImage } = { account: '', publicImage: '' }] = await cloud.lab.existing();
    const ids = async (Filters: object) => (await cloud.ask('ReadImages', { Filters })).Images.map(({ ImageId }) => ImageId);
    expect(new Set(await ids({}))).toEqual(new Set([id, publicImage]));
    expect(await ids({ AccountIds: [account] })).toEqual([id]);
  });

  it('are read in pages', async () => {
    const VolumeId = await makeVolume();
    for (let turn = 0; turn < 5; turn += 1) await cloud.ask('CreateSnapshot', { VolumeId, Description: `n${turn}` });
    const seen: unknown[] = [];
    let page: Record<string, unknown> = await cloud.ask('ReadSnapshots', { ResultsPerPage: 2 });
    for (;;) {
      seen.push(...(page.Snapshots as { Description: string }[]).map(({ Description }) => Description));
      if (page.NextPageToken === undefined) break;
      page = await cloud.ask('ReadSnapshots', { ResultsPerPage: 2, NextPageToken: page.NextPageToken });
    }
    expect(seen).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
  });

  it('stop at a quota', async () => {
    await cloud.lab.settings({ quotas: { snapshot_limit: 1, volume_size_limit: 3 } });
    await makeSnapshot();
    expect(await cloud.refusal('CreateSnapshot', { VolumeId: await makeVolume() })).toBe('400 10026 TooManyResources (QuotaExceded)');
    expect(await cloud.refusal('CreateVolume', { SubregionName: 'eu-west-2a', Size: 2 })).toBe('400 10024 TooManyResources (QuotaExceded)');
    const { QuotaTypes } = await cloud.ask('ReadQuotas', { Filters: { QuotaNames: ['volume_size_limit'] } });
    expect(QuotaTypes[0]?.Quotas).toMatchObject([{ MaxValue: 3, UsedValue: 2 }]);
  });
});

describe('VMs', () => {
  it('start, stop and end; data disks stay where it was asked, root disks go', async () => {
    const snapshot = await makeSnapshot();
    const disk = (device: string, more: object) => ({ DeviceName: device, Bsu: { SnapshotId: snapshot, VolumeType: 'gp2', ...more } });
    const id = await makeVm({
      BlockDeviceMappings: [
        { DeviceName: '/dev/sda1', Bsu: { DeleteOnVmDeletion: true } },
        disk('/dev/sdb', { DeleteOnVmDeletion: false }),
        disk('/dev/sdc', {}),
      ],
    });
    const { Volumes } = await cloud.ask('ReadVolumes', { Filters: { LinkVolumeVmIds: [id] } });
    expect(Volumes.map(({ LinkedVolumes }) => LinkedVolumes[0]?.DeviceName)).toEqual(['/dev/sda1', '/dev/sdb', '/dev/sdc']);
    expect(await cloud.refusal('DeleteVolume', { VolumeId: Volumes[1]?.VolumeId })).toBe('409 6007 InvalidState');
    await cloud.ask('StopVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'stopped'));
    expect(await cloud.lab.running()).toEqual([]);
    await cloud.ask('StartVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'running'));
    expect(await cloud.lab.running()).toEqual([{ vm: id, state: 'running' }]);
    for (let turn = 0; turn < 2; turn += 1) await cloud.ask('DeleteVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'terminated'));
    await until('ReadVolumes', { Filters: { SnapshotIds: [snapshot] } }, ({ Volumes: left }) => (left as unknown[]).length === 1);
    expect((await cloud.ask('DeleteVms', { VmIds: [id] })).Vms).toEqual([{ VmId: id, PreviousState: 'terminated', CurrentState: 'terminated' }]);
    const turns = (await cloud.lab.history()).filter((change) => change.id === id).map(({ to, isOn }) => `${to}${isOn ? ' on' : ''}`);
    expect(turns).toEqual(['pending on', 'running on', 'stopping on', 'stopped', 'pending on', 'running on', 'shutting-down on', 'terminated']);
    cloud.wait(3_600_000);
    expect(await cloud.refusal('ReadVms', { Filters: { VmIds: [id] } })).toBe('400 5063 InvalidResource');
  });

  it('are found again by their token, also when they are terminated', async () => {
    const ImageId = await makeImage();
    const request = { ImageId, ClientToken: 'vm-1' };
    const first = String((await cloud.ask('CreateVms', request)).Vms[0]?.VmId);
    await cloud.ask('DeleteVms', { VmIds: [first] });
    await until('ReadVms', { Filters: { ClientTokens: ['vm-1'] } }, stateOf('Vms', 'terminated'));
    expect((await cloud.ask('CreateVms', request)).Vms[0]).toMatchObject({ VmId: first, State: 'terminated' });
    expect(await cloud.refusal('CreateVms', { ...request, VmType: 'tinav5.c1r1p2' })).toBe('400 4091 InvalidParameterValue');
  });

  it('make nothing in a dry run, and refuse what does not fit', async () => {
    const ImageId = await makeImage();
    expect(Object.keys(await cloud.ask('CreateVms', { ImageId, DryRun: true }))).toEqual(['ResponseContext']);
    expect((await cloud.ask('ReadVms')).Vms).toEqual([]);
    expect(await cloud.refusal('CreateVms', { ImageId, BootMode: 'uefi' })).toBe('400 4047 InvalidParameterValue');
    expect(await cloud.refusal('CreateVms', { ImageId, VmType: 'huge' })).toBe('400 5024 InvalidResource');
    const small = (Bsu: object) => ({ ImageId, BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Bsu }] });
    expect(await cloud.refusal('CreateVms', small({ VolumeSize: 0 }))).toBe('400 4078 InvalidParameterValue');
    expect(await cloud.refusal('CreateVms', small({ VolumeType: 'io1', VolumeSize: 4 }))).toBe('400 4029 InvalidParameterValue');
    await cloud.lab.faults([{ action: 'CreateVms', what: 'capacity', times: 1 }]);
    expect(await cloud.refusal('CreateVms', { ImageId })).toBe('400 10001 InsufficientCapacity');
  });

  it('say on their console that nothing booted here, or that there is nothing to boot', async () => {
    const id = await makeVm();
    const consoleOf = async (VmId: string) => Buffer.from(String((await cloud.ask('ReadConsoleOutput', { VmId })).ConsoleOutput), 'base64').toString();
    expect(await consoleOf(id)).toBe('not booted here: booting is switched off\r\n');
    await cloud.ask('StopVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'stopped'));
    await cloud.lab.faults([{ action: 'StartVms', what: 'no boot', times: 1 }]);
    await cloud.ask('StartVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'running'));
    cloud.wait(2_000);
    expect(await consoleOf(id)).toContain('No bootable device.');
  });

  it('stay pending when they are stuck', async () => {
    const ImageId = await makeImage();
    await cloud.lab.faults([{ action: 'CreateVms', what: 'stuck pending', times: 1 }]);
    const id = String((await cloud.ask('CreateVms', { ImageId })).Vms[0]?.VmId);
    await until('ReadVolumes', { Filters: { LinkVolumeVmIds: [id] } }, stateOf('Volumes', 'in-use'));
    cloud.wait(3_600_000);
    expect(await cloud.ask('ReadVms', { Filters: { VmIds: [id] } })).toMatchObject({ Vms: [{ State: 'pending' }] });
    await cloud.ask('DeleteVms', { VmIds: [id] });
    await until('ReadVms', { Filters: { VmIds: [id] } }, stateOf('Vms', 'terminated'));
  });

  it('run again when the stand-in comes back, with everything else as it was', async () => {
    const id = await makeVm();
    await cloud.ask('CreateTags', { ResourceIds: [id], Tags: [{ Key: 'k', Value: 'v' }] });
    await cloud.again();
    await until('ReadVms', { Filters: { Tags: ['k=v'] } }, stateOf('Vms', 'running'));
    expect((await cloud.ask('ReadTags')).Tags).toEqual([{ Key: 'k', Value: 'v', ResourceId: id, ResourceType: 'instance' }]);
  });
});

describe('volumes', () => {
  it('are linked and unlinked, one device once', async () => {
    const id = await makeVm();
    const [a, b] = [await makeVolume(), await makeVolume(2)];
    const link = (VolumeId: string, DeviceName = '/dev/xvdb') => ({ VolumeId, VmId: id, DeviceName });
    expect(await cloud.refusal('LinkVolume', link(a, '/dev/sda2'))).toBe('400 4019 InvalidParameterValue');
    await cloud.ask('LinkVolume', link(a));
    expect(await cloud.refusal('LinkVolume', link(b))).toBe('409 9004 ResourceConflict');
    expect(await cloud.refusal('LinkVolume', link(a, '/dev/xvdc'))).toBe('409 6007 InvalidState');
    await cloud.ask('UnlinkVolume', { VolumeId: a });
    expect(await cloud.refusal('UnlinkVolume', { VolumeId: a })).toBe('409 9063 ResourceConflict');
    await cloud.ask('DeleteVolume', { VolumeId: a });
    await until('ReadVolumes', {}, ({ Volumes }) => !Volumes.some(({ VolumeId }) => VolumeId === a));
  });
});
