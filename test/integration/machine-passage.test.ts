import { closeSync, openSync, writeSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { errand, exportedFrom } from './exported-bundle.ts';
import {
  copyOf,
  expectArrived,
  expectCleanSlate,
  expectImages,
  expectNeverAtOnce,
  expectSameDisk,
  expectSpecified,
  machinesOf,
  sourceState,
} from './machine-judges.ts';
import { type MachineStage, openSite, type Site, stopMs, withMachineStage, writeTo } from './machine-stage.ts';
import { discard } from './real-stage.ts';

jest.setTimeout(240_000);

const block = 524_288;
let site: Site;
afterAll(async () => {
  await disconnect();
  await site?.close();
});

/** By what GetSnapshotBlock was asked of each snapshot of a disk, oldest first. */
async function blocksRead({ site: { aws } }: MachineStage, disk: string): Promise<readonly (readonly number[])[]> {
  const snapshots = await aws.control<Readonly<Record<string, { volume: string; startedMs: number }>>>('snapshots');
  const own = Object.entries(snapshots).filter(([, { volume }]) => volume === disk);
  own.sort(([, a], [, b]) => a.startedMs - b.startedMs);
  return Promise.all(
    own.map(async ([id]) => {
      const { requests, blocks } = await aws.control<{ requests: number; blocks: readonly number[] }>(`reads?snapshot=${id}`);
      expect(requests).toBeGreaterThanOrEqual(blocks.length);
      return blocks;
    }),
  );
}

describeStores('a machine between the two stand-ins', () => {
  beforeAll(async () => {
    site = await openSite('passage');
  }, 300_000);

  it('goes all the way, is rehearsed in between, goes back and leaves nothing', () => {
    const rules = [{ flow: 'inbound' as const, protocol: 'tcp' as const, fromPort: 22, toPort: 22, ranges: ['192.168.250.0/28'] }];
    return withMachineStage(site, { entry: (usual) => ({ ...usual, rehearsal: { ...usual.rehearsal, rules } }) }, async (machine) => {
      const { stage, root, data } = machine;
      const sinceMs = Date.now();
      await stage.until(({ waitingFor }) => waitingFor === 'order rehearse');
      await expectImages(machine);
      const base = await copyOf(root, `${site.folder}/base.raw`);

      // The guest goes on: in old blocks, in new ones, and discards some.
      await writeTo(site, root, { offsetBytes: 1500 * block + 7, lengthBytes: 2 * block, fill: 0x5a });
      await writeTo(site, data, { offsetBytes: 300 * block, lengthBytes: block, fill: 0x11 });
      await site.aws.control('act', { act: 'discard', id: data.id, block: 1, blocks: 2 });

      await stage.order('rehearse');
      await stage.until(({ gate }) => gate?.gate === 'rehearsal');
      await expectRehearsed(machine, base);
      await stage.approve('rehearsal');
      await stage.until(({ gate }) => gate?.gate === 'cutover');
      await expectImages(machine);
      expect((await machinesOf(machine, 'rehearsal')).length).toBe(0);

      await writeTo(site, data, { offsetBytes: 9 * block, lengthBytes: block, fill: 0x77 });
      expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS' });
      await expectArrived(machine);
      await expectImages(machine);
      // Exactly what changed: three blocks and one beside the full pass; one in the last.
      expect((await blocksRead(machine, root.id)).slice(1)).toEqual([[1500, 1501, 1502], []]);
      expect((await blocksRead(machine, data.id)).slice(1)).toEqual([[300], [9]]);

      const [target] = await machinesOf(machine, 'cutover');
      writeInto(target?.disks[1]?.file ?? '', 'written since the cutover');
      await stage.order('rollback');
      await stage.untilState('rolled back', 'waiting');
      await expectRolledBack(machine, target?.disks[1]?.file ?? '');
      await expectNeverAtOnce(machine, [target?.id ?? ''], { sinceMs, stopMs });

      await discard(stage);
      await expectCleanSlate(machine);
      await errand(stage, 'closeLog');
      const bundle = await exportedFrom(stage, site.folder, 'final');
      expect(bundle).toMatchObject({ verdict: 'PASS', kind: 'final', pending: { workloads: 0, acts: 0 } });
      const verified = (await machine.ledger()).filter(({ event }) => event === 'disk.verified');
      expect(verified.map(({ verdict, digest }) => [verdict, digest?.form, digest?.target?.method])).toEqual(Array(6).fill(['PASS', 'sha256-tree', 'reread']));
      await expectSpecified([site]);
    });
  });

  /** The test machine stands beside a source that runs, holds the pass before, and reaches nothing that the plan does not name. */
  async function expectRehearsed(machine: MachineStage, base: string): Promise<void> {
    const [test, ...others] = await machinesOf(machine, 'rehearsal');
    expect([test?.state, others, (await sourceState(machine)).state]).toEqual(['running', [], 'running']);
    await expectSameDisk(test?.disks[0]?.file ?? '', base);
    const reachable = await site.outscale.control().reachable(test?.id ?? '');
    expect(reachable).toMatchObject({
      isIsolated: true,
      out: [],
      in: [{ range: '192.168.250.0/28', via: 'net', protocol: 'tcp', fromPort: 22, toPort: 22 }],
      peers: reachable.peers.map(({ vm }) => ({ vm, canBeReached: false, canReachIt: false })),
    });
    expect(reachable.routes.some(({ via }) => via === 'internet')).toBe(false);
  }

  /** The source serves; what the target wrote is kept in snapshots, which a person discards. */
  async function expectRolledBack(machine: MachineStage, written: string): Promise<void> {
    const { clouds, stage } = machine;
    expect((await sourceState(machine)).state).toBe('running');
    expect((await machinesOf(machine, 'cutover')).map(({ state }) => state)).toEqual(['stopped']);
    const kept = (await clouds.target('outscale').machines.marked(`${stage.project}/w0/kept/`)).filter(({ kind }) => kind === 'snapshot');
    expect(kept.map(({ state }) => state)).toEqual(['completed', 'completed']);
    const last = kept.find(({ mark }) => mark.endsWith('b'));
    await expectSameDisk((await site.outscale.control().disk(last?.id ?? '')).file, written);
  }
});

function writeInto(file: string, text: string): void {
  const disk = openSync(file, 'r+');
  writeSync(disk, text, 700 * block);
  closeSync(disk);
}
