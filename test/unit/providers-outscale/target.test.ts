import { describe, expect, it } from '@jest/globals';
import { answeringCloud, wrong } from './answering-cloud.ts';
import { imageRequest, machineRequest } from './requests.ts';

const gibibyte = 2 ** 30;
const snapshot = { mark: 'shop/web/s', url: 'https://oos.example/b/k?X-Amz-Signature=SECRET', sizeBytes: 8 * gibibyte + 1 };

describe('snapshots', () => {
  it('are imported once, at a whole GiB, under one key', async () => {
    const { target, calls, cloud } = answeringCloud();
    const made = await target.importSnapshot(snapshot);
    expect(calls.find(({ action }) => action === 'CreateSnapshot')?.body).toEqual({
      FileLocation: snapshot.url,
      SnapshotSize: 9 * gibibyte,
      ClientToken: 'shop/web/s',
      Description: 'shop/web/s',
    });
    expect(made).toEqual({ id: cloud.of('Snapshot')[0]?.id, state: 'pending', sizeBytes: 9 * gibibyte, progress: 0 });
    // The next address differs, since it is signed anew.
    expect(await target.importSnapshot({ ...snapshot, url: 'https://oos.example/b/k?X-Amz-Signature=OTHER' })).toEqual(made);
  });

  it('have four labels that are known; any other is under way', async () => {
    const { target, cloud } = answeringCloud();
    const { id } = await target.importSnapshot(snapshot);
    for (const [label, state] of [
      ['completed', 'completed'],
      ['error', 'error'],
      ['deleting', 'error'],
      ['in-queue', 'pending'],
      ['importing', 'pending'],
      ['available', 'pending'],
    ]) {
      for (const one of cloud.of('Snapshot')) one.State = label ?? '';
      expect((await target.snapshot({ id }))?.state).toBe(state);
      expect((await target.snapshot({ mark: snapshot.mark }))?.state).toBe(state);
    }
  });

  it('may vanish', async () => {
    const made = answeringCloud();
    made.fault('ReadSnapshots', wrong(400, '5054'));
    expect(await made.target.snapshot({ id: 'snap-00000009' })).toBeUndefined();
    expect(await made.target.snapshot({ mark: 'shop/web/s' })).toBeUndefined();
  });

  it('of one mark are one, or a person’s case', async () => {
    const { target, cloud } = answeringCloud();
    for (let n = 0; n < 2; n++) cloud.add('Snapshot', 'snap', { Description: 'shop/web/s', AccountId: '123456789012' });
    await expect(target.importSnapshot(snapshot)).rejects.toMatchObject({ code: 'TARGET_AMBIGUOUS' });
    await expect(target.remove('snapshot', 'shop/web/s')).rejects.toMatchObject({ code: 'TARGET_AMBIGUOUS' });
  });

  it('and images of others, shared with us, are never taken for ours', async () => {
    const { target, cloud } = answeringCloud();
    cloud.add('Snapshot', 'snap', { Description: 'shop/web/s', AccountId: '666' }, 'completed');
    cloud.add('Image', 'ami', { ImageName: `${imageRequest.mark}`, AccountId: '666' });
    expect(await target.snapshot({ mark: 'shop/web/s' })).toBeUndefined();
    expect(await target.remove('image', imageRequest.mark)).toBe('gone');
    expect(cloud.of('Image')).toHaveLength(1);
  });

  it('wait for the image that uses them', async () => {
    const { target, cloud } = answeringCloud();
    const { id } = await target.importSnapshot(snapshot);
    await target.ensureImage({ ...imageRequest, rootSnapshot: id });
    expect(await target.remove('snapshot', snapshot.mark)).toBe('waiting');
    expect(await target.remove('image', imageRequest.mark)).toBe('gone');
    expect(await target.remove('snapshot', snapshot.mark)).toBe('gone');
    expect(cloud.things).toEqual([]);
  });
});

describe('images', () => {
  it('fix boot mode, size and type, and keep their volume', async () => {
    const { target, calls } = answeringCloud();
    await target.ensureImage(imageRequest);
    expect(calls.find(({ action }) => action === 'CreateImage')?.body).toEqual({
      ImageName: 'shop/web/cutover/m1/image',
      Description: 'shop/web/cutover/m1/image',
      Architecture: 'x86_64',
      BootModes: ['uefi'],
      RootDeviceName: '/dev/sda1',
      BlockDeviceMappings: [
        { DeviceName: '/dev/sda1', Bsu: { SnapshotId: 'snap-00000001', VolumeSize: 8, VolumeType: 'io1', Iops: 500, DeleteOnVmDeletion: false } },
      ],
    });
  });

  it('that failed are told, not made again', async () => {
    const { target, cloud } = answeringCloud();
    await target.ensureImage(imageRequest);
    for (const state of ['pending', 'available', 'failed']) {
      for (const one of cloud.of('Image')) one.State = state;
      expect((await target.ensureImage(imageRequest)).state).toBe(state);
    }
    expect(cloud.of('Image')).toHaveLength(1);
  });
});

describe('machines', () => {
  it('boot when they are made, with data disks straight from their snapshots, none of which dies with them', async () => {
    const { target, calls, cloud } = answeringCloud();
    const machine = await target.ensureMachine(machineRequest);
    const { body } = calls.find(({ action }) => action === 'CreateVms') ?? {};
    expect(body).toMatchObject({ BootMode: 'uefi', BootOnCreation: true, ClientToken: machineRequest.mark, PrivateIps: ['10.0.0.10'], KeypairName: 'admin' });
    expect(body?.BlockDeviceMappings).toEqual([
      // Provisioned speed is for io1 only.
      { DeviceName: '/dev/sda1', Bsu: { VolumeSize: 8, VolumeType: 'gp2', DeleteOnVmDeletion: false } },
      { DeviceName: '/dev/xvdb', Bsu: { SnapshotId: 'snap-00000005', VolumeSize: 20, VolumeType: 'gp2', DeleteOnVmDeletion: false } },
    ]);
    expect(machine).toMatchObject({ state: 'running', subnet: 'subnet-00000003', privateAddress: '10.0.0.4' });
    expect(machine.volumes[1]).toEqual({ id: cloud.of('Volume')[1]?.id, device: '/dev/xvdb', sizeBytes: 20 * gibibyte, snapshot: 'snap-00000005' });
    for (const { Tags } of [...cloud.of('Vm'), ...cloud.of('Volume')]) {
      expect(Tags).toEqual([
        { Key: 'Name', Value: 'web' },
        { Key: 'ecluse', Value: machineRequest.mark },
      ]);
    }
  });

  it('that are terminated count as not there, and are told to who would make them again', async () => {
    const { target, cloud, calls } = answeringCloud();
    const { id } = await target.ensureMachine(machineRequest);
    for (const vm of cloud.of('Vm')) vm.State = 'terminated';
    expect(await target.machine({ id })).toBeUndefined();
    expect(await target.machine({ mark: machineRequest.mark })).toBeUndefined();
    expect((await target.ensureMachine(machineRequest)).state).toBe('terminated');
    expect(calls.filter(({ action }) => action === 'CreateVms')).toHaveLength(1);
    expect(await target.machine({ id: 'i-ffffffff' })).toBeUndefined();
  });

  it('stop without force and start, each as often as it is said', async () => {
    const { target, calls, cloud } = answeringCloud();
    const { id } = await target.ensureMachine(machineRequest);
    for (let n = 0; n < 2; n++) await target.stop(id);
    expect((await target.machine({ id }))?.state).toBe('stopped');
    for (let n = 0; n < 2; n++) await target.start(id);
    expect(calls.filter(({ action }) => /^(Stop|Start)/.test(action)).map(({ body }) => body)).toEqual([{ VmIds: [id] }, { VmIds: [id] }]);
    for (const vm of cloud.of('Vm')) vm.State = 'terminated';
    await expect(target.stop(id)).rejects.toMatchObject({ code: 'MACHINE_MISSING' });
    await expect(target.start('i-ffffffff')).rejects.toMatchObject({ code: 'MACHINE_MISSING' });
  });

  it('show the last 64 KiB of their console, and nothing while there is none', async () => {
    const made = answeringCloud();
    const { id } = await made.target.ensureMachine(machineRequest);
    const console = await made.target.console(id);
    expect([console.length, console.subarray(-6).toString()]).toEqual([65_536, 'login:']);
    made.fault('ReadConsoleOutput', wrong(409, '6003'), { status: 200, body: '{"VmId":"i-1"}' });
    expect((await made.target.console(id)).length).toBe(0);
    expect((await made.target.console(id)).length).toBe(0);
  });

  it('go before their volumes, which wait until they are let go', async () => {
    const { target, cloud } = answeringCloud();
    await target.ensureMachine(machineRequest);
    cloud.add('Volume', 'vol', { Size: 1 }).Tags.push({ Key: 'ecluse', Value: 'shop/other/vm' });
    expect(await target.remove('machine', machineRequest.mark)).toBe('waiting');
    for (const volume of cloud.of('Volume').slice(0, 1)) volume.State = 'in-use';
    expect(await target.remove('machine', machineRequest.mark)).toBe('waiting');
    for (const volume of cloud.of('Volume')) volume.State = 'available';
    expect(await target.remove('machine', machineRequest.mark)).toBe('gone');
    expect(cloud.of('Volume').map(({ Tags }) => Tags[0]?.Value)).toEqual(['shop/other/vm']);
  });
});

describe('marks', () => {
  it('that are long or odd become keys of 64 signs, each its own', async () => {
    const { target, calls } = answeringCloud();
    const long = `shop/${'w'.repeat(63)}/cutover/m1/disk`;
    for (const mark of [`${long}0`, `${long}1`, 'shop/wéb']) await target.ensureImage({ ...imageRequest, mark });
    const names = calls.filter(({ action }) => action === 'CreateImage').map(({ body }) => String(body.ImageName));
    expect(new Set(names).size).toBe(3);
    expect(names.every((name) => /^[A-Za-z0-9_() ./-]{3,64}$/.test(name))).toBe(true);
    expect((await target.marked(`shop/${'w'.repeat(63)}/`)).map(({ mark }) => mark)).toEqual([`${long}0`, `${long}1`]);
  });

  it('are listed by kind, all that begin so', async () => {
    const { target } = answeringCloud();
    await target.ensureMachine(machineRequest);
    await target.importSnapshot(snapshot);
    await target.importSnapshot({ ...snapshot, mark: 'shop/web-2/s' });
    expect((await target.marked('shop/web/')).map(({ kind, mark, state }) => `${kind} ${mark} ${state}`)).toEqual([
      `machine ${machineRequest.mark} running`,
      `volume ${machineRequest.mark} in-use`,
      `volume ${machineRequest.mark} in-use`,
      'snapshot shop/web/s pending',
    ]);
  });
});

describe('mayDo', () => {
  it('asks each right without doing anything, and tells yes, no and nothing apart', async () => {
    const made = answeringCloud();
    made.fault('CreateVms', wrong(401, '4', 'AccessDenied'));
    made.fault('DeleteVms', wrong(400, '5063'));
    made.fault('StopVms', wrong(400, '8000', 'DryRunOperation'));
    const checks = new Map((await made.target.mayDo(machineRequest)).map(({ id, allowed }) => [id, allowed]));
    expect([checks.get('may CreateVms'), checks.get('may DeleteVms'), checks.get('may StopVms'), checks.get('may CreateSnapshot')]).toEqual([
      false,
      'unknown',
      true,
      true,
    ]);
    expect(made.cloud.things).toEqual([]);
    expect(made.calls.filter(({ body, action }) => !body.DryRun && !action.startsWith('Read'))).toEqual([]);
  });

  it('compares needs with quotas: 0 is no limit, and what is not listed is unknown', async () => {
    const checks = await answeringCloud().target.mayDo({ ...machineRequest, type: 'tinav6.c4r8p2' });
    const quotas = Object.fromEntries(checks.filter(({ id }) => id.startsWith('quota')).map(({ id, allowed }) => [id, allowed]));
    expect(quotas).toMatchObject({ 'quota machines': true, 'quota cores': false, 'quota volumes': true, 'quota volume size': 'unknown' });
    expect(checks.find(({ id }) => id === 'quota cores')?.detail).toBe('78 of 80 used, 4 needed');
  });
});
