import { createAssessActivities } from './assess.ts';
import { createFreezeActivities } from './freezing.ts';
import { createGateActivities } from './gates.ts';
import { createMachineActivities } from './machines/index.ts';
import type { MachineDeps } from './machines/task.ts';
import { createPassActivities } from './passes.ts';
import { createTargetActivities } from './target.ts';

export type { PassSummary } from './passes.ts';
export type { PassPlace } from './recording.ts';
export type ControlActivities = ReturnType<typeof createControlActivities>;

/** The short calls of the `control` role: everything but bytes. */
export const createControlActivities = (deps: MachineDeps) => ({
  ...createAssessActivities(deps),
  ...createTargetActivities(deps),
  ...createGateActivities(deps),
  ...createPassActivities(deps),
  ...createFreezeActivities(deps),
  ...createMachineActivities(deps),
});
