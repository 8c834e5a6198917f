import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { OutscaleFault } from '../../lab/outscale/faults.ts';
import type { VmWorkload } from '../../src/model/plan.ts';
import type { WorkloadStatus } from '../../src/model/status.ts';
import type { ObjectSource, ObjectTarget } from '../../src/ports/object-store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { expectArrived, expectCleanSlate, expectImages, expectNeverAtOnce, expectSpecified, machinesOf, sourceState } from './machine-judges.ts';
import { createSites, type MachineOptions, type MachineStage, onceBefore, type Site, stopMs, unrehearsed, writeTo } from './machine-stage.ts';
import { discard } from './real-stage.ts';

jest.setTimeout(240_000);

const block = 524_288;
const width = 4;
const sites = createSites('cutover', width);
afterAll(async () => {
  await disconnect();
  await sites.close();
});

const play = (options: (site: Site) => Partial<MachineOptions>, act: (machine: MachineStage) => Promise<void>) =>
  sites.play((site) => ({ entry: unrehearsed, ...options(site) }), act);
const before = (name: string, run: () => Promise<unknown>): Partial<MachineOptions> => ({ stage: { faults: onceBefore(name, run) } });

/** To the cutover's own end: cut over, held, or unwound. */
async function cutOver({ stage }: MachineStage): Promise<WorkloadStatus> {
  await stage.until(({ gate }) => gate?.gate === 'cutover', 'w0', 90_000);
  return stage.cutOver();
}

async function expectHeld(machine: MachineStage, step: string, code: string, who = 'operator'): Promise<WorkloadStatus> {
  const status = await machine.stage.until(({ condition, state }) => condition === 'held' || state === 'cut over', 'w0', 90_000);
  expect(status).toMatchObject({ state: 'cutting over', condition: 'held', step, reason: { code }, waitingFor: `${who}: ${code}` });
  return status;
}

/** After what a person mended. */
async function resumed(machine: MachineStage): Promise<void> {
  const { sequence } = await machine.stage.status();
  await machine.stage.resume();
  await machine.stage.until((now) => now.sequence > sequence && (now.condition === 'held' || now.state === 'cut over'), 'w0', 90_000);
}

async function expectCutOver(machine: MachineStage): Promise<void> {
  expect(await machine.stage.status()).toMatchObject({ state: 'cut over' });
  await expectArrived(machine);
}

const faults = ({ outscale }: Site, ...list: readonly OutscaleFault[]): Promise<void> => outscale.control().faults(list);
const requestsOf = async ({ site }: MachineStage): Promise<number> => (await site.outscale.control().counts()).requests;

/** Nothing is asked of a cloud that refused a key until a person resumes. */
async function expectQuiet(machine: MachineStage): Promise<void> {
  const asked = await requestsOf(machine);
  await new Promise((later) => setTimeout(later, 1500));
  expect(await requestsOf(machine)).toBe(asked);
}

describeStores('a cutover that is disturbed by', () => {
  beforeAll(() => sites.open(), 300_000);

  itSideBySide(width, {
    'a volume that was resized between passes: its disk is read whole, and arrives': play(
      () => ({}),
      async (machine) => {
        const { site, data, stage } = machine;
        await stage.until(({ gate }) => gate?.gate === 'cutover');
        await site.aws.control('act', { act: 'resize volume', id: data.id, sizeGiB: 2 });
        await writeTo(site, data, { offsetBytes: 3000 * block, lengthBytes: block, fill: 3 });
        await cutOver(machine);
        await expectCutOver(machine);
        const [made] = await machinesOf(machine, 'cutover');
        expect(made?.disks.map(({ sizeBytes }) => sizeBytes)).toEqual([2 ** 30, 2 ** 31]);
      },
    ),

    'somebody who starts the source: no target machine is made, and the way back is open': () => {
      let real: MachineStage | undefined;
      // After the source was seen as it was left, while its images are imported.
      const start = async (): Promise<unknown> => real?.site.aws.control('act', { act: 'start instance', id: real.instance });
      return play(
        () => before('ensureNetwork', start),
        async (machine) => {
          real = machine;
          await startedBySomebody(machine);
        },
      )();
    },

    'a wrong key at night: held, nothing is tried, nothing is lost': () => {
      let real: MachineStage | undefined;
      const spoil = async (): Promise<void> => {
        if (real) real.env.OSC_SECRET_KEY = 'wrong';
      };
      return play(
        () => before('importImages', spoil),
        async (machine) => {
          real = machine;
          await cutOver(machine);
          await expectHeld(machine, 'import images', 'CREDENTIALS_REFUSED');
          expect((await machine.site.outscale.control().counts()).badSignatures).toBe(1);
          await expectQuiet(machine);
          expect((await sourceState(machine)).state).toBe('stopped');
          machine.env.OSC_SECRET_KEY = machine.site.outscale.secretKey;
          await resumed(machine);
          await expectCutOver(machine);
        },
      )();
    },

    'a lockout: held, a resume asks nothing of the cloud as long as the key rests, another key goes on': play(
      (site) => before('ensureMachine', () => faults(site, { action: 'ReadImages', what: 'lockout', times: 1 })),
      async (machine) => {
        const { outscale } = machine.site;
        await cutOver(machine);
        await expectHeld(machine, 'target machine', 'CREDENTIALS_REFUSED');
        await expectQuiet(machine);
        const asked = await requestsOf(machine);
        await resumed(machine);
        await expectHeld(machine, 'target machine', 'CREDENTIALS_REFUSED');
        expect(await requestsOf(machine)).toBe(asked);
        const { accountId, accessKey, secretKey } = outscale;
        const other = { accountId, accessKey: 'LABOUTSCALEKEY000002', secretKey: 'LABOUTSCALESECRET0000000000000000000002' };
        await outscale.control().settings({ accounts: [{ accountId, accessKey, secretKey }, other] });
        Object.assign(machine.env, { OSC_ACCESS_KEY: other.accessKey, OSC_SECRET_KEY: other.secretKey });
        await resumed(machine);
        await expectCutOver(machine);
      },
    ),

    'imports that end in error or vanish: held, and a resume begins others': play(
      (site) => before('importImages', () => faults(site, { action: 'CreateSnapshot', what: 'import error', times: 1 })),
      async (machine) => {
        await cutOver(machine);
        await expectHeld(machine, 'import images', 'IMPORT_FAILED');
        await expectImages(machine);
        await faults(machine.site, { action: 'CreateSnapshot', what: 'import vanishes', times: 1 });
        await resumed(machine);
        await expectHeld(machine, 'import images', 'IMPORT_FAILED');
        await resumed(machine);
        await expectCutOver(machine);
        await machine.stage.order('rollback');
        await machine.stage.untilState('rolled back', 'waiting');
        await discard(machine.stage);
        await expectCleanSlate(machine);
      },
    ),

    'an address that expired before the import ran: held, and a resume signs another': () => {
      let isExpired = true;
      const through = (stores: Stores): Stores => ({ ...stores, open: (at, bucket) => shortLived(stores.open(at, bucket)) });
      const shortLived = (bucket: ObjectSource & ObjectTarget): ObjectSource & ObjectTarget => ({
        ...bucket,
        presign: async (key, seconds) => {
          const url = await bucket.presign(key, isExpired ? 1 : seconds);
          if (isExpired) await new Promise((later) => setTimeout(later, 2100));
          return url;
        },
      });
      return play(
        () => ({ through }),
        async (machine) => {
          await cutOver(machine);
          await expectHeld(machine, 'import images', 'IMPORT_FAILED');
          isExpired = false;
          await resumed(machine);
          await expectCutOver(machine);
        },
      )();
    },

    'a quota that is used up, and a cloud without room: held each time': play(
      (site) =>
        before('ensureMachine', () => faults(site, { action: 'CreateVms', what: 'quota', times: 1 }, { action: 'CreateVms', what: 'capacity', times: 1 })),
      async (machine) => {
        await cutOver(machine);
        await expectHeld(machine, 'target machine', 'QUOTA_EXCEEDED');
        await resumed(machine);
        await expectHeld(machine, 'target machine', 'CAPACITY');
        await resumed(machine);
        await expectCutOver(machine);
      },
    ),

    'an image that does not boot: unwound, the target is removed, the source serves': play(
      (site) => ({
        entry: (usual) => impatient(unrehearsed(usual)),
        ...before('ensureMachine', () => faults(site, { action: 'CreateVms', what: 'no boot', times: 1 })),
      }),
      async (machine) => {
        const sinceMs = Date.now();
        const { stage, site } = machine;
        await cutOver(machine);
        const unwound = await stage.until(({ state, condition }) => state === 'ready for cutover' && condition === 'waiting');
        expect(unwound).toMatchObject({ reason: { code: 'BOOT_FAILED' }, verdict: 'PASS' });
        expect([(await sourceState(machine)).state, await machinesOf(machine, 'cutover')]).toEqual(['running', []]);
        const vms = (await site.outscale.control().history()).filter(({ kind, at }) => kind === 'vm' && Date.parse(at) >= sinceMs);
        await expectNeverAtOnce(machine, [...new Set(vms.map(({ id }) => id))], { sinceMs, stopMs });
        await stage.until(({ gate, waitingFor }) => gate?.gate === 'cutover' || waitingFor === 'order cutover');
        await expectImages(machine);
      },
    ),

    'a refusal right after its machine was made, before it had its tag: the way back finds it all the same': play(
      (site) => before('ensureMachine', () => faults(site, { action: 'CreateVms', what: 'slow', times: 1 })),
      refusedBeforeItsTag,
    ),

    'a stop that never ends: held, never forced; when it has ended, a resume goes on': play(
      ({ aws }) => ({
        entry: (usual) => impatient(unrehearsed(usual)),
        ...before('stopSource', () => aws.control('settings', { stopMs: 3_600_000 })),
      }),
      async (machine) => {
        await cutOver(machine);
        await expectHeld(machine, 'freeze source', 'STOP_TIMEOUT', 'owner');
        expect((await sourceState(machine)).state).toBe('stopping');
        await machine.site.aws.control('clock', { forwardMs: 3_600_000 });
        await resumed(machine);
        await expectCutOver(machine);
      },
    ),

    'answers that are lost after the work was done: nothing is made twice': play(
      (site) =>
        before('importImages', () => {
          const creates = ['CreateSnapshot', 'CreateImage', 'CreateNet', 'CreateSubnet', 'CreateSecurityGroup', 'CreateVms', 'CreateTags'];
          return faults(site, ...creates.map((action) => ({ action, what: 'lost answer' as const, times: 1 })));
        }),
      async (machine) => {
        const { stage, site, clouds } = machine;
        await cutOver(machine);
        await expectCutOver(machine);
        expect(await site.outscale.control().faultHits()).toEqual([1, 1, 1, 1, 1, 1, 1]);
        const kinds = (await clouds.target('outscale').machines.marked(`${stage.project}/`)).map(({ kind }) => kind).sort();
        expect(kinds.filter((kind) => kind !== 'network' && kind !== 'volume')).toEqual(['image', 'machine', 'snapshot', 'snapshot']);
        await stage.order('rollback');
        await stage.untilState('rolled back', 'waiting');
        await discard(stage);
        await expectCleanSlate(machine);
      },
    ),
  });

  it('was asked of OUTSCALE as its specification demands, all of it', () => expectSpecified(sites.all()));
});

/** Shorter than a plan may say. */
const impatient = (usual: VmWorkload): VmWorkload => ({ ...usual, stopMinutes: 0.03, bootCheck: { ...usual.bootCheck, timeoutMinutes: 0.03 } });

async function startedBySomebody(machine: MachineStage): Promise<void> {
  const { stage, site } = machine;
  const sinceMs = Date.now();
  await cutOver(machine);
  await expectHeld(machine, 'target machine', 'FREEZE_BROKEN', 'owner');
  const vms = (await site.outscale.control().history()).filter(({ kind, at }) => kind === 'vm' && Date.parse(at) >= sinceMs);
  expect([vms, await machinesOf(machine, 'cutover')]).toEqual([[], []]);
  // A resume alone mends nothing: what was written since the start is in no image.
  await resumed(machine);
  await expectHeld(machine, 'target machine', 'FREEZE_BROKEN', 'owner');
  await stage.order('rollback');
  await stage.untilState('rolled back', 'waiting');
  expect((await sourceState(machine)).state).toBe('running');
  await discard(stage);
  await expectCleanSlate(machine);
}

/** The machine runs and no listing by tags shows it: before the source starts, it must be found and gone. */
async function refusedBeforeItsTag(machine: MachineStage): Promise<void> {
  const { stage, site } = machine;
  const control = site.outscale.control();
  const sinceMs = Date.now();
  await stage.until(({ gate }) => gate?.gate === 'cutover', 'w0', 90_000);
  const cutting = stage.cutOver();
  while ((await control.faultHits())[0] !== 1) await new Promise((later) => setTimeout(later, 50));
  await faults(site, { action: 'CreateTags', what: 'denied' });
  await cutting;
  await expectHeld(machine, 'target machine', 'PERMISSION_DENIED');
  const vms = (await control.history()).filter(({ kind, at }) => kind === 'vm' && Date.parse(at) >= sinceMs);
  expect([(await control.running()).some(({ vm }) => vm === vms[0]?.id), await machinesOf(machine, 'cutover')]).toEqual([true, []]);
  await faults(site);
  await stage.order('rollback');
  await stage.untilState('rolled back', 'waiting');
  expect((await sourceState(machine)).state).toBe('running');
  await expectNeverAtOnce(machine, [vms[0]?.id ?? ''], { sinceMs, stopMs });
  await discard(stage);
  await expectCleanSlate(machine);
}
