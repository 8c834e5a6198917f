import { describe, expect, it } from '@jest/globals';
import { answerFields, capabilities, operationsOf } from '../../../src/providers/outscale/operations.ts';
import { policyFor } from '../../../src/providers/outscale/permissions.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { outscaleSpec } from '../../support/outscale-spec.ts';
import { accessTo } from '../../support/run.ts';
import { answeringCloud } from './answering-cloud.ts';
import { imageRequest, isolatedRequest, machineRequest, networkRequest } from './requests.ts';

const phases = ['inventory', 'replicate', 'cutover', 'decommission'] as const;
const actionsOf = (phase: (typeof phases)[number]): readonly string[] => policyFor({ phase }).Statement.flatMap(({ Action }) => Action);

/** Everything that the target can do, once; the actions that went out, dry runs aside. */
async function recorded(): Promise<readonly string[]> {
  const { target, calls, cloud } = answeringCloud();
  const snapshot = await target.importSnapshot({ mark: 'shop/web/s', url: 'https://oos.example/x', sizeBytes: 1 });
  await target.snapshot({ id: snapshot.id });
  await target.ensureImage({ ...imageRequest, rootSnapshot: snapshot.id });
  await target.ensureNetwork(isolatedRequest);
  const { subnet, securityGroups } = await target.ensureNetwork(networkRequest);
  const { id } = await target.ensureMachine({ ...machineRequest, subnet, securityGroups });
  await target.machine({ id });
  await target.console(id);
  await target.stop(id);
  await target.start(id);
  await target.snapshotVolume({ mark: 'shop/web/v', volume: 'vol-00000001' });
  await target.mayDo(machineRequest);
  await target.marked('shop/');
  const marks = {
    machine: [machineRequest.mark],
    image: [imageRequest.mark],
    snapshot: ['shop/web/s', 'shop/web/v'],
    network: [isolatedRequest.mark, networkRequest.mark],
  };
  for (const kind of ['machine', 'image', 'snapshot', 'network'] as const)
    for (const mark of marks[kind]) for (let n = 0; n < 3; n++) await target.remove(kind, mark);
  expect(cloud.things.filter(({ State }) => State !== 'terminated')).toEqual([]);
  return [...new Set(calls.filter(({ body }) => !body.DryRun).map(({ action }) => action))].sort();
}

describe('what is declared', () => {
  it('is what is called, no more and no less', async () => {
    const declared = [...new Set(phases.flatMap((phase) => operationsOf(phase)))].sort();
    expect(await recorded()).toEqual(declared);
    expect(declared).toEqual(Object.keys(answerFields).sort());
    expect(declared).toEqual([...new Set(Object.values(capabilities).flat())].sort());
  });

  it('is asked for by mayDo: every right that changes something in the phases of the move, but for nets, which have no id to miss', async () => {
    const { target, calls } = answeringCloud();
    await target.mayDo(undefined);
    const asked = new Set(calls.map(({ action }) => action));
    expect(operationsOf('cutover').filter((action) => !action.startsWith('Read') && !asked.has(action))).toEqual(['CreateNet']);
  });
});

describe('policyFor', () => {
  it('is an EIM policy', () => {
    expect(Object.keys(policyFor({ phase: 'replicate' }))).toEqual(['Statement']);
    for (const phase of phases) {
      expect(policyFor({ phase }).Statement).toMatchObject([{ Effect: 'Allow', Resource: ['*'] }]);
      expect(actionsOf(phase).every((action) => /^api:[A-Z][A-Za-z]+$/.test(action))).toBe(true);
    }
  });

  it('lets nothing be changed by an inventory, or once the source is deleted', () => {
    for (const phase of ['inventory', 'decommission'] as const) expect(actionsOf(phase).filter((action) => !action.startsWith('api:Read'))).toEqual([]);
  });
});

loudSuite(outscaleSpec)('the vendor’s specification', () => {
  it('knows every action, and has each answer where we read it', () => {
    for (const [action, field] of Object.entries(answerFields)) {
      const answer = field === '' ? {} : { [field]: action === 'ReadConsoleOutput' ? '' : action.startsWith('Read') || action === 'CreateVms' ? [] : {} };
      expect(accessTo(outscaleSpec()).problems('response', action, answer)).toEqual([]);
    }
  });

  it('would refuse a wrong request', () => {
    const { problems } = accessTo(outscaleSpec());
    expect(problems('request', 'CreateVms', { ImageId: 'ami-1', Spot: true })).toHaveLength(1);
    expect(problems('request', 'CreateVms', {})).toHaveLength(1);
    expect(problems('request', 'CreateSnapshot', { SnapshotSize: '8' })).toHaveLength(1);
    expect(problems('request', 'LaunchRocket', {})).toHaveLength(1);
  });
});
