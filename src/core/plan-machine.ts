import type { Machine, MachineDisk } from '../model/machine.ts';
import type { VmWorkload } from '../model/plan.ts';
import { bytesOf, gibibytesOf, outscaleLimits } from './outscale-limits.ts';

export interface MachineEnds {
  readonly name: string;
  readonly source: { readonly at: string; readonly account?: string; readonly region?: string };
  readonly target: { readonly at: string; readonly subregion: string };
}

/** What a plan says of a machine besides the schema's defaults. */
export type PlannedMachine = Pick<VmWorkload, 'name' | 'kind'> & { readonly source: object; readonly target: object };

/**
 * A machine as the plan's first draft has it: the same boot mode, the smallest type with as many cores and as much memory, the same ranges, groups
 * and rules. To be reviewed: what could not be mapped is told by the assessment.
 */
export function planMachine(machine: Machine, { name, source, target }: MachineEnds): PlannedMachine {
  const [first] = machine.interfaces;
  const disks = machine.disks.map((disk) => [disk.device, volumeOf(disk)] as const).filter(([, { volumeType }]) => volumeType !== 'gp2');
  return {
    name,
    kind: 'vm',
    source: { ...source, instance: machine.id },
    target: {
      ...target,
      type: typeOf(machine),
      bootMode: machine.bootMode,
      network: {
        net: { range: first?.netRange ?? '10.0.0.0/16' },
        subnet: { range: first?.subnetRange ?? '10.0.0.0/24' },
        securityGroups: machine.securityGroups.map(({ name: group, description, rules }) => ({ name: group, description: description || group, rules })),
        ...(first?.privateAddress === undefined ? {} : { privateAddress: first.privateAddress }),
      },
      ...(disks.length === 0 ? {} : { disks: Object.fromEntries(disks) }),
    },
  };
}

/** Newest generation, performance `p2`: the plan's reader may say otherwise. */
function typeOf({ virtualCpus = 2, memoryBytes = bytesOf(4) }: Machine): string {
  return `tinav6.c${virtualCpus}r${Math.max(1, gibibytesOf(memoryBytes))}p2`;
}

/** Provisioned rates within what the target grants; magnetic disks stay slow; everything else is the usual type. */
function volumeOf({ type, iops, sizeBytes }: MachineDisk): { volumeType: 'standard' | 'gp2' | 'io1'; iops?: number } {
  const gibibytes = gibibytesOf(sizeBytes);
  if (/^(st1|sc1|standard)$/.test(type)) return { volumeType: 'standard' };
  if (!type.startsWith('io') || gibibytes < outscaleLimits.provisionedGibibytes) return { volumeType: 'gp2' };
  return { volumeType: 'io1', iops: Math.min(iops ?? 100, outscaleLimits.iops, gibibytes * outscaleLimits.iopsPerGibibyte) };
}
