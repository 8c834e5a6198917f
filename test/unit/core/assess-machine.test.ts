import { describe, expect, it } from '@jest/globals';
import { assessMachine } from '../../../src/core/assess-machine.ts';
import { machineFindings } from '../../../src/core/vm-findings.ts';
import type { Machine } from '../../../src/model/machine.ts';
import type { VmWorkload } from '../../../src/model/plan.ts';
import { diskWith, machineWith, vmEntry } from '../../support/machines.ts';

const tebibyte = 2 ** 40;
const codes = (machine: Machine, entry: VmWorkload = vmEntry()): string[] => assessMachine(machine, entry).map(({ id }) => id);
const disk = (fields: Parameters<typeof diskWith>[0]): Machine => machineWith({ disks: [diskWith(fields)] });

/** Every finding that a description can cause, by what causes it. */
const causes: readonly (readonly [string, Machine, VmWorkload?])[] = [
  ['ARCHITECTURE_UNSUPPORTED', machineWith({ architecture: 'arm64' })],
  ['BOOT_MODE_MISMATCH', machineWith({ bootMode: 'legacy' })],
  ['WINDOWS_DRIVERS_UNDECLARED', machineWith({ platform: 'windows' })],
  ['TOO_MANY_DISKS', machineWith({ disks: Array.from({ length: 41 }, (_, n) => diskWith({ id: `vol-${n}`, isRoot: true })) })],
  ['PARAVIRTUAL_MACHINE', machineWith({ traits: { virtualization: 'paravirtual' } })],
  ['ROOT_ON_INSTANCE_STORE', machineWith({ traits: { rootDeviceType: 'instance-store' } })],
  ['MACHINE_MANAGED', machineWith({ traits: { managedBy: 'eks' } })],
  ['HIBERNATION_ENABLED', machineWith({ traits: { hibernates: true } })],
  ['SCALING_GROUP_REPLACES', machineWith({ traits: { scalingGroup: 'web' } })],
  ['TERMINATES_ON_SHUTDOWN', machineWith({ traits: { terminatesOnShutdown: true } })],
  ['INSTANCE_STORE_LOST', machineWith({ traits: { instanceStoreDisks: 2 } })],
  ['MARKETPLACE_PRODUCT', machineWith({ traits: { productCodes: ['abc'] } })],
  ['SPOT_MACHINE', machineWith({ traits: { isSpot: true } })],
  ['TPM_LOST', machineWith({ traits: { hasTpm: true } })],
  ['INSTANCE_PROFILE_LOST', machineWith({ traits: { instanceProfile: 'web' } })],
  ['ENHANCED_NETWORKING_ONLY', machineWith({ traits: { needsEnhancedNetworking: true } })],
  ['DISK_TOO_LARGE', disk({ sizeBytes: 16 * tebibyte })],
  ['DISK_TOO_SMALL', disk({ sizeBytes: 2 * 2 ** 30 }), vmEntry({ target: { volumeType: 'io1' } })],
  ['DISK_SHARED', disk({ isShared: true })],
  ['DISK_ENCRYPTED', disk({ isEncrypted: true })],
  ['DISK_PERFORMANCE_LOST', disk({ type: 'io2', iops: 50_000, sizeBytes: tebibyte })],
  ['DEVICE_NAME_CHANGED', machineWith({ disks: [diskWith(), diskWith({ id: 'vol-b', device: '/dev/xvdba1', isRoot: false })] })],
  ['PUBLIC_ADDRESS_LOST', machineWith({ interfaces: [{ id: 'e', subnet: 's', net: 'n', publicAddress: '192.0.2.1', securityGroups: [] }] })],
  ['INTERFACES_LOST', machineWith({ interfaces: ['a', 'b'].map((id) => ({ id, subnet: 's', net: 'n', securityGroups: [] })) })],
  ['SECURITY_RULES_UNMAPPED', machineWith({ securityGroups: [{ id: 'sg-1', name: 'web', description: '', rules: [], unmapped: 3 }] })],
];

describe('the assessment of a machine', () => {
  it('has nothing to say of one that only has what the target has', () => expect(codes(machineWith())).toEqual([]));

  it.each(causes)('tells %s, and nothing else', (code, machine, entry = vmEntry()) => expect(codes(machine, entry)).toEqual([code]));

  it('has a cause for each of its codes but the one that only a refused key tells', () => {
    const caused = new Set(causes.map(([code]) => code));
    expect(Object.keys(machineFindings).filter((code) => !caused.has(code))).toEqual(['DISK_KEY_REFUSED']);
  });

  it('takes the level from the table, and counts', () => {
    expect(assessMachine(machineWith({ traits: { instanceStoreDisks: 2 } }), vmEntry())).toEqual([
      { id: 'INSTANCE_STORE_LOST', level: 'warning', detail: 'm5.large', count: 2 },
    ]);
    expect(assessMachine(disk({ isShared: true }), vmEntry())).toEqual([{ id: 'DISK_SHARED', level: 'blocker', detail: 'vol-root (/dev/xvda)' }]);
  });

  it('leaves out the disks that stay behind, and believes what a person declares', () => {
    const shared = machineWith({ disks: [diskWith(), diskWith({ id: 'vol-s', device: '/dev/sdf', isRoot: false, isShared: true })] });
    expect(codes(shared, vmEntry({ source: { withoutDisks: ['vol-s'] } }))).toEqual([]);
    expect(codes(machineWith({ platform: 'windows' }), vmEntry({ driversDeclared: true }))).toEqual([]);
  });
});
