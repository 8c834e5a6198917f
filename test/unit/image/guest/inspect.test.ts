import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type GuestReport, inspectGuest } from '../../../../src/image/guest/index.ts';
import { loudSuite } from '../../../support/loud-suite.ts';
import { deviceOf, type Files, later, makeCpio, makeExt, makeFat, makeGpt, makeXfs, run, tools } from './made-files.ts';
import { extentBytes, makeLvm } from './made-lvm.ts';

const needed = () => tools('mke2fs', 'mkfs.xfs', 'mkfs.vfat', 'mcopy', 'mmd', 'sgdisk', 'cpio', 'gzip', 'lz4', 'xz');
const rootUuid = '11111111-2222-3333-4444-555555555555';

const modules = (...names: readonly string[]): Buffer =>
  makeCpio(Object.fromEntries(names.map((name) => [`usr/lib/modules/6.1.0-18-amd64/kernel/drivers/${name}.ko`, name])));

/** A Debian as its installer leaves it, made ready for a move. */
const debian = (initramfs: Buffer): Files => ({
  '/etc/fstab': `# made by a test\nUUID=${rootUuid} / ext4 errors=remount-ro 0 1\nUUID=1A2B-3C4D /boot/efi vfat umask=0077 0 1\n`,
  '/usr/lib/os-release': 'PRETTY_NAME="Debian"\nVERSION_ID="12"\nID=debian\n',
  '/etc/os-release': { link: '../usr/lib/os-release' },
  '/lib': { link: 'usr/lib' },
  '/boot/vmlinuz-6.1.0-9-amd64': 'old',
  '/boot/vmlinuz-6.1.0-18-amd64': 'kernel',
  '/boot/initrd.img-6.1.0-18-amd64': initramfs,
  '/boot/grub/grub.cfg': `menuentry 'Debian' {\n\tlinux /boot/vmlinuz-6.1.0-18-amd64 root=UUID=${rootUuid} ro console=tty0 console=ttyS0,115200\n\tinitrd /boot/initrd.img-6.1.0-18-amd64\n}\n`,
  '/usr/lib/modules/6.1.0-18-amd64/modules.builtin': 'kernel/drivers/virtio/virtio_pci.ko\n',
  '/usr/lib/modules/6.1.0-18-amd64/kernel/drivers/net/virtio_net.ko': 'x',
  '/usr/lib/modules/6.1.0-18-amd64/kernel/drivers/scsi/virtio_scsi.ko.xz': 'x',
  '/etc/cloud/cloud.cfg': 'users:\n - default\n',
  '/etc/cloud/cloud.cfg.d/99-ecluse.cfg': 'datasource_list: [ Ec2, None ]\n',
  '/etc/network/interfaces': 'auto lo\niface lo inet loopback\niface ens5 inet dhcp\n',
  '/etc/chrony/chrony.conf': 'pool ntp1.outscale.net iburst\n',
});

const esp = later(() => makeFat({ '/EFI/BOOT/BOOTX64.EFI': 'loader', '/EFI/debian/grubx64.efi': 'grub' }, { bits: 12, mebibytes: 2 }));

function debianDisk(files: Files, { boot = esp(), ...options }: { boot?: Buffer; bootCode?: boolean; grownBy?: number } = {}): Buffer {
  const root = makeExt(files, { mebibytes: 8, args: ['-U', rootUuid] });
  const parts = [
    { type: 'ef02', content: Buffer.alloc(1_048_576) },
    { type: 'ef00', content: boot },
    { type: '8300', content: root },
  ];
  return makeGpt(parts, options);
}

const ids = ({ findings }: GuestReport): string[] => findings.map(({ id }) => id).sort();
const inspect = (disk: Buffer, mode?: 'legacy' | 'uefi'): Promise<GuestReport> =>
  inspectGuest([{ device: '/dev/xvda', isRoot: true, blocks: deviceOf(disk) }], mode ? { bootMode: mode } : {});

loudSuite(needed)('a Debian on a GUID table', () => {
  const ready = later(() => run('xz', ['--check=crc32', '-1'], modules('block/virtio_blk', 'nvme/host/nvme')));

  it('made ready, has nothing to say, at a small cost', async () => {
    const report = await inspect(debianDisk(debian(ready())));
    expect(report).toMatchObject({
      inspected: true,
      distribution: { id: 'debian', version: '12', family: 'debian' },
      boot: { hasEsp: true, hasBiosBoot: true },
      findings: [],
    });
    expect(report.kernels).toEqual([
      { version: '6.1.0-18-amd64', isDefault: true, initramfs: '/boot/initrd.img-6.1.0-18-amd64', drivers: ['virtio_blk', 'virtio_pci', 'nvme'] },
      { version: '6.1.0-9-amd64', isDefault: false },
    ]);
    expect(report.calls).toBeLessThan(30);
  });

  it('without virtio is blocked', async () => {
    const report = await inspect(debianDisk(debian(modules('nvme/host/nvme', 'net/ethernet/amazon/ena/ena'))));
    expect(report.findings).toEqual([
      { id: 'NO_VIRTIO_DRIVERS', level: 'blocker', detail: 'kernel 6.1.0-18-amd64: virtio_blk neither in /boot/initrd.img-6.1.0-18-amd64 nor built in' },
    ]);
    expect(report.kernels[0]?.drivers).toEqual(['virtio_pci', 'nvme', 'ena']);
  });

  it('with an initramfs that cannot be read is UNKNOWN', async () => {
    expect(ids(await inspect(debianDisk(debian(ready().subarray(0, 100)))))).toEqual(['INITRAMFS_UNREADABLE']);
  });

  it('as a cloud leaves it, is told all that binds it', async () => {
    const report = await inspect(
      debianDisk({
        ...debian(ready()),
        '/etc/fstab': `/dev/xvda3 / ext4 defaults 0 1\n/dev/xvdb /mnt auto defaults,comment=cloudconfig 0 2\nUUID=deadbeef /lost ext4 defaults 0 2\ntmpfs /tmp tmpfs defaults 0 0\n`,
        '/boot/grub/grub.cfg': 'linux /boot/vmlinuz-6.1.0-18-amd64 root=/dev/xvda3 ro quiet\ninitrd /boot/initrd.img-6.1.0-18-amd64\n',
        '/etc/cloud/cloud.cfg.d/99-ecluse.cfg': 'datasource_list:\n  - Azure\n  - None\n',
        '/etc/netplan/01-fixed.yaml': 'network:\n  ethernets:\n    ens5:\n      match:\n        macaddress: 02:00:00:00:00:01\n',
        '/etc/udev/rules.d/70-persistent-net.rules': 'SUBSYSTEM=="net", ATTR{address}=="02:00", NAME="eth0"\n',
        '/etc/network/interfaces': 'iface ens5 inet static\n address 10.0.0.4\n',
        '/etc/systemd/system/multi-user.target.wants/amazon-ssm-agent.service': { link: '/usr/lib/systemd/system/amazon-ssm-agent.service' },
        '/etc/chrony/chrony.conf': 'server 169.254.169.123 prefer iburst\n',
        '/etc/crypttab': '# none\ndata /dev/xvdc /etc/key luks\n',
        '/etc/selinux/config': 'SELINUX=enforcing\n',
      }),
    );
    expect(ids(report)).toEqual([
      'CLOUD_INIT_DATASOURCE',
      'CRYPTTAB_PRESENT',
      'FSTAB_DEVICE_NAMES',
      'FSTAB_DISK_MISSING',
      'FSTAB_INSTANCE_STORE',
      'NETWORK_BOUND',
      'NO_SERIAL_CONSOLE',
      'ROOT_BY_DEVICE_NAME',
      'SELINUX_ENFORCING',
      'VENDOR_AGENTS',
      'VENDOR_TIME_SOURCE',
    ]);
    expect(report.findings.find(({ id }) => id === 'NETWORK_BOUND')?.count).toBe(3);
  });

  it('is judged for the boot mode that the plan wants', async () => {
    const files = debian(ready());
    const vendorOnly = makeFat({ '/EFI/debian/shimx64.efi': 'x' }, { bits: 12, mebibytes: 2 });
    expect(ids(await inspect(debianDisk(files, { bootCode: false }), 'legacy'))).toEqual(['NO_BOOTLOADER']);
    expect(ids(await inspect(debianDisk(files, { boot: vendorOnly }), 'uefi'))).toEqual(['NO_REMOVABLE_LOADER']);
    expect(ids(await inspect(debianDisk(files, { grownBy: 4_194_304 }), 'uefi'))).toEqual(['BACKUP_GPT_SHORT']);
  });

  it('is judged though a data disk is broken', async () => {
    const data = makeGpt([{ type: '8300', content: Buffer.alloc(1) }]);
    for (const end of [512, data.length - 400]) data[end + 16] = (data[end + 16] ?? 0) ^ 1;
    data.fill(0xff, data.length - 512, data.length - 400);
    const report = await inspectGuest([
      { device: '/dev/sdf', isRoot: false, blocks: deviceOf(data) },
      { device: '/dev/sda1', isRoot: true, blocks: deviceOf(debianDisk(debian(ready()))) },
    ]);
    expect(report.inspected).toBe(true);
    expect(report.findings).toEqual([
      { id: 'VOLUME_NOT_INSPECTED', level: 'advice', detail: '/dev/sdf: neither copy of the GUID partition table is whole', count: 1 },
    ]);
  });

  it('is read by the second table where the first is broken', async () => {
    const disk = debianDisk(debian(ready()));
    disk.fill(0xff, 512, 1100);
    expect((await inspect(disk)).inspected).toBe(true);
  });
});

loudSuite(needed)('a Red Hat on LVM over two disks', () => {
  const version = '5.14.0-427.el9.x86_64';
  const root = later(() =>
    makeXfs({
      '/etc/fstab': '/dev/mapper/rhel--9-root / xfs defaults 0 0\nLABEL=boot /boot ext4 defaults 0 0\n',
      '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\nID_LIKE="rhel centos fedora"\n',
      '/boot/.keep': 'x',
      [`/lib/modules/${version}/modules.builtin`]: 'kernel/drivers/virtio/virtio-pci.ko\n',
    }),
  );
  const entry = (linux: string): string =>
    `title R\nversion ${linux}\nlinux /vmlinuz-${linux}\ninitrd /initramfs-${linux}.img\noptions $kernelopts console=ttyS0\n`;
  const boot = (drivers: Buffer): Files => ({
    '/loader/entries/id-1.conf': entry('5.14.0-9.el9.x86_64'),
    '/loader/entries/id-2.conf': entry(version),
    '/grub2/grubenv': '# GRUB Environment Block\nsaved_entry=id-2\nkernelopts=root=/dev/mapper/rhel--9-root ro\n######\n',
    [`/initramfs-${version}.img`]: drivers,
    [`/vmlinuz-${version}`]: 'x',
  });

  const disksOf = (drivers: Buffer) => {
    const half = 40;
    const rest = root().length / extentBytes - half;
    const segments = [
      { extents: half, disk: 0, at: 0 },
      { extents: rest, disk: 1, at: 0 },
    ];
    const [first = root(), second = root()] = makeLvm({ name: 'rhel-9', disks: [half, rest], volumes: { root: { content: root(), segments } } });
    const parts = [
      { type: 'ef02', content: Buffer.alloc(1_048_576) },
      { type: '8300', content: makeExt(boot(drivers), { args: ['-L', 'boot'] }) },
      { type: '8e00', content: first },
    ];
    return [
      { device: '/dev/sdb', isRoot: false, blocks: deviceOf(second) },
      { device: '/dev/sda1', isRoot: true, blocks: deviceOf(makeGpt(parts)) },
    ];
  };

  it('is read: XFS, /boot beside it, BLS entries, LZ4', async () => {
    const drivers = makeCpio({ [`usr/lib/modules/${version}/kernel/drivers/block/virtio_blk.ko.xz`]: 'x' });
    const report = await inspectGuest(disksOf(run('lz4', ['-q', '-l', '-c'], drivers)));
    expect(report).toMatchObject({ inspected: true, distribution: { id: 'rocky', family: 'rhel' } });
    expect(report.kernels[0]).toEqual({ version, isDefault: true, initramfs: `/boot/initramfs-${version}.img`, drivers: ['virtio_blk', 'virtio_pci'] });
    expect(ids(report)).toEqual(['CLOUD_INIT_ABSENT', 'JOURNAL_NOT_REPLAYED', 'VIRTIO_MODULES_MISSING']);
  });

  it('is not inspected where one disk is missing', async () => {
    const report = await inspectGuest(disksOf(Buffer.from('x')).slice(1));
    expect([report.inspected, report.why]).toEqual([false, 'volume rhel-9/root: a disk of the volume group is missing']);
  });
});

describe('what is not inspected', () => {
  it.each([
    ['LUKS', (disk: Buffer) => disk.write('LUKS\xba\xbe', 0, 'latin1')],
    ['btrfs', (disk: Buffer) => disk.write('_BHRfS_M', 65_600, 'latin1')],
    ['NTFS', (disk: Buffer) => disk.write('NTFS    ', 3, 'latin1')],
    ['unknown', (disk: Buffer) => disk.write('anything', 1000, 'latin1')],
    ['no root', () => 0],
  ])('says why: %s', async (word, mark) => {
    const disk = Buffer.alloc(200_000);
    mark(disk);
    const report = await inspect(disk);
    expect([report.inspected, ids(report).includes('GUEST_NOT_INSPECTED')]).toEqual([false, true]);
    expect(report.why).toContain(word);
  });

  it('says nothing of the guest when the disk itself fails', async () => {
    const failure = new Error('the network');
    const blocks = { sizeBytes: 1_000_000, read: () => Promise.reject(failure) };
    await expect(inspectGuest([{ device: '/dev/xvda', isRoot: true, blocks }])).rejects.toBe(failure);
  });
});

loudSuite(needed)('a disk that lies', () => {
  const files = later(() => debian(run('gzip', ['-1'], modules('block/virtio_blk'))));
  const disks: Readonly<Record<string, () => Buffer>> = {
    'ext4 on GPT': () => debianDisk(files()),
    'ext4 on LVM': () => {
      const root = { content: makeExt(files(), { mebibytes: 12 }), segments: [{ extents: 3, disk: 0, at: 1 }] };
      return makeLvm({ name: 'vg', disks: [5], volumes: { root } })[0] ?? Buffer.alloc(0);
    },
    XFS: () => makeXfs(files()),
  };

  /** Where something stands: flips elsewhere would prove nothing. */
  const used = (bytes: Buffer): number[] => {
    const found: number[] = [];
    for (let at = 0; at < bytes.length; at += 512) if (bytes.subarray(at, at + 512).some((byte) => byte !== 0)) found.push(at);
    return found;
  };

  it.each(Object.entries(disks))('never brings the inspection down: %s', async (_, make) => {
    const original = make();
    const sectors = used(original);
    const flip = fc.record({ sector: fc.nat(sectors.length - 1), at: fc.nat(511), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 60 }), async (flips) => {
        const changed = flips.map(({ sector, at, byte }) => ({ offset: (sectors[sector] ?? 0) + at, byte }));
        const before = changed.map(({ offset }) => original[offset] ?? 0);
        changed.forEach(({ offset, byte }) => {
          original[offset] = byte;
        });
        const report = await inspect(original);
        changed.reverse().forEach(({ offset }, index) => {
          original[offset] = before[before.length - 1 - index] ?? 0;
        });
        expect(report.inspected || report.why !== undefined).toBe(true);
        expect(JSON.stringify(report)).not.toMatch(/not foreseen/);
      }),
      { numRuns: 60 },
    );
  });
});
