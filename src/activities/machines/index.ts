import { createMachineAssessing } from './assessing.ts';
import { createMakingActivities } from './making.ts';
import { createRemovingActivities } from './removing.ts';
import { createSnapshotActivities } from './snapshots.ts';
import { createStoppingActivities } from './stopping.ts';
import { createSweepActivities } from './sweeping.ts';
import type { MachineDeps } from './task.ts';

export type MachineActivities = ReturnType<typeof createMachineActivities>;

/** The calls to both clouds of machines: everything but bytes. Some wait for hours, with heartbeats. */
export const createMachineActivities = (deps: MachineDeps) => ({
  ...createMachineAssessing(deps),
  ...createSnapshotActivities(deps),
  ...createMakingActivities(deps),
  ...createStoppingActivities(deps),
  ...createRemovingActivities(deps),
  ...createSweepActivities(deps),
});
