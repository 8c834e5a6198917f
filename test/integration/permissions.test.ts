import { afterAll, expect, it, jest } from '@jest/globals';
import { accessDenied, type Fault } from '../../lab/proxy/fault.ts';
import { configureBucket } from '../../lab/seed/configuration.ts';
import { made } from '../../lab/seed/estate.ts';
import type { LabStore } from '../../lab/seed/lab-store.ts';
import { putObject } from '../../lab/seed/put-object.ts';
import { taskQueue } from '../../src/core/ids.ts';
import { operationsOf, type Phase, type Side } from '../../src/providers/s3/index.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { discard, putText, type RealOptions, type RealStage, withRealStage } from './real-stage.ts';

jest.setTimeout(180_000);
afterAll(disconnect);

/** Declared, and not called by the passages below, with the reason. */
const circumstances: Readonly<Partial<Record<Side, Readonly<Record<string, string>>>>> = {
  source: { ListObjects: 'only where a page of 1,000 keys ends at one from which the store’s token does not go on' },
  target: { ListObjects: 'as on the source' },
};

const large = made('large.bin', 17 * 1024 * 1024, { tags: { a: 'b' } });
const tagged = made('tagged.txt', 10, { tags: { a: 'b' } });

async function estate(store: LabStore, bucket: string): Promise<void> {
  await putObject(store, bucket, large);
  await putObject(store, bucket, tagged);
  await putText(store, bucket, 'goes.txt', 'x');
}

describeStores('the declared permissions', () => {
  const seen: Record<Side, Record<Phase, Set<string>>> = { source: emptySets(), target: emptySets() };

  /** Files what the stores saw since the last call under that phase. */
  function fileUnder(phase: Phase, real: RealStage): void {
    for (const side of ['source', 'target'] as const) {
      for (const operation of Object.keys(real[side].proxy.counts())) seen[side][phase].add(operation);
      real[side].proxy.reset();
    }
  }

  const passages: readonly (() => Promise<void>)[] = [
    () => withRealStage({ seed: estate, entry: { versions: 'all' } }, thereAndBack),
    () =>
      withRealStage(
        { seed: configured, stage: { patience: { attempts: 1 } }, faults: { target: secondPartDenied }, targetSeed: async () => undefined },
        toItsEnd,
      ),
    () => withRealStage({ seed: estate, faults: { target: secondPartDenied } }, undone),
    () => withRealStage({ seed: estate }, asked),
  ];

  it('are what the stores see in whole passages, neither more nor less', async () => {
    await Promise.all(passages.map((passage) => passage()));
    const differences = (['source', 'target'] as const).flatMap((side) =>
      (['inventory', 'replicate', 'cutover'] as const).map((phase) => {
        // Cutover holds replicate: its last delta copies.
        const calls = new Set([...(phase === 'cutover' ? seen[side].replicate : []), ...seen[side][phase]]);
        const declared: readonly string[] = operationsOf(side, phase);
        return {
          of: `${side}, ${phase}`,
          undeclared: [...calls].filter((operation) => !declared.includes(operation)),
          uncalled: declared.filter((operation) => !calls.has(operation) && !circumstances[side]?.[operation]),
        };
      }),
    );
    expect(differences.filter(({ undeclared, uncalled }) => undeclared.length + uncalled.length > 0)).toEqual([]);
  });

  /** All versions; the source has no policy; rollback and discard. */
  async function thereAndBack(real: RealStage): Promise<void> {
    const { stage, source, target } = real;
    await stage.untilState('ready for cutover', 'waiting');
    fileUnder('replicate', real);
    await source.admin.call({ method: 'DELETE', bucket: source.place.bucket, key: 'goes.txt' });
    expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
    await stage.order('rollback');
    await discard(stage);
    expect((await target.admin.call({ method: 'HEAD', bucket: target.place.bucket })).status).toBe(404);
    fileUnder('cutover', real);
  }

  /** Into a bucket that somebody made, with an upload that is resumed and an object that loses its tags, to the last gate. */
  async function toItsEnd(real: RealStage): Promise<void> {
    const { stage, source } = real;
    await stage.approve('loss');
    expect(await stage.untilState('replicating', 'held')).toMatchObject({ reason: { code: 'PERMISSION_DENIED' } });
    await stage.resume();
    await stage.untilState('ready for cutover', 'waiting');
    fileUnder('replicate', real);
    await source.admin.call({ method: 'DELETE', bucket: source.place.bucket, key: tagged.key, query: { tagging: '' } });
    await source.admin.call({ method: 'DELETE', bucket: source.place.bucket, key: 'goes.txt' });
    expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
    await stage.approve('finalize');
    await stage.order('finalize');
    await stage.handle.result();
    fileUnder('cutover', real);
  }

  /** Ordered back in the middle of an upload. */
  async function undone(real: RealStage): Promise<void> {
    const { stage } = real;
    await stage.untilState('replicating', 'held');
    await stage.order('rollback');
    await stage.untilState('not ready', 'waiting');
    fileUnder('replicate', real);
  }

  /** What a person asks before anything moves. */
  async function asked(real: RealStage): Promise<void> {
    const { stage, source, target } = real;
    await stage.untilState('ready for cutover', 'waiting');
    for (const end of [source, target]) end.proxy.reset();
    const { project, client } = stage;
    const empty = `${target.place.bucket}-empty`;
    await target.admin.call({ method: 'PUT', bucket: empty });
    const entry = { ...stage.entries[0], target: { at: 'to', bucket: empty } };
    const errand = (type: string, input: object): Promise<unknown> =>
      client.workflow.execute(type, {
        workflowId: `project/${project}/${type}/${JSON.stringify(input).length}`,
        taskQueue: taskQueue(project, 'control'),
        args: [{ project, ...input }],
      });
    await errand('inventory', {});
    await errand('assess', { entry });
    await errand('preflight', { entry });
    await errand('doctor', { store: 'from', bucket: source.place.bucket, side: 'source' });
    await errand('doctor', { store: 'to', bucket: target.place.bucket, side: 'source' });
    fileUnder('inventory', real);
  }
});

/** The first part that a target sees is the probe's. */
const secondPartDenied: readonly Fault[] = [{ operations: ['UploadPart'], from: 3, times: 1, action: accessDenied }];

const configured: RealOptions['seed'] = async (store, bucket) => {
  await estate(store, bucket);
  await configureBucket(store, bucket);
};

function emptySets(): Record<Phase, Set<string>> {
  return { inventory: new Set(), replicate: new Set(), cutover: new Set(), decommission: new Set() };
}
