import { type GuestFamily, guestFindings } from '../../core/guest-findings.ts';
import type { Finding } from '../../model/errand.ts';
import { type BootFacts, bootFacts, judgeBoot, judgeTables } from './firmware.ts';
import type { Found } from './found.ts';
import { type FstabEntry, judgeCrypttab, judgeFstab, parseFstab, resolveSpec } from './fstab.ts';
import { type GuestKernel, judgeKernels } from './kernels.ts';
import { judgeNetwork } from './network.ts';
import { BlockCache, DeviceFailure, printable, Unreadable } from './reading.ts';
import { Tree } from './tree.ts';
import { judgeAgents, judgeCloudInit, judgeSelinux, judgeTime } from './vendor-software.ts';
import { type GuestDisk, type Scan, scanDisks, type Volume } from './volumes.ts';

export interface GuestReport {
  readonly inspected: boolean;
  /** Why it was not: one line, printable. */
  readonly why?: string;
  readonly distribution?: { readonly id: string; readonly version: string; readonly family: GuestFamily };
  /** The default one first. */
  readonly kernels: readonly GuestKernel[];
  readonly boot?: BootFacts;
  readonly findings: readonly Finding[];
  /** Calls to the disks, each of at most 512 KiB. */
  readonly calls: number;
}

export interface InspectOptions {
  /** Of the target machine. */
  readonly bootMode?: 'legacy' | 'uefi';
  readonly signal?: AbortSignal;
}

/**
 * Says of a guest's disks what will keep it from starting on the target, read straight from the blocks; nothing is mounted, run or written.
 * The disks are not trusted: whatever they hold, the answer is a report, with GUEST_NOT_INSPECTED where they could not be understood.
 * Throws only what a device threw. Memory: below 100 MiB.
 */
export async function inspectGuest(disks: readonly GuestDisk[], options: InspectOptions = {}): Promise<GuestReport> {
  const cache = new BlockCache(options.signal);
  const cached = disks.map((disk) => ({ ...disk, blocks: cache.over(disk.blocks) }));
  try {
    return { ...(await inspect(cached, options)), calls: cache.spent.calls };
  } catch (error) {
    if (error instanceof DeviceFailure) throw error.cause;
    const why = error instanceof Unreadable ? printable(error.message) : 'the disk is broken in a way that was not foreseen';
    return notInspected(why, [], cache.spent.calls);
  }
}

function notInspected(why: string, others: readonly Found[], calls: number): GuestReport {
  return { inspected: false, why, kernels: [], findings: levelled([{ id: 'GUEST_NOT_INSPECTED', detail: why }, ...others]), calls };
}

async function inspect(disks: readonly GuestDisk[], { bootMode }: InspectOptions): Promise<Omit<GuestReport, 'calls'>> {
  const scan = await scanDisks(disks);
  const boot = await bootFacts(scan);
  const found = [...judgeBoot(boot, bootMode), ...judgeTables(scan)];
  const root = await findRoot(scan);
  if (!root?.fs) return { ...notInspected(whyNoRoot(scan), found, 0), boot };
  const tree = new Tree(root.fs);
  const fstab = parseFstab((await tree.text('/etc/fstab')) ?? '');
  const unread = mountAll(tree, fstab, scan);
  if (unread.length > 0) return { ...notInspected(unread.join('; '), found, 0), boot };
  const distribution = await readDistribution(tree);
  const { kernels, found: aboutKernels } = await judgeKernels(tree);
  found.push(...aboutKernels, ...judgeFstab(fstab, scan), ...judgeCrypttab(await tree.text('/etc/crypttab')), ...judgeVolumes(scan, root));
  found.push(...(await judgeSoftware(tree)));
  return { inspected: true, ...(distribution ? { distribution } : {}), kernels, boot, findings: levelled(found) };
}

async function judgeSoftware(tree: Tree): Promise<Found[]> {
  const cloudInit = await judgeCloudInit(tree);
  const network = await judgeNetwork(tree, cloudInit.isThere);
  return [...cloudInit.found, ...network, ...(await judgeAgents(tree)), ...(await judgeTime(tree)), ...(await judgeSelinux(tree))];
}

const levelled = (found: readonly Found[]): Finding[] =>
  found.map(({ id, detail, count }) => ({ id, level: guestFindings[id].level, detail: printable(detail, 300), ...(count === undefined ? {} : { count }) }));

/** The first volume, root disk first, that looks like the root of a system. One that is broken ends the inspection: it may be the one. */
async function findRoot({ volumes }: Scan): Promise<Volume | undefined> {
  for (const volume of volumes) {
    if (!volume.fs || volume.fs.kind === 'fat') continue;
    const tree = new Tree(volume.fs);
    const names = await tree.list('/');
    if (names.includes('etc') && ((await tree.exists('/etc/fstab')) || (await tree.exists('/etc/os-release')))) return volume;
  }
  return undefined;
}

const words: Readonly<Partial<Record<Volume['content'], string>>> = {
  luks: 'encrypted (LUKS)',
  bitlocker: 'encrypted (BitLocker)',
  btrfs: 'btrfs',
  ntfs: 'NTFS',
  raid: 'software RAID',
  zfs: 'ZFS',
  unknown: 'of unknown content',
};

const whyUnread = ({ content, why }: Volume): string | undefined => why ?? words[content];

function whyNoRoot({ volumes }: Scan): string {
  const unread = volumes.flatMap((volume) => {
    const why = whyUnread(volume);
    return why === undefined ? [] : [`${volume.place}: ${why}`];
  });
  return unread.length > 0 ? unread.slice(0, 5).join('; ') : 'no root filesystem was found';
}

const neededMounts = new Set(['/boot', '/usr', '/etc']);

/** Puts what fstab names into its place; answers why one that matters cannot be read. */
function mountAll(tree: Tree, fstab: readonly FstabEntry[], scan: Scan): string[] {
  const unread: string[] = [];
  for (const { spec, path } of fstab) {
    const volume = resolveSpec(spec, scan);
    const mountPoint = path.length > 1 ? path.replace(/\/+$/, '') : path;
    if (volume?.fs) tree.mount(mountPoint, volume.fs);
    else if (neededMounts.has(mountPoint))
      unread.push(`${mountPoint}: ${volume ? (whyUnread(volume) ?? 'it holds no files') : 'its filesystem was not found'}`);
  }
  return unread;
}

function judgeVolumes({ volumes }: Scan, root: Volume): Found[] {
  const unread = volumes.filter((volume) => whyUnread(volume) !== undefined);
  const found: Found[] = [];
  const shown = unread.slice(0, 5).map((volume) => `${volume.place}: ${whyUnread(volume)}`);
  if (unread.length > 0) found.push({ id: 'VOLUME_NOT_INSPECTED', detail: shown.join('; '), count: unread.length });
  if (root.fs?.isDirty) found.push({ id: 'JOURNAL_NOT_REPLAYED', detail: `${root.place}: ${root.content}` });
  return found;
}

const families: readonly { readonly family: GuestFamily; readonly ids: RegExp }[] = [
  { family: 'debian', ids: /\b(debian|ubuntu)\b/ },
  { family: 'rhel', ids: /\b(rhel|fedora|centos|rocky|almalinux|ol|amzn)\b/ },
  { family: 'suse', ids: /\b(suse|sles|opensuse)\b/ },
];

async function readDistribution(tree: Tree): Promise<GuestReport['distribution']> {
  const text = (await tree.text('/etc/os-release')) ?? (await tree.text('/usr/lib/os-release'));
  if (text === undefined) return undefined;
  const field = (name: string): string => printable(new RegExp(`^${name}=["']?([^"'\n]*)`, 'm').exec(text)?.[1] ?? '', 60);
  const [id, version] = [field('ID') || 'unknown', field('VERSION_ID') || 'unknown'];
  const family = families.find(({ ids }) => ids.test(`${id} ${field('ID_LIKE')}`))?.family ?? 'any';
  return { id, version, family };
}
