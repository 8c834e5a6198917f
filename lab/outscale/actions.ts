import { accountActions } from './accounts.ts';
import type { Action, Cloud } from './cloud.ts';
import { save } from './cloud.ts';
import { imageActions, imageArrivals } from './images.ts';
import { netActions } from './nets.ts';
import { securityGroupActions } from './security-groups.ts';
import { resumeSnapshots, snapshotActions, snapshotArrivals } from './snapshots.ts';
import { noticePowerOffs, resumeVms, vmArrivals } from './vm-power.ts';
import { vmReads } from './vm-view.ts';
import { vmActions } from './vms.ts';
import { resumeVolumes, volumeActions, volumeArrivals } from './volumes.ts';

/** All that the stand-in can do. */
export const actions: Readonly<Record<string, Action>> = {
  ...snapshotActions,
  ...imageActions,
  ...volumeActions,
  ...vmActions,
  ...vmReads,
  ...netActions,
  ...securityGroupActions,
  ...accountActions,
};

const arrivals = { ...snapshotArrivals, ...imageArrivals, ...volumeArrivals, ...vmArrivals };

/** Lets come what is due, in its order and at its own time, however late we look. Called before every request. */
export function settle(cloud: Cloud): void {
  noticePowerOffs(cloud);
  for (;;) {
    const [next] = [...cloud.state.due].sort((a, b) => a.atMs - b.atMs);
    if (!next || next.atMs > cloud.nowMs()) return;
    cloud.state.due = cloud.state.due.filter((due) => due !== next);
    arrivals[next.what]?.(cloud, next.id, next.atMs);
  }
}

/** Goes on with what another run of the stand-in left unfinished. */
export function resume(cloud: Cloud): void {
  resumeSnapshots(cloud);
  resumeVolumes(cloud);
  resumeVms(cloud);
  save(cloud);
}
