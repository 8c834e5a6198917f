import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { consoleFile, endGuest, startGuest, stopGuest } from '../hypervisor.ts';
import { isRunning } from '../process.ts';
import { background, type Cloud, changed, save, schedule, turn } from './cloud.ts';
import { diskFile } from './disk-files.ts';
import type { Vm } from './records.ts';
import { deleteVolume, fillVolume, volumesOf } from './volumes.ts';

export const vmFolder = (cloud: Cloud, id: string): string => `${cloud.folder}/vms/${id}`;

const onStates = ['pending', 'running', 'stopping', 'shutting-down'];

/** A VM's change of state; `isOn` says from where to where it can have written or answered. */
export function turnVm(cloud: Cloud, vm: Vm, to: string, atMs?: number): void {
  changed(cloud, { kind: 'vm', id: vm.id, from: vm.state, to, isOn: onStates.includes(to) }, atMs);
  vm.state = to;
}

/**
 * Fills new volumes, starts the guest, and lets `running` come. A crash before leaves it `pending`, and the next start of the stand-in goes on
 * from here. A VM that is stuck stays `pending` for good.
 */
export function powerOn(cloud: Cloud, vm: Vm, fault: { readonly isUnbootable: boolean; readonly isStuck: boolean }): void {
  background(cloud, async () => {
    for (const volume of volumesOf(cloud, vm.id)) {
      if (volume.state !== 'creating') continue;
      await fillVolume(cloud, volume);
      turn(cloud, 'volume', volume, 'in-use');
    }
    if (cloud.isClosed || vm.state !== 'pending' || fault.isStuck) return;
    await boot(cloud, vm, fault.isUnbootable);
    if (vm.state === 'pending') schedule(cloud, cloud.settings.times.boot, 'vm running', vm.id);
    save(cloud);
  });
}

async function boot(cloud: Cloud, vm: Vm, isUnbootable: boolean): Promise<void> {
  const folder = vmFolder(cloud, vm.id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const say = (line: string): void => appendFileSync(consoleFile(folder), `${line}\r\n`, { mode: 0o600 });
  if (isUnbootable) return say('Boot failed: not a bootable disk\r\nNo bootable device.');
  if (cloud.notBooted !== undefined) return say(`not booted here: ${cloud.notBooted}`);
  const disks = [...volumesOf(cloud, vm.id)].sort((a, b) => rank(vm, a.link?.device) - rank(vm, b.link?.device) || (a.id < b.id ? -1 : 1));
  try {
    const record = await startGuest({
      name: vm.id,
      folder,
      bootMode: vm.bootMode === 'uefi' ? 'uefi' : 'legacy',
      disks: disks.map(({ id }) => ({ file: diskFile(cloud, id), serial: id })),
    });
    if (cloud.isClosed || vm.state !== 'pending') return await endGuest(folder, record);
    cloud.guests.set(vm.id, record);
  } catch (error) {
    say(`not booted here: ${error instanceof Error ? error.message : 'qemu did not start'}`);
  }
}

/** Root first, then by name; `/dev/xvdb` and `/dev/sdb` are the same place. */
const rank = (vm: Vm, device = ''): number =>
  device === vm.rootDevice ? 0 : [...device.replace(/^\/dev\/(sd|xvd)/, '')].reduce((number, letter) => number * 27 + letter.charCodeAt(0) - 96, 0);

/** Powers off and, when that is done, lets `arrival` come. Nobody waits for it. */
export function powerOff(cloud: Cloud, vm: Vm, graceMs: number, arrival: string): void {
  const guest = cloud.guests.get(vm.id);
  if (!guest) schedule(cloud, cloud.settings.times.terminate, arrival, vm.id);
  else
    background(cloud, async () => {
      await stopGuest(vmFolder(cloud, vm.id), guest, graceMs);
      cloud.guests.delete(vm.id);
      schedule(cloud, 0, arrival, vm.id);
      save(cloud);
    });
}

export const vmArrivals: Readonly<Record<string, (cloud: Cloud, id: string, atMs: number) => void>> = {
  'vm running': (cloud, id, atMs) => arrive(cloud, id, 'pending', 'running', atMs),
  'vm stopped': (cloud, id, atMs) => arrive(cloud, id, 'stopping', 'stopped', atMs),
  'vm terminated'(cloud, id, atMs) {
    if (cloud.state.vms[id]?.state !== 'shutting-down') return;
    arrive(cloud, id, 'shutting-down', 'terminated', atMs);
    for (const volume of volumesOf(cloud, id)) {
      if (volume.link?.deleteOnVmDeletion) deleteVolume(cloud, volume);
      else {
        delete volume.link;
        turn(cloud, 'volume', volume, 'available', atMs);
      }
    }
    schedule(cloud, cloud.settings.times.showTerminated, 'vm gone', id);
  },
  'vm gone'(cloud, id, atMs) {
    if (!cloud.state.vms[id]) return;
    changed(cloud, { kind: 'vm', id, from: 'terminated', to: 'gone', isOn: false }, atMs);
    delete cloud.state.vms[id];
    delete cloud.state.tags[id];
    rmSync(vmFolder(cloud, id), { recursive: true, force: true });
  },
};

function arrive(cloud: Cloud, id: string, from: string, to: string, atMs: number): void {
  const vm = cloud.state.vms[id];
  if (vm?.state === from) turnVm(cloud, vm, to, atMs);
}

/** Guests that powered themselves off: the VM stops, starts again or ends, as its shutdown behaviour says. */
export function noticePowerOffs(cloud: Cloud): void {
  for (const [id, guest] of cloud.guests) {
    const vm = cloud.state.vms[id];
    if (vm?.state !== 'running' || isRunning(guest)) continue;
    cloud.guests.delete(id);
    if (vm.shutdownBehaviour === 'terminate') {
      turnVm(cloud, vm, 'shutting-down');
      schedule(cloud, 0, 'vm terminated', id);
    } else {
      turnVm(cloud, vm, 'stopped');
      if (vm.shutdownBehaviour === 'restart') restart(cloud, vm);
    }
  }
}

/** What a stop of the stand-in interrupted, as a cloud whose host failed: what ran boots again, what was going down is down. */
export function resumeVms(cloud: Cloud): void {
  for (const vm of Object.values(cloud.state.vms)) {
    if (vm.state === 'running' || vm.state === 'pending') restart(cloud, vm);
    else if (vm.state === 'stopping') schedule(cloud, 0, 'vm stopped', vm.id);
    else if (vm.state === 'shutting-down') schedule(cloud, 0, 'vm terminated', vm.id);
  }
}

function restart(cloud: Cloud, vm: Vm): void {
  if (vm.state !== 'pending') turnVm(cloud, vm, 'pending');
  powerOn(cloud, vm, { isUnbootable: vm.isUnbootable ?? false, isStuck: vm.isStuck ?? false });
}
