import { afterAll, expect, it, jest } from '@jest/globals';
import { describeTemporal } from '../support/temporal.ts';
import { disconnect, withStage } from './stage.ts';
import { attend, machinePassage } from './suites.ts';

jest.setTimeout(120_000);
afterAll(disconnect);

describeTemporal('a virtual machine in memory', () => {
  it('reads only what changed after its first pass, keeps nothing of a pass that a later one replaced, and never runs on both sides', async () => {
    const scenery = machinePassage.set();
    const { machine } = scenery.options;
    await withStage(scenery.options, async (stage) => {
      await attend(stage, ({ waitingFor }) => waitingFor === 'order rehearse', {});
      const first = machine?.source.reads.length ?? 0;
      machine?.source.write('vol-root', 300, 'written while it runs');
      await machinePassage.forth(stage);
      scenery.expectArrived();
      const { reads = [], snapshotsById } = machine?.source ?? {};
      // The inspection may read a block twice; what is copied after the first pass is the one block that changed.
      expect(reads.slice(first).map(({ block }) => block)).toEqual([300]);
      expect(snapshotsById?.size).toBe(2);
      await machinePassage.back(stage);
      scenery.expectCleanSlate();
    });
  });
});
