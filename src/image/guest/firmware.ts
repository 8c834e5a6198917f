import type { Found } from './found.ts';
import { partitionTypes } from './partitions.ts';
import { Unreadable } from './reading.ts';
import { Tree } from './tree.ts';
import type { Scan, Volume } from './volumes.ts';

/** What the disk offers to a firmware. */
export interface BootFacts {
  /** An EFI system partition with a loader for x86-64 at the place that a firmware without memory looks at. */
  readonly hasEsp: boolean;
  /** Code in the root disk's first sector, and room for the rest of it where the table is GPT. */
  readonly hasBiosBoot: boolean;
  /** Loaders under EFI/<vendor> only: started by an entry in a firmware's memory, which does not move. */
  readonly hasVendorLoader: boolean;
}

const removable = '/EFI/BOOT/BOOTX64.EFI';

export async function bootFacts(scan: Scan): Promise<BootFacts> {
  const facts = { hasEsp: false, hasVendorLoader: false };
  for (const volume of scan.volumes.filter(isEsp)) {
    const { removable: hasRemovable, vendor } = await loaders(volume);
    facts.hasEsp ||= hasRemovable;
    facts.hasVendorLoader ||= vendor;
  }
  return { ...facts, hasBiosBoot: hasBiosBoot(scan) };
}

const isEsp = ({ content, isOnRootDisk, partition }: Volume): boolean =>
  content === 'fat' && isOnRootDisk && (partition?.type === partitionTypes.esp || partition?.type === partitionTypes.espMbr || partition === undefined);

async function loaders({ fs }: Volume): Promise<{ removable: boolean; vendor: boolean }> {
  if (!fs) return { removable: false, vendor: false };
  const tree = new Tree(fs);
  try {
    const folders = (await tree.list('/EFI')).filter((name) => name !== 'BOOT').slice(0, 20);
    let vendor = false;
    for (const folder of folders) vendor ||= (await tree.list(`/EFI/${folder}`)).some((name) => /^(SHIM|GRUB|SYSTEMD-BOOT).*X64.*\.EFI$/.test(name));
    return { removable: await tree.exists(removable), vendor };
  } catch (error) {
    if (error instanceof Unreadable) return { removable: false, vendor: false };
    throw error;
  }
}

function hasBiosBoot({ disks }: Scan): boolean {
  const table = disks.find(({ isRoot }) => isRoot)?.table;
  if (!table?.hasBootCode) return false;
  return table.scheme !== 'gpt' || table.partitions.some(({ type }) => type === partitionTypes.biosBoot);
}

/** `mode`: what the plan asks of the target; without one, only a disk that nothing can start is found. */
export function judgeBoot({ hasEsp, hasBiosBoot: hasBios, hasVendorLoader }: BootFacts, mode: 'legacy' | 'uefi' | undefined): Found[] {
  const offers = `BIOS: ${hasBios ? 'yes' : 'no'}, UEFI: ${hasEsp ? 'yes' : hasVendorLoader ? 'only by an entry in the firmware' : 'no'}`;
  if (mode !== 'legacy' && !hasEsp && hasVendorLoader && (mode === 'uefi' || !hasBios)) return [{ id: 'NO_REMOVABLE_LOADER', detail: `no ${removable}` }];
  const canStart = mode === 'legacy' ? hasBios : mode === 'uefi' ? hasEsp : hasBios || hasEsp;
  return canStart ? [] : [{ id: 'NO_BOOTLOADER', detail: offers }];
}

export function judgeTables({ disks }: Scan): Found[] {
  const short = disks.filter(({ table }) => table.isBackupShort);
  return short.length === 0 ? [] : [{ id: 'BACKUP_GPT_SHORT', detail: short.map(({ device }) => device).join(', '), count: short.length }];
}
