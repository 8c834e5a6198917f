import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { consoleLines, loginLine } from '../../lab/disks/guest.ts';
import { changePayload, type DiskOptions, type MadeDisks, makeDisks } from '../../lab/disks/make-disks.ts';
import { localTool } from '../support/local-tool.ts';
import { loudSuite } from '../support/loud-suite.ts';
import type { Shared } from '../support/run.ts';

const folder = mkdtempSync(`${tmpdir()}/ecluse-boot-`);
const guests = new Set<ChildProcess>();
const endGuests = () => guests.forEach((guest) => void guest.kill());
process.once('exit', endGuests);
afterAll(() => {
  endGuests();
  rmSync(folder, { recursive: true });
});

/** How a boot ended: what the console showed, and seconds from the button to the end where it was pressed. */
interface Boot {
  readonly console: string;
  readonly offSeconds?: number;
}

const bootMs = 100_000;

/** `timeout` ends the guest even when this process is killed; the monitor is its standard input. */
async function boot(name: string, made: MadeDisks, bus: 'virtio' | 'ide', firmware: 'legacy' | 'uefi', end: 'press' | 'cut'): Promise<Boot> {
  const log = `${folder}/${name}.console`;
  const flags = '-accel tcg -m 384 -smp 1 -display none -no-reboot -nic none -monitor stdio'.split(' ');
  const disks = [made.root, ...(made.data ? [made.data] : [])].flatMap(({ path }) => ['-drive', `file=${path},format=raw,if=${bus}`]);
  const guest = spawn('timeout', ['150', 'qemu-system-x86_64', ...flags, ...(firmware === 'uefi' ? uefi(name) : []), '-serial', `file:${log}`, ...disks], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guests.add(guest);
  const ended = new Promise<void>((resolve) => void guest.once('exit', () => resolve()));
  try {
    await untilShown(log, guest);
    const pressedAt = performance.now();
    guest.stdin?.write(end === 'press' ? 'system_powerdown\n' : 'quit\n');
    await Promise.race([ended, pause(20_000, undefined, { ref: false })]);
    return { console: readFileSync(log, 'latin1'), ...(end === 'press' ? { offSeconds: (performance.now() - pressedAt) / 1000 } : {}) };
  } finally {
    guest.kill();
    await ended;
    guests.delete(guest);
  }
}

function uefi(name: string): string[] {
  const variables = `${folder}/${name}.variables`;
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', variables);
  const flash = ['readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd', `file=${variables}`];
  return flash.flatMap((file) => ['-drive', `if=pflash,format=raw,${file}`]);
}

/** Until the guest says that it is up, or that it has no root; the rest of the last line follows within the pause. */
async function untilShown(log: string, guest: ChildProcess): Promise<void> {
  const deadline = performance.now() + bootMs;
  while (performance.now() < deadline && guest.exitCode === null) {
    const shown = spawnSync('grep', ['-qaE', `^${loginLine}|ALERT!`, log]).status === 0;
    await pause(200);
    if (shown) return;
  }
}

const payloads = { first: Buffer.alloc(300_000, 'first'), second: Buffer.alloc(500_000, 'second'), data: Buffer.alloc(200_000, 'data') };

interface Story {
  readonly boots: readonly Boot[];
  readonly isClean: boolean;
}

type StoryName = 'bios' | 'lvm' | 'uefi' | 'bare';

const disk = (name: StoryName, other: Partial<DiskOptions>): Promise<MadeDisks> =>
  makeDisks({ folder: `${folder}/${name}`, firmware: 'legacy', virtio: true, layout: 'plain', nonce: `nonce-${name}`, payload: payloads.first, ...other });

/** Each returns undefined where the disk is not bootable here, after saying so. */
const stories: Record<StoryName, () => Promise<Story | undefined>> = {
  async bios() {
    const made = await disk('bios', { dataDisk: { sizeBytes: 64 << 20, payload: payloads.data } });
    return made.bootable ? changedBetween('bios', made, 'press') : notBootable(made);
  },
  async lvm() {
    const made = await disk('lvm', { layout: 'lvm' });
    return made.bootable ? changedBetween('lvm', made, 'cut') : notBootable(made);
  },
  async uefi() {
    const made = await disk('uefi', { firmware: 'uefi' });
    return made.bootable ? { boots: [await boot('uefi', made, 'virtio', 'uefi', 'press')], isClean: isClean(made) } : notBootable(made);
  },
  async bare() {
    const made = await disk('bare', { virtio: false });
    if (!made.bootable) return notBootable(made);
    const boots = [await boot('bare-virtio', made, 'virtio', 'legacy', 'cut'), await boot('bare-ide', made, 'ide', 'legacy', 'press')];
    return { boots, isClean: isClean(made) };
  },
};

/** A boot, another payload as a running source would write it, a boot. `cut`: the guest leaves its journal as it is. */
async function changedBetween(name: string, made: MadeDisks, end: 'press' | 'cut'): Promise<Story> {
  const before = await boot(`${name}-1`, made, 'virtio', 'legacy', end);
  await changePayload(made.root, payloads.second);
  const wasClean = isClean(made);
  return { boots: [before, await boot(`${name}-2`, made, 'virtio', 'legacy', 'press')], isClean: wasClean && isClean(made) };
}

const isClean = ({ root }: MadeDisks): boolean => spawnSync('e2fsck', ['-fn', `${root.path}?offset=${root.offsetBytes}`]).status === 0;

function notBootable(made: MadeDisks): undefined {
  const why = made.bootable ? '' : made.why;
  if (process.env.ECLUSE_NO_SKIP) throw new Error(why);
  process.stderr.write(`\nSKIPPED boots of the lab's disks: ${why}\n`);
}

/** Everything that a boot needs and that can be asked at once; the rest `makeDisks` says. */
function bootTools(): Shared<unknown> {
  if (process.getuid?.() !== 0) return { missing: 'making a Debian disk needs root' };
  for (const [name, ...probe] of [
    ['qemu-system-x86_64', '--version'],
    ['debootstrap', '--version'],
    ['e2fsck', '-V'],
    ['timeout', '--version'],
  ] as const) {
    const tool = localTool(name, ...probe);
    if ('missing' in tool) return tool;
  }
  return localTool('ls', '/usr/share/OVMF/OVMF_CODE_4M.fd');
}

loudSuite(bootTools)('the disks of the factory, in qemu', () => {
  const told: Partial<Record<StoryName, Story | undefined>> = {};
  // Two guests at most at a time; the first pair makes the Debian tree where there is none.
  beforeAll(async () => {
    const lane = async (...names: StoryName[]) => {
      for (const name of names) told[name] = await stories[name]();
    };
    await Promise.all([lane('bios', 'uefi'), lane('lvm', 'bare')]);
  }, 400_000);

  it('BIOS, plain: shows nonce, root on virtio and both digests, then the changed one', () => {
    if (!told.bios) return;
    const [before, after] = told.bios.boots;
    for (const line of [...consoleLines('nonce-bios', payloads.first, payloads.data), 'ECLUSE ROOT /dev/vda2 on vda2', loginLine])
      expect(before?.console).toContain(line);
    for (const line of consoleLines('nonce-bios', payloads.second, payloads.data)) expect(after?.console).toContain(line);
    expect(told.bios.isClean).toBe(true);
  });

  it('LVM: the guest’s own lvm2 takes the volume, also after it was cut off and its payload changed', () => {
    if (!told.lvm) return;
    const [before, after] = told.lvm.boots;
    for (const line of [...consoleLines('nonce-lvm', payloads.first), 'ECLUSE ROOT /dev/mapper/vg0-root on vda2', loginLine])
      expect(before?.console).toContain(line);
    for (const line of consoleLines('nonce-lvm', payloads.second)) expect(after?.console).toContain(line);
    expect(told.lvm.isClean).toBe(true);
  });

  it('UEFI, plain: shows nonce and digest', () => {
    if (!told.uefi) return;
    for (const line of [...consoleLines('nonce-uefi', payloads.first), loginLine]) expect(told.uefi.boots[0]?.console).toContain(line);
  });

  it('without virtio: does not find its root on virtio, and boots on IDE', () => {
    if (!told.bare) return;
    const [onVirtio, onIde] = told.bare.boots;
    expect(onVirtio?.console).toMatch(/ALERT!.*does not exist/);
    expect(onVirtio?.console).not.toContain(loginLine);
    for (const line of [...consoleLines('nonce-bare', payloads.first), 'ECLUSE ROOT /dev/sda2 on sda2', loginLine]) expect(onIde?.console).toContain(line);
  });

  it('each ends within 10 s after its power button was pressed', () => {
    const pressed = Object.values(told).flatMap((story) => story?.boots.flatMap(({ offSeconds }) => (offSeconds === undefined ? [] : [offSeconds])) ?? []);
    expect(pressed.filter((seconds) => seconds > 10)).toEqual([]);
    if (told.bios) expect(pressed).toHaveLength(5);
  });
});
