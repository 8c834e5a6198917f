import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { fixedUuid } from '../../../lab/disks/fixed-uuid.ts';
import { consoleLines } from '../../../lab/disks/guest.ts';
import { changePayload, type DiskOptions, type Machine, makeDisks } from '../../../lab/disks/make-disks.ts';
import { hasTool } from '../../../lab/disks/tool.ts';
import { LabError } from '../../../lab/lab-error.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const mebibyte = 1 << 20;
// A blank and a letter beyond ASCII: a user's folder may have both.
const folder = mkdtempSync(`${tmpdir()}/ecluse dïsks-`);
afterAll(() => rmSync(folder, { recursive: true }));

const noDebian = () => Promise.reject(new LabError('no Debian in this test'));
const bare: Machine = { hasTool: () => false, debianTree: noDebian };
const withoutDebian: Machine = { hasTool, debianTree: noDebian };

const options = (name: string, machine: Machine): DiskOptions => ({
  folder: `${folder}/${name}`,
  firmware: 'legacy',
  virtio: false,
  layout: 'plain',
  nonce: 'nonce-1',
  payload: Buffer.alloc(100_000, 'root'),
  dataDisk: { sizeBytes: 64 * mebibyte, payload: Buffer.alloc(50_000, 'data') },
  machine,
});

/** The first 32 MiB, which hold all that a pattern has; a whole root is 1 GiB. */
function head(path: string): Buffer {
  const bytes = Buffer.alloc(32 * mebibyte);
  const file = openSync(path, 'r');
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return bytes;
}

/** How many of the 512 KiB blocks of EBS differ. */
function changedBlocks(before: Buffer, after: Buffer): number {
  let count = 0;
  for (let at = 0; at < after.length; at += 512 * 1024) if (!before.subarray(at, at + 512 * 1024).equals(after.subarray(at, at + 512 * 1024))) count += 1;
  return count;
}

describe('on a machine that has no tool at all', () => {
  it('the disks are a pattern behind the partition table, not bootable, and say why', async () => {
    const made = await makeDisks(options('bare', bare));
    expect(made).toMatchObject({ bootable: false, why: expect.stringContaining('mke2fs'), root: { content: 'pattern' }, data: { content: 'pattern' } });
    expect(statSync(made.root.path).size).toBe(made.root.diskBytes);
    const disk = head(made.root.path);
    expect(disk.toString('latin1', 512, 520)).toBe('EFI PART');
    expect(disk.subarray(made.root.offsetBytes, made.root.offsetBytes + 100_000)).toEqual(Buffer.alloc(100_000, 'root'));
  });

  it('a changed payload changes only its own blocks', async () => {
    const { data } = await makeDisks(options('changed', bare));
    if (!data) throw new Error('no data disk was made');
    const before = readFileSync(data.path);
    await changePayload(data, Buffer.alloc(50_000, 'other'));
    expect(changedBlocks(before, readFileSync(data.path))).toBe(1);
  });

  it('the same options make the same bytes', async () => {
    const [first, second] = [await makeDisks(options('first', bare)), await makeDisks(options('second', bare))];
    expect(head(first.root.path).equals(head(second.root.path))).toBe(true);
  });
});

describe('what the console must show', () => {
  it('is the nonce, and the digest of each payload', () => {
    const sha256OfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const lines = consoleLines('n', Buffer.from('abc'), Buffer.from('abc'));
    expect(lines).toEqual(['ECLUSE NONCE n', `ECLUSE PAYLOAD ${sha256OfAbc}`, `ECLUSE DATA ${sha256OfAbc}`]);
    expect(consoleLines('n', Buffer.from('abc'))).toHaveLength(2);
  });
});

loudSuite(() => localTool('debugfs', '-V'))('on a machine that has e2fsprogs only', () => {
  const show = (path: string, offsetBytes: number, file: string) => spawnSync('debugfs', ['-R', `cat ${file}`, `${path}?offset=${offsetBytes}`]).stdout;
  const faults = (path: string, offsetBytes: number) => spawnSync('e2fsck', ['-fn', `${path}?offset=${offsetBytes}`]).status;

  it.each(['plain', 'lvm'] as const)('a %s root is a clean ext4 with fstab by UUID and an initramfs without virtio', async (layout) => {
    const { root, bootable } = await makeDisks({ ...options(layout, withoutDebian), layout });
    expect(bootable).toBe(false);
    expect(faults(root.path, root.offsetBytes)).toBe(0);
    expect(show(root.path, root.offsetBytes, '/etc/fstab').toString()).toContain(`UUID=${fixedUuid('nonce-1', 'data file system')} /data ext4`);
    const names = gunzipSync(show(root.path, root.offsetBytes, '/boot/initrd.img-0.0.0-unbootable')).toString('latin1');
    expect(names).toContain('drivers/nvme/host/nvme.ko');
    expect(names).not.toContain('virtio');
  });

  it('a changed payload is in the file, changes few blocks, and leaves the file system clean', async () => {
    const { data } = await makeDisks(options('ext4', withoutDebian));
    if (!data) throw new Error('no data disk was made');
    const before = readFileSync(data.path);
    const payload = Buffer.alloc(700_000, 'another');
    await changePayload(data, payload);
    expect(show(data.path, 0, '/payload').equals(payload)).toBe(true);
    expect(changedBlocks(before, readFileSync(data.path))).toBeLessThan(6);
    expect(faults(data.path, 0)).toBe(0);
  });

  it('a payload that does not fit is refused', async () => {
    const { data } = await makeDisks(options('full', withoutDebian));
    if (!data) throw new Error('no data disk was made');
    await expect(changePayload(data, Buffer.alloc(80 * mebibyte, 'x'))).rejects.toThrow(LabError);
  });
});
