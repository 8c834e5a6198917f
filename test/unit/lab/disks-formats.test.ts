import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from '@jest/globals';
import { fixedLvmId, fixedUuid } from '../../../lab/disks/fixed-uuid.ts';
import { type Partition, writeGpt } from '../../../lab/disks/gpt.ts';
import { linearVolume, lvmCrc } from '../../../lab/disks/lvm.ts';
import { cpio } from '../../../lab/disks/plain-tree.ts';
import { writePlaced } from '../../../lab/disks/raw-disk.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const mebibyte = 1 << 20;
const folder = mkdtempSync(`${tmpdir()}/ecluse-disks-`);
afterAll(() => rmSync(folder, { recursive: true }));

const partitions: readonly Partition[] = [
  { type: 'biosGrub', uuid: fixedUuid('n', '1'), name: 'BIOS boot', offsetBytes: mebibyte, sizeBytes: mebibyte },
  { type: 'lvm', uuid: fixedUuid('n', '2'), name: 'racine é', offsetBytes: 2 * mebibyte, sizeBytes: 61 * mebibyte },
];

function sparse(name: string, sizeBytes: number): string {
  const path = `${folder}/${name}`;
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

const ask = (name: string, args: readonly string[], input?: Buffer) => spawnSync(name, args, { encoding: 'utf8', ...(input ? { input } : {}) });

describe('fixed ids', () => {
  it('are the same for the same nonce and use, others for others, in the shape of their kind', () => {
    expect(fixedUuid('a', 'disk')).toBe(fixedUuid('a', 'disk'));
    expect(new Set([fixedUuid('a', 'disk'), fixedUuid('a', 'root'), fixedUuid('b', 'disk')]).size).toBe(3);
    expect(fixedUuid('a', 'disk')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(fixedLvmId('a', 'pv')).toMatch(/^\w{6}(-\w{4}){5}-\w{6}$/);
  });
});

describe('lvmCrc', () => {
  it('is the reflected CRC-32 from 0xf597a6cf, bit by bit, without inversion', () => {
    const bytes = Buffer.from('LVM2 001 and some more');
    let crc = 0xf597a6cf;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    expect(lvmCrc(bytes)).toBe(crc >>> 0);
    expect(lvmCrc(Buffer.alloc(0))).toBe(0xf597a6cf);
  });
});

loudSuite(() => localTool('sgdisk', '--version'))('a partition table, judged by sgdisk', () => {
  it('has no fault, and both partitions at their places', async () => {
    const path = sparse('gpt.raw', 64 * mebibyte);
    await writePlaced(path, writeGpt(64 * mebibyte, fixedUuid('n', 'disk'), partitions));
    expect(ask('sgdisk', ['-v', path]).stdout).toContain('No problems found');
    const { stdout } = ask('sgdisk', ['-i', '2', path]);
    expect(stdout).toContain('E6D6D379-F507-44C2-A23C-238F2A3DF928');
    expect(stdout).toContain(fixedUuid('n', '2').toUpperCase());
    expect(stdout).toContain('First sector: 4096');
    expect(stdout).toContain("Partition name: 'racine é'");
  });

  it('is found damaged when one byte of an entry changes', async () => {
    const path = sparse('damaged.raw', 64 * mebibyte);
    await writePlaced(path, [...writeGpt(64 * mebibyte, fixedUuid('n', 'disk'), partitions), { offsetBytes: 1024 + 40, bytes: Buffer.from([1]) }]);
    expect(ask('sgdisk', ['-v', path]).stdout).not.toContain('No problems found');
  });
});

loudSuite(() => localTool('lvm', 'version'))('a linear volume, judged by lvm2', () => {
  const volume = linearVolume(100 * mebibyte, 'n');

  it('has label, header and text in order, all checksums right', async () => {
    const path = sparse('pv.raw', 100 * mebibyte);
    await writePlaced(path, volume.placed);
    const { stdout, status } = ask('lvm', ['pvck', '--dump', 'headers', path]);
    expect(status).toBe(0);
    expect(stdout).toContain('vgname vg0 seqno 1');
    expect(stdout).not.toContain('CHECK');
  });

  it('is refused when a byte of the text changes', async () => {
    const path = sparse('broken.raw', 100 * mebibyte);
    await writePlaced(path, [...volume.placed, { offsetBytes: 4096 + 512 + 20, bytes: Buffer.from('!') }]);
    const { stdout } = ask('lvm', ['pvck', '--dump', 'headers', path]);
    expect(stdout).toContain('CHECK: metadata text');
  });

  it('holds whole extents of 4 MiB behind the first mebibyte', () => {
    expect([volume.offsetBytes, volume.sizeBytes]).toEqual([mebibyte, 96 * mebibyte]);
  });
});

loudSuite(() => localTool('cpio', '--version'))('an archive, judged by cpio', () => {
  it('lists each folder before its files', () => {
    const { stdout, status } = ask('cpio', ['-t', '--quiet'], cpio(['a/b/one.ko', 'a/two.ko']));
    expect(status).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['a', 'a/b', 'a/b/one.ko', 'a/two.ko']);
  });
});
