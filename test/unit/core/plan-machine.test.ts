import { describe, expect, it } from '@jest/globals';
import { assessMachine } from '../../../src/core/assess-machine.ts';
import { planMachine } from '../../../src/core/plan-machine.ts';
import type { Machine } from '../../../src/model/machine.ts';
import { VmWorkload } from '../../../src/model/plan.ts';
import { diskWith, machineWith } from '../../support/machines.ts';

const gibibyte = 2 ** 30;
const ends = { name: 'web', source: { at: 'aws' }, target: { at: 'outscale', subregion: 'eu-west-2a' } };
const entryOf = (machine: Machine): VmWorkload => VmWorkload.parse(planMachine(machine, ends));

describe('the first draft of a machine’s plan', () => {
  it('has the same boot mode, cores, memory, ranges, groups and address', () => {
    const machine = machineWith({ virtualCpus: 4, memoryBytes: 16 * gibibyte });
    expect(entryOf(machine)).toMatchObject({
      source: { at: 'aws', instance: machine.id },
      target: {
        at: 'outscale',
        subregion: 'eu-west-2a',
        type: 'tinav6.c4r16p2',
        bootMode: 'uefi',
        network: {
          net: { range: '10.0.0.0/16' },
          subnet: { range: '10.0.1.0/24' },
          privateAddress: '10.0.1.7',
          // The target asks for a description.
          securityGroups: [{ name: 'web', description: 'web', rules: [{ protocol: 'tcp', fromPort: 443 }] }],
        },
        disks: {},
      },
    });
  });

  it('rounds memory up, and takes a machine that tells little', () => {
    expect(entryOf(machineWith({ memoryBytes: 512 * 2 ** 20 })).target.type).toBe('tinav6.c2r1p2');
    const { virtualCpus: _, memoryBytes: __, ...bare } = machineWith({ interfaces: [] });
    expect(entryOf(bare).target).toMatchObject({ type: 'tinav6.c2r4p2', network: { net: { range: '10.0.0.0/16' }, subnet: { range: '10.0.0.0/24' } } });
  });

  it.each([
    [{ type: 'gp3' }, undefined],
    [
      { type: 'io2', iops: 3000, sizeBytes: 100 * gibibyte },
      { volumeType: 'io1', iops: 3000 },
    ],
    [
      { type: 'io2', iops: 64_000, sizeBytes: 100 * gibibyte },
      { volumeType: 'io1', iops: 13_000 },
    ],
    [
      { type: 'io1', iops: 5000, sizeBytes: 8 * gibibyte },
      { volumeType: 'io1', iops: 2400 },
    ],
    // Below what provisioned rates are sold for.
    [{ type: 'io1', iops: 100, sizeBytes: 2 * gibibyte }, undefined],
    [{ type: 'st1', sizeBytes: 500 * gibibyte }, { volumeType: 'standard' }],
  ])('maps a disk %j to %j', (fields, expected) => {
    expect(entryOf(machineWith({ disks: [diskWith(fields)] })).target.disks['/dev/xvda']).toEqual(expected);
  });

  it('passes its own assessment', () => expect(assessMachine(machineWith(), entryOf(machineWith()))).toEqual([]));
});
