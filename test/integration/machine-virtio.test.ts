import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { consoleLines } from '../../lab/disks/guest.ts';
import { type MadeDisks, makeDisks } from '../../lab/disks/make-disks.ts';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { machinesOf, sourceState } from './machine-judges.ts';
import { openSite, type Site, unrehearsed, withMachineStage } from './machine-stage.ts';

jest.setTimeout(240_000);

let site: Site;
let made: MadeDisks;
afterAll(async () => {
  await disconnect();
  await site?.close();
});

/** A real Debian whose initramfs has drivers for nvme, xen and ena only, as images of the source's vendor may have. */
describeStores('a guest without virtio', () => {
  beforeAll(async () => {
    const opened = await openSite('virtio');
    made = await makeDisks({
      folder: `${opened.folder}/bare`,
      firmware: 'legacy',
      virtio: false,
      layout: 'plain',
      nonce: 'bare-guest',
      payload: randomBytes(1000),
    });
    site = { ...opened, images: { ...opened.images, root: made.root.path } };
  }, 300_000);

  const isBare = (): boolean => {
    if (made.bootable) return true;
    if (process.env.ECLUSE_NO_SKIP) throw new Error(made.why);
    process.stderr.write(`\nSKIPPED a guest without virtio: ${made.why}\n`);
    return false;
  };

  it('is refused before a byte is copied', async () => {
    if (!isBare()) return;
    await withMachineStage(site, { entry: unrehearsed }, async ({ stage, clouds }) => {
      const { reason } = await stage.until(({ state, condition, reason: why }) => state === 'not ready' && condition === 'waiting' && why !== undefined);
      expect(reason).toMatchObject({ code: 'NOT_ASSESSED', detail: expect.stringContaining('NO_VIRTIO_DRIVERS') });
      expect(stage.calls.map(({ name }) => name)).not.toContain('copyDiskShard');
      expect(await clouds.source('aws').machines.marked(`${stage.project}/`)).toEqual([]);
    });
  });

  it('fails its boot check where a person declared its drivers, and is taken back', async () => {
    if (!isBare()) return;
    await site.outscale.control().settings({ boot: 'qemu' });
    const [nonce = ''] = consoleLines('bare-guest', Buffer.alloc(0));
    const entry = (usual: Parameters<typeof unrehearsed>[0]) => ({
      ...unrehearsed(usual),
      driversDeclared: true,
      bootCheck: { expect: [nonce], timeoutMinutes: 1 },
    });
    await withMachineStage(site, { entry }, async (machine) => {
      const { stage } = machine;
      const { losses } = await stage.until(({ gate }) => gate?.gate === 'loss');
      expect(losses.map(({ code }) => code)).toContain('NO_VIRTIO_DRIVERS');
      await stage.approve('loss');
      await stage.approve('cutover');
      await stage.until(({ waitingFor }) => waitingFor === 'order cutover');
      await stage.order('cutover');
      const back = await stage.until(({ state, reason }) => state === 'ready for cutover' && reason?.code === 'BOOT_FAILED', 'w0', 200_000);
      expect(back.verdict).toBe('PASS');
      expect(await machinesOf(machine, 'cutover')).toEqual([]);
      expect((await sourceState(machine)).state).toBe('running');
    });
  });
});
