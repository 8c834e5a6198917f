import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { sweptOf } from '../../core/swept.ts';
import type { Digest } from '../../model/digest.ts';
import type { MarkedThing, SweepErrand, SweepFile, SweepResult } from '../../model/errand.ts';
import { type Attempt, attempt } from '../boundary.ts';
import { type MachineDeps, until } from './task.ts';

/** What is not gone after this is told as left: a machine that ends slowly, a network that another's machine stands in. */
const patienceMs = 10 * 60_000;

/** In the order that a target demands: a snapshot is refused while an image holds it, a network while a machine stands in it. */
const order = ['machine', 'image', 'snapshot', 'network'] as const;

/** What carries the project's mark on its clouds, whatever is known of it. */
export const createSweepActivities = (deps: MachineDeps) => ({
  /** Lists; with `remove` takes away what the list that a person saw holds, what still stands, and what nothing keeps. Repeated, it goes on. */
  sweep: ({ project, remove }: SweepErrand): Promise<SweepResult> =>
    attempt(async (run) => {
      const found = await markedThings(deps, project, run);
      if (!remove) return told(deps, found, 0);
      const shown = new Set((await listed(deps, remove.listed)).map(keyOf));
      const doomed = found.filter((thing) => shown.has(keyOf(thing)) && sweptOf(thing, remove.states).verdict === 'removable');
      await removeThings(deps, doomed, run);
      const left = await markedThings(deps, project, run);
      const standing = new Set(left.map(keyOf));
      return told(deps, left, doomed.filter((thing) => !standing.has(keyOf(thing))).length);
    }),
});

async function told({ depot, clock }: MachineDeps, things: readonly MarkedThing[], removed: number): Promise<SweepResult> {
  const file: SweepFile = { v: 1, takenAt: new Date(clock.now()).toISOString(), things };
  return { digest: await depot.put(Buffer.from(JSON.stringify(file))), found: things.length, removed };
}

const listed = async ({ depot }: MachineDeps, digest: Digest): Promise<SweepFile['things']> =>
  (JSON.parse((await depot.get(digest)).toString('utf8')) as SweepFile).things;

const keyOf = ({ cloud, kind, id, mark }: MarkedThing): string => JSON.stringify([cloud, kind, id, mark]);

/** Of every cloud of the configuration, also those that no workload names any more; of a source, every account and region. */
async function markedThings({ clouds }: MachineDeps, project: string, { signal, heartbeat }: Attempt): Promise<MarkedThing[]> {
  const things: MarkedThing[] = [];
  const prefix = `${project}/`;
  for (const { cloud, side } of clouds.names()) {
    if (side === 'target') {
      const marked = await clouds.target(cloud).machines.marked(prefix, signal);
      things.push(...marked.map(({ kind, id, mark, state }) => ({ cloud, kind, id, mark, state })));
    } else {
      for (const scope of await clouds.source(cloud).estate.scopes(signal)) {
        const { account, region } = scope;
        const marked = await clouds.source(cloud, scope).machines.marked(prefix, signal);
        things.push(...marked.map(({ id, mark = '', state }) => ({ cloud, account, region, kind: 'snapshot' as const, id, mark, state })));
      }
    }
    heartbeat({ cloud, things: things.length });
  }
  return things;
}

async function removeThings({ clouds, clock }: MachineDeps, things: readonly MarkedThing[], { signal, heartbeat }: Attempt): Promise<void> {
  const ofSources = things.filter(({ region }) => region !== undefined);
  for (const { cloud, account, region, id } of ofSources) await clouds.source(cloud, { account, region }).machines.deleteSnapshot(id, signal);
  const ofTargets = things.filter(({ region }) => region === undefined);
  const deadline = clock.now() + patienceMs;
  for (const kind of order) {
    const due = ofTargets.filter((one) => one.kind === kind || (kind === 'machine' && one.kind === 'volume'));
    for (const [cloud, mark] of new Map(due.map((one) => [`${one.cloud} ${one.mark}`, [one.cloud, one.mark] as const])).values()) {
      const { machines } = clouds.target(cloud);
      const late = (): Error => new MigrationError('TARGET_BUSY', { operation: `sweep ${kind}` });
      const isGone = async (): Promise<true | undefined> => ((await machines.remove(kind, mark, signal)) === 'gone' ? true : undefined);
      await until(clock, isGone, { signal, deadline, late }).catch((error: unknown) => {
        // It stays, and is told with what is left.
        if (!isMigrationError(error, 'TARGET_BUSY')) throw error;
      });
      heartbeat({ cloud, kind });
    }
  }
}
