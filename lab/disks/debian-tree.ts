import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { partsFolder } from '../folders.ts';
import { LabError } from '../lab-error.ts';
import type { Say } from '../parts.ts';
import { hasTool, runTool } from './tool.ts';

/** A Debian root in a folder, owned as in a machine; nothing of one guest is in it. Read only: every disk is made from the same one. */
export interface DebianTree {
  readonly folder: string;
  /** As in `/boot/vmlinuz-<kernel>`. */
  readonly kernel: string;
  /** Two initramfs for that kernel, both with LVM2, nvme, xen and ena. */
  readonly initrds: { readonly virtio: string; readonly withoutVirtio: string };
}

const suite = 'bookworm';
const debian = 'http://deb.debian.org/debian'; // what debootstrap takes by itself; its packages are signed
/** The cloud kernel drives virtio, nvme, xen and ena, and is a third of the general one. */
const packages = ['linux-image-cloud-amd64', 'initramfs-tools', 'lvm2', 'busybox-static', 'zstd'];
/** Counted up when the recipe below changes: another folder, so that an older clone's tree is not taken for this one. */
const recipe = 1;
const place = `${partsFolder}/debian-${suite}-amd64-${recipe}`;

const drivers = {
  // What a guest of EC2 needs, and ata_piix, so that the same disk shows on IDE that it is sound.
  withoutVirtio: ['nvme', 'xen_blkfront', 'ena', 'ata_piix', 'sd_mod', 'dm_mod'],
  virtio: ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'virtio_net'],
};

/** Megabytes that no boot reads; without them a disk is made in half the time. */
const ballast = ['var/cache/apt', 'var/lib/apt/lists', 'var/log', 'usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'usr/share/zoneinfo'];

let tree: Promise<DebianTree> | undefined;

/**
 * Debian's packages as a bootable root, from `.ecluse/parts`, else made there by debootstrap (about half a minute, with network) and
 * kept. Needs root, for chroot. Throws a LabError that says what is missing; within one process it is tried once.
 */
export function debianTree(say: Say): Promise<DebianTree> {
  tree ??= findOrMake(say);
  return tree;
}

async function findOrMake(say: Say): Promise<DebianTree> {
  if (process.getuid?.() !== 0) throw new LabError('making a Debian disk needs root, for chroot');
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new LabError('the Debian disk is made for amd64 only, on such a machine');
  const known = await readTree(place).catch(() => undefined);
  if (known) return known;
  if (!hasTool('debootstrap')) throw new LabError('debootstrap is not installed', 'apt-get install debootstrap');
  await removeAbandoned();
  const building = `${place}.building-${process.pid}`;
  try {
    await make(building, say);
    await rename(building, place).catch(async (error) => {
      // Another process was quicker: its tree is as good as ours.
      await readTree(place).catch(() => Promise.reject(error));
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return readTree(place);
}

async function readTree(folder: string): Promise<DebianTree> {
  const kernel = (await readFile(`${folder}/kernel`, 'utf8')).trim();
  return { folder: `${folder}/root`, kernel, initrds: { virtio: `${folder}/initrd-virtio`, withoutVirtio: `${folder}/initrd-without-virtio` } };
}

/** What a killed build left: its process is gone, so nobody goes on with it, and its mounts went with it. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(partsFolder).catch(() => [])) {
    const pid = /^debian-.*\.building-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(`${partsFolder}/${name}`, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function make(folder: string, say: Say): Promise<void> {
  const root = `${folder}/root`;
  // 0700: the tree holds set-uid programs, which are nobody's business on this machine.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  say(`making a Debian ${suite} with debootstrap (about half a minute)`);
  // debootstrap takes no path with spaces or accents, and a clone may lie under one: it is led there by a plain name.
  const plain = await mkdtemp('/tmp/ecluse-debian-');
  try {
    await symlink(folder, `${plain}/tree`);
    await debootstrap(`${plain}/tree/root`);
  } finally {
    await rm(plain, { recursive: true, force: true });
  }
  const kernel = (await readdir(`${root}/boot`)).find((name) => name.startsWith('vmlinuz-'))?.slice('vmlinuz-'.length);
  if (!kernel) throw new LabError('debootstrap left no kernel');
  await makeInitrd(root, kernel, drivers.withoutVirtio, `${folder}/initrd-without-virtio`);
  await makeInitrd(root, kernel, [...drivers.withoutVirtio, ...drivers.virtio], `${folder}/initrd-virtio`);
  for (const name of ballast) await rm(`${root}/${name}`, { recursive: true, force: true });
  for (const name of ['boot/grub', 'data']) await mkdir(`${root}/${name}`, { recursive: true });
  // The tree is whole. This file says so: without it the folder counts as not made.
  await writeFile(`${folder}/kernel`, `${kernel}\n`);
}

/**
 * In a mount namespace of its own where that is allowed: debootstrap mounts /proc into the root, and a killed one must not leave it
 * there. Where it is not allowed, debootstrap cannot mount either, and does without.
 */
async function debootstrap(root: string): Promise<void> {
  const mirror = process.env.ECLUSE_DEBIAN_MIRROR || debian;
  // By the program that debootstrap itself uses, with the same proxy; without this look it tries for minutes.
  await runTool('wget', ['-q', '--spider', '--tries=1', '--timeout=15', `${mirror}/dists/${suite}/Release`]).catch(() => {
    throw new LabError('no Debian mirror can be reached', 'ECLUSE_DEBIAN_MIRROR=http://… npm run demo');
  });
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, mirror];
  const canUnshare = await runTool('unshare', ['--mount', 'true']).then(
    () => true,
    () => false,
  );
  const [command, ...rest] = canUnshare ? ['unshare', '--mount', 'debootstrap', ...args] : ['debootstrap', ...args];
  // INITRD=No: the kernel's package would build an initramfs of its own, which nobody uses.
  await runTool(command ?? '', rest, { environment: { INITRD: 'No', DEBIAN_FRONTEND: 'noninteractive' } });
}

/** By Debian's own mkinitramfs, with a list of drivers instead of "most": what is not named is not in it. */
async function makeInitrd(root: string, kernel: string, modules: readonly string[], path: string): Promise<void> {
  const configuration = `${root}/tmp/initramfs`;
  await cp(`${root}/etc/initramfs-tools`, configuration, { recursive: true });
  await writeFile(`${configuration}/initramfs.conf`, 'MODULES=list\nBUSYBOX=auto\nCOMPRESS=zstd\nDEVICE=\nNFSROOT=auto\nRUNSIZE=10%\nFSTYPE=auto\n');
  await writeFile(`${configuration}/modules`, `${modules.join('\n')}\n`);
  await runTool('chroot', [root, 'mkinitramfs', '-d', '/tmp/initramfs', '-o', '/tmp/initrd', kernel]);
  await copyFile(`${root}/tmp/initrd`, path);
  await rm(`${root}/tmp/initrd`);
  await rm(configuration, { recursive: true });
}
