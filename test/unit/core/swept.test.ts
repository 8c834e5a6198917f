import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sweptOf } from '../../../src/core/swept.ts';
import type { MarkedThing } from '../../../src/model/errand.ts';
import type { WorkloadState } from '../../../src/model/status.ts';

const states = { moving: 'replicating', back: 'rolled back', done: 'finalized', gone: 'discarded' } as const;
const keeper = (kind: MarkedThing['kind'], mark: string, known: Readonly<Record<string, WorkloadState>> = states): string =>
  sweptOf({ kind, mark }, known).keeper;

describe('what keeps a thing that carries our mark', () => {
  it.each([
    ['snapshot', 'demo/moving/r1/p0/running/1', 'workload'],
    ['snapshot', 'demo/back/kept/m1/sda1', 'workload'],
    ['machine', 'demo/done/cutover/m1/machine', 'in service'],
    ['volume', 'demo/done/cutover/m1/machine', 'in service'],
    ['snapshot', 'demo/done/cutover/m1/xvda', 'left behind'],
    ['machine', 'demo/done/rehearsal/m1/machine', 'left behind'],
    ['snapshot', 'demo/done/kept/m1/sda1', 'kept disks'],
    ['machine', 'demo/gone/cutover/m1/machine', 'discarded'],
    ['snapshot', 'demo/gone/kept/m1/sda1', 'kept disks'],
    ['machine', 'demo/other/rehearsal/m1/machine', 'unknown'],
    ['machine', 'demo/other/cutover/m1/machine', 'may serve'],
    ['snapshot', 'demo/other/kept/m1/sda1', 'kept disks'],
    ['snapshot', 'demo/other/r0/p0/running/1', 'unknown'],
    ['snapshot', 'demo/constructor/r1/p0/running/1', 'unknown'],
    ['network', 'demo/network', 'shared'],
  ] as const)('%s %s: %s', (kind, mark, expected) => expect(keeper(kind, mark)).toBe(expected));

  it('lets the shared network go with the last machine', () => {
    expect(keeper('network', 'demo/network', { gone: 'discarded' })).toBe('discarded');
    expect(keeper('network', 'demo/network', {})).toBe('discarded');
    expect(sweptOf({ kind: 'network', mark: 'demo/network' }, states)).not.toHaveProperty('workload');
  });

  it('never gives away what belongs to a workload under way, a machine in service, or what a rollback kept', () => {
    const all: WorkloadState[] = ['not ready', 'replicating', 'ready for test', 'tested', 'ready for cutover', 'cutting over', 'cut over', 'finalized'];
    const kinds: MarkedThing['kind'][] = ['machine', 'volume', 'image', 'snapshot', 'network'];
    fc.assert(
      fc.property(
        fc.constantFrom(...all, 'rolled back' as const, 'excluded' as const, 'decommissioned' as const),
        fc.constantFrom(...kinds),
        fc.constantFrom('cutover', 'rehearsal', 'kept', 'r1'),
        (state, kind, what) => {
          expect(sweptOf({ kind, mark: `demo/w/${what}/m1` }, { w: state }).verdict).not.toBe('removable');
          expect(sweptOf({ kind, mark: `demo/w/kept/m1` }, {}).verdict).not.toBe('removable');
        },
      ),
    );
  });
});
