import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { LabError } from '../lab-error.ts';
import { type Placed, sectorBytes } from './gpt.ts';
import { hasTool, runTool } from './tool.ts';

const library = '/usr/lib/grub';
const modules = ['part_gpt', 'ext2', 'lvm', 'search', 'search_fs_uuid', 'configfile', 'normal', 'linux', 'boot', 'echo', 'test'];

/** Whether this machine has GRUB's parts for that firmware (Debian: grub-pc-bin, grub-efi-amd64-bin). */
export const canGrub = (firmware: 'legacy' | 'uefi'): boolean =>
  hasTool('grub-mkimage') && existsSync(`${library}/${firmware === 'uefi' ? 'x86_64-efi' : 'i386-pc'}/normal.mod`);

/**
 * GRUB for a BIOS, as grub-install embeds it (util/setup.c, boot/i386/pc/{boot,diskboot}.S of GRUB 2): the code of boot.img in the
 * MBR loads one sector, the first of core.img, whose number stands at 0x5c; that sector (diskboot) loads the rest by a list of
 * blocks that grows down from its own end, 12 bytes each: first sector (8), count (2), segment (2). `coreAt`: where the bios_grub
 * partition begins.
 */
export async function biosGrub(start: string, coreAt: number, coreBytes: number): Promise<Placed[]> {
  const core = await makeImage('i386-pc', [...modules, 'biosdisk', 'serial', 'terminal'], start);
  if (core.length > coreBytes) throw new LabError('GRUB’s core does not fit its partition');
  const firstSector = coreAt / sectorBytes;
  const list = sectorBytes - 12;
  core.writeBigUInt64LE(BigInt(firstSector + 1), list);
  core.writeUInt16LE(Math.ceil(core.length / sectorBytes) - 1, list + 8);
  core.writeUInt16LE(0x820, list + 10); // 0x8000 holds diskboot; the rest follows it in memory
  // Only the code: behind 440 bytes stand the disk's signature and the protective MBR's own entry.
  const boot = (await readFile(`${library}/i386-pc/boot.img`)).subarray(0, 440);
  boot.writeBigUInt64LE(BigInt(firstSector), 0x5c);
  boot.writeUInt16LE(0x9090, 0x66); // no jump: some BIOSes name the wrong drive, and this code then takes the first hard disk
  return [
    { offsetBytes: 0, bytes: boot },
    { offsetBytes: coreAt, bytes: core },
  ];
}

/** GRUB for UEFI: one file, which any firmware starts from `\EFI\BOOT\BOOTX64.EFI` of the ESP without an entry in its own memory. */
export async function efiPartition(start: string, sizeBytes: number, volumeId: string): Promise<Buffer> {
  const folder = await mkdtemp(`${tmpdir()}/ecluse-esp-`);
  try {
    await writeFile(`${folder}/BOOTX64.EFI`, await makeImage('x86_64-efi', modules, start));
    const fixed = { folder, environment: { MTOOLS_SKIP_CHECK: '1', SOURCE_DATE_EPOCH: '1700000000' } };
    await runTool('mkfs.vfat', ['--invariant', '-F', '16', '-n', 'ESP', '-i', volumeId, '-C', 'esp', String(sizeBytes / 1024)], fixed);
    await runTool('mmd', ['-i', 'esp', '::/EFI', '::/EFI/BOOT'], fixed);
    await runTool('mcopy', ['-i', 'esp', 'BOOTX64.EFI', '::/EFI/BOOT/BOOTX64.EFI'], fixed);
    return await readFile(`${folder}/esp`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function makeImage(format: 'i386-pc' | 'x86_64-efi', names: readonly string[], start: string): Promise<Buffer> {
  const folder = await mkdtemp(`${tmpdir()}/ecluse-grub-`);
  try {
    await writeFile(`${folder}/start.cfg`, start);
    await runTool('grub-mkimage', ['-O', format, '-d', `${library}/${format}`, '-p', '/boot/grub', '-c', 'start.cfg', '-o', 'image', ...names], { folder });
    return await readFile(`${folder}/image`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
