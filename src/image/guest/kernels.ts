import { type BootEntry, bootEntries } from './boot-loader.ts';
import type { Found } from './found.ts';
import { isUnstableName } from './fstab.ts';
import { readInitramfs } from './initramfs.ts';
import { DeviceFailure, printable, Unreadable } from './reading.ts';
import type { Tree } from './tree.ts';

export const watchedDrivers = [
  'virtio_blk',
  'virtio_scsi',
  'virtio_net',
  'virtio_pci',
  'nvme',
  'xen_blkfront',
  'xen_netfront',
  'ena',
  'hv_storvsc',
  'hv_netvsc',
] as const;
export type Driver = (typeof watchedDrivers)[number];

/** A kernel that would boot; only of the default one it is known what it can drive. */
export interface GuestKernel {
  readonly version: string;
  readonly isDefault: boolean;
  readonly initramfs?: string;
  /** In its initramfs or in itself: there before any disk is. Absent = not looked into, or not readable. */
  readonly drivers?: readonly Driver[];
}

const moduleName = (path: string): string =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.(xz|zst|gz))?$/, '')
    .replaceAll('-', '_');
const isWatched = (name: string): name is Driver => (watchedDrivers as readonly string[]).includes(name);

/** Cost: the default kernel's initramfs is read whole, 30 to 150 calls. */
export async function judgeKernels(tree: Tree): Promise<{ kernels: GuestKernel[]; found: Found[] }> {
  const entries = await bootEntries(tree);
  const first = entries[0];
  if (!first) return { kernels: [], found: [{ id: 'KERNEL_NOT_FOUND', detail: 'no kernel stands in /boot' }] };
  const { drivers, found } = await judgeDrivers(tree, first);
  const kernels = entries.map(({ version, isDefault, initramfs }): GuestKernel => ({ version, isDefault, ...(initramfs === undefined ? {} : { initramfs }) }));
  return { kernels: kernels.map((one) => (one.isDefault && drivers ? { ...one, drivers } : one)), found: [...found, ...judgeCommandLine(first)] };
}

async function judgeDrivers(tree: Tree, { version, initramfs }: BootEntry): Promise<{ drivers?: Driver[]; found: Found[] }> {
  const present = new Set<Driver>();
  const tell = (path: string): void => {
    const name = moduleName(path);
    if (isWatched(name)) present.add(name);
  };
  const builtin = await tree.text(`/lib/modules/${version}/modules.builtin`);
  for (const line of (builtin ?? '').split('\n')) tell(line);
  const why = await tellInitramfs(tree, initramfs, (path) => /\.ko(\.(xz|zst|gz))?$/.test(path) && tell(path));
  if (why !== undefined) return { found: [{ id: 'INITRAMFS_UNREADABLE', detail: `kernel ${version}: ${printable(why)}` }] };
  const isUnknown = builtin === undefined && !present.has('virtio_blk');
  if (isUnknown) return { found: [{ id: 'INITRAMFS_UNREADABLE', detail: `kernel ${version}: what it has built in is not written in /lib/modules` }] };
  // A target shows the root disk by virtio_blk on virtio_pci: both must be there before the root filesystem is. The others may be loaded from it.
  const missing = (['virtio_pci', 'virtio_blk'] as const).filter((name) => !present.has(name));
  const late = await missingLater(tree, version, present);
  const found: Found[] = [];
  if (missing.length > 0)
    found.push({ id: 'NO_VIRTIO_DRIVERS', detail: `kernel ${version}: ${missing.join(', ')} neither in ${initramfs ?? 'an initramfs'} nor built in` });
  if (late.length > 0) found.push({ id: 'VIRTIO_MODULES_MISSING', detail: `kernel ${version}: no ${late.join(', ')}` });
  return { drivers: watchedDrivers.filter((name) => present.has(name)), found };
}

/** Why it could not be read; undefined where it was, or where there is none. */
async function tellInitramfs(tree: Tree, path: string | undefined, tell: (path: string) => void): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await tree.find(path);
    if (file?.kind !== 'file') return 'it is not there';
    await readInitramfs(file, tell);
    return undefined;
  } catch (error) {
    if (error instanceof DeviceFailure) throw error;
    return error instanceof Unreadable ? error.message : 'it is broken in a way that was not foreseen';
  }
}

const places = { virtio_net: 'net/virtio_net', virtio_scsi: 'scsi/virtio_scsi' } as const;

async function missingLater(tree: Tree, version: string, present: ReadonlySet<Driver>): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, place] of Object.entries(places)) {
    const path = `/lib/modules/${version}/kernel/drivers/${place}.ko`;
    let isThere = present.has(name as Driver);
    for (const ending of ['', '.xz', '.zst', '.gz']) isThere ||= await tree.exists(path + ending);
    if (!isThere) missing.push(name);
  }
  return missing;
}

function judgeCommandLine({ version, commandLine }: BootEntry): Found[] {
  if (commandLine === undefined) return [{ id: 'NO_SERIAL_CONSOLE', detail: 'no configuration of the boot loader was found' }];
  const words = commandLine.split(/\s+/);
  const found: Found[] = [];
  const byName = words.filter((word) => /^(root|resume)=/.test(word) && isUnstableName(word.slice(word.indexOf('=') + 1)));
  if (byName.length > 0) found.push({ id: 'ROOT_BY_DEVICE_NAME', detail: `kernel ${version}: ${printable(byName.join(' '))}` });
  if (!words.some((word) => word.startsWith('console=ttyS0'))) found.push({ id: 'NO_SERIAL_CONSOLE', detail: `kernel ${version}: no console=ttyS0` });
  return found;
}
