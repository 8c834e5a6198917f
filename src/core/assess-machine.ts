import type { Finding } from '../model/errand.ts';
import type { Machine, MachineDisk } from '../model/machine.ts';
import type { VmWorkload } from '../model/plan.ts';
import { outscaleLimits, volumeProblems } from './outscale-limits.ts';
import { type MachineFindingCode, machineFindings } from './vm-findings.ts';

/** What a cloud's own description of a machine says against the plan and the target's published limits; `detail` names disks and values. */
export function assessMachine(machine: Machine, entry: VmWorkload): Finding[] {
  const disks = machine.disks.filter(({ id }) => !entry.source.withoutDisks.includes(id));
  return [...ofMachine(machine, entry, disks), ...ofTraits(machine), ...disks.flatMap((disk) => ofDisk(disk, entry)), ...ofNetwork(machine)];
}

/** Told only where it is so. */
const found = (isSo: boolean, code: MachineFindingCode, detail: string, count?: number): Finding[] =>
  isSo ? [{ id: code, level: machineFindings[code].level, detail, ...(count === undefined ? {} : { count }) }] : [];

function ofMachine(machine: Machine, { target, driversDeclared }: VmWorkload, disks: readonly MachineDisk[]): Finding[] {
  const { architecture, bootMode, platform } = machine;
  return [
    ...found(architecture !== 'x86_64', 'ARCHITECTURE_UNSUPPORTED', architecture),
    ...found(bootMode !== target.bootMode, 'BOOT_MODE_MISMATCH', `it runs in ${bootMode}, the plan says ${target.bootMode}`),
    ...found(platform === 'windows' && !driversDeclared, 'WINDOWS_DRIVERS_UNDECLARED', machine.type),
    ...found(disks.length > outscaleLimits.volumesPerMachine, 'TOO_MANY_DISKS', `${disks.length} disks`),
  ];
}

function ofTraits({ traits, type }: Machine): Finding[] {
  const { productCodes = [], instanceStoreDisks = 0, scalingGroup, managedBy, virtualization, rootDeviceType, instanceProfile } = traits;
  return [
    ...found(virtualization === 'paravirtual', 'PARAVIRTUAL_MACHINE', type),
    ...found(rootDeviceType === 'instance-store', 'ROOT_ON_INSTANCE_STORE', type),
    ...found(managedBy !== undefined, 'MACHINE_MANAGED', managedBy ?? ''),
    ...found(traits.hibernates ?? false, 'HIBERNATION_ENABLED', type),
    ...found(scalingGroup !== undefined, 'SCALING_GROUP_REPLACES', scalingGroup ?? ''),
    ...found(traits.terminatesOnShutdown ?? false, 'TERMINATES_ON_SHUTDOWN', type),
    ...found(instanceStoreDisks > 0, 'INSTANCE_STORE_LOST', type, instanceStoreDisks),
    ...found(productCodes.length > 0, 'MARKETPLACE_PRODUCT', productCodes.join(', '), productCodes.length),
    ...found(traits.isSpot ?? false, 'SPOT_MACHINE', type),
    ...found(traits.hasTpm ?? false, 'TPM_LOST', type),
    ...found(instanceProfile !== undefined, 'INSTANCE_PROFILE_LOST', instanceProfile ?? ''),
    ...found(traits.needsEnhancedNetworking ?? false, 'ENHANCED_NETWORKING_ONLY', type),
  ];
}

/** The target's API takes `/dev/sda1`, and `sd` or `xvd` with a letter from b to z and perhaps one more. */
const takenDevice = /^\/dev\/(sda1|(sd|xvd)[b-z][a-z]?)$/;

function ofDisk(disk: MachineDisk, { target }: VmWorkload): Finding[] {
  const { id, device, sizeBytes, iops, isRoot } = disk;
  const own = target.disks[device];
  const volumeType = own?.volumeType ?? target.volumeType;
  const wanted = own?.iops ?? (volumeType === 'io1' ? iops : undefined);
  const problems = volumeProblems({ sizeBytes, volumeType, ...(wanted === undefined ? {} : { iops: wanted }) });
  const granted = Math.min(outscaleLimits.iops, (sizeBytes / 2 ** 30) * outscaleLimits.iopsPerGibibyte);
  return [
    ...found(problems.includes('too large'), 'DISK_TOO_LARGE', `${id} (${device})`),
    ...found(problems.includes('too small'), 'DISK_TOO_SMALL', `${id} (${device})`),
    ...found(disk.isShared, 'DISK_SHARED', `${id} (${device})`),
    ...found(disk.isEncrypted, 'DISK_ENCRYPTED', `${id} (${device})`, 1),
    ...found(disk.type.startsWith('io') && iops !== undefined && iops > granted, 'DISK_PERFORMANCE_LOST', `${id}: ${iops} IOPS`, 1),
    ...found(!isRoot && !takenDevice.test(device), 'DEVICE_NAME_CHANGED', `${id} (${device})`),
  ];
}

function ofNetwork({ interfaces, securityGroups }: Machine): Finding[] {
  const addresses = interfaces.filter(({ publicAddress }) => publicAddress !== undefined);
  const unmapped = securityGroups.filter((group) => group.unmapped > 0);
  return [
    ...found(addresses.length > 0, 'PUBLIC_ADDRESS_LOST', `${addresses.length}`, addresses.length),
    ...found(interfaces.length > 1, 'INTERFACES_LOST', `${interfaces.length} interfaces`, interfaces.length - 1),
    ...found(
      unmapped.length > 0,
      'SECURITY_RULES_UNMAPPED',
      unmapped.map(({ name }) => name).join(', '),
      unmapped.reduce((sum, group) => sum + group.unmapped, 0),
    ),
  ];
}
