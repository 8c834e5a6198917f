import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

/** The name that stands in for a kernel's version where no kernel is. */
export const absentKernel = '0.0.0-unbootable';

/**
 * What an inspection reads of a root, where no Debian can be made: folders, os-release, and an initramfs that lists the drivers which
 * the real one would hold. It cannot boot: there is no kernel and no program in it.
 */
export async function makePlainTree(folder: string): Promise<void> {
  for (const name of ['boot/grub', 'data', 'etc', 'usr/lib', 'usr/sbin', 'proc', 'sys', 'dev', 'run', 'tmp'])
    await mkdir(`${folder}/${name}`, { recursive: true });
  await writeFile(`${folder}/usr/lib/os-release`, 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n');
  await writeFile(`${folder}/etc/os-release`, 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n');
  await writeFile(`${folder}/etc/hostname`, 'ecluse-guest\n');
}

const drivers = 'usr/lib/modules/0.0.0-unbootable/kernel/drivers';
const always = ['net/ethernet/amazon/ena/ena.ko', 'block/xen-blkfront.ko', 'nvme/host/nvme.ko', 'ata/ata_piix.ko', 'md/dm-mod.ko'];
const ofVirtio = ['virtio/virtio_pci.ko', 'block/virtio_blk.ko', 'scsi/virtio_scsi.ko', 'net/virtio_net.ko'];

/** An initramfs as far as a listing of names tells: a gzip of cpio "newc" with empty files under the drivers' paths. */
export const plainInitrd = (virtio: boolean): Buffer => gzipSync(cpio([...always, ...(virtio ? ofVirtio : [])].map((name) => `${drivers}/${name}`)));

/**
 * cpio "newc" (Documentation/driver-api/early-userspace/buffer-format.rst of Linux): per entry a magic and 13 numbers of 8 hex digits,
 * the name with its NUL, padded to 4 bytes, then the content, padded likewise; TRAILER!!! ends it.
 */
export function cpio(names: readonly string[]): Buffer {
  const entries = [...withFolders(names), 'TRAILER!!!'].map((name, index) => entry(name, index + 1, names.includes(name)));
  return Buffer.concat(entries);
}

/** Each folder before what is in it. */
function withFolders(names: readonly string[]): string[] {
  const all = new Set<string>();
  for (const name of names) {
    for (let end = name.indexOf('/'); end >= 0; end = name.indexOf('/', end + 1)) all.add(name.slice(0, end));
    all.add(name);
  }
  return [...all];
}

function entry(name: string, inode: number, isFile: boolean): Buffer {
  const mode = name === 'TRAILER!!!' ? 0 : isFile ? 0o100644 : 0o040755;
  const numbers = [inode, mode, 0, 0, isFile ? 1 : 2, 0, 0, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.alloc(Math.ceil(head.length / 4) * 4).fill(head, 0, head.length, 'latin1');
}
