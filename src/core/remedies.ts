import type { GuestFamily } from './guest-findings.ts';
import { isVmFindingCode, type VmFindingCode, vmFindings } from './vm-findings.ts';

/** Shell lines for a guest's administrator, by family; `any` where no family has its own. */
export type Remedy = Readonly<Partial<Record<GuestFamily, readonly string[]>>>;

const dracutDrivers = [
  `printf '%s\\n' 'add_drivers+=" virtio_pci virtio_blk virtio_scsi virtio_net "' > /etc/dracut.conf.d/90-ecluse.conf`,
  'dracut --force --regenerate-all',
];
const drivers: Remedy = {
  debian: [
    'keep /etc/initramfs-tools/modules',
    'for module in virtio_pci virtio_blk virtio_scsi virtio_net; do',
    '  grep -qx "$module" /etc/initramfs-tools/modules || echo "$module" >> /etc/initramfs-tools/modules',
    'done',
    'update-initramfs -u -k all',
  ],
  rhel: dracutDrivers,
  suse: dracutDrivers,
  any: ['tell "Put virtio_pci, virtio_blk, virtio_scsi and virtio_net into the initramfs by the means of this distribution."'],
};

const consoleLine = [
  'keep /etc/default/grub',
  `grep -q 'console=ttyS0' /etc/default/grub || sed -i 's/^\\(GRUB_CMDLINE_LINUX="[^"]*\\)"/\\1 console=tty0 console=ttyS0,115200"/' /etc/default/grub`,
];
/** `root=` and `resume=` by device name go; GRUB's own scripts then write the UUID. */
const rootLine = ['keep /etc/default/grub', `sed -i -e 's/\\(root\\|resume\\)=\\/dev\\/[^" ]*//g' -e '/^GRUB_DISABLE_LINUX_UUID=/d' /etc/default/grub`];
const grubDebian = 'update-grub';
const grubSuse = 'grub2-mkconfig -o /boot/grub2/grub.cfg';
const byHandOfLoader = ['tell "Change the kernel command line by the means of this boot loader: see the line above."'];

/** A firmware that knows no entry looks at EFI/BOOT only; shim, which stands there then, looks for GRUB beside itself. */
const copyLoader = [
  'mkdir -p /boot/efi/EFI/BOOT',
  'for loader in /boot/efi/EFI/*/shimx64.efi /boot/efi/EFI/*/shim.efi /boot/efi/EFI/*/grubx64.efi /boot/efi/EFI/*/grub.efi; do',
  '  case "$loader" in */EFI/BOOT/*) continue ;; esac',
  '  [ -e "$loader" ] || continue',
  '  [ -e /boot/efi/EFI/BOOT/BOOTX64.EFI ] || cp "$loader" /boot/efi/EFI/BOOT/BOOTX64.EFI',
  '  case "$loader" in */grub*.efi) cp "$loader" /boot/efi/EFI/BOOT/ ;; esac',
  'done',
];

const remedies: Readonly<Partial<Record<VmFindingCode, Remedy>>> = {
  NO_VIRTIO_DRIVERS: drivers,
  INITRAMFS_UNREADABLE: drivers,
  VIRTIO_MODULES_MISSING: {
    debian: ['tell "Install the full kernel: linux-image-amd64 on Debian, linux-image-generic on Ubuntu; then start it once."'],
    rhel: ['tell "Install kernel-modules (on Amazon Linux kernel-modules-extra) for the running kernel."'],
    suse: ['tell "Install kernel-default in place of kernel-default-base."'],
    any: ['tell "Install the kernel package that carries virtio_net and virtio_scsi."'],
  },
  NO_REMOVABLE_LOADER: {
    debian: ['grub-install --target=x86_64-efi --efi-directory=/boot/efi --removable --no-nvram', grubDebian],
    rhel: copyLoader,
    suse: copyLoader,
    any: ['tell "Copy the EFI loader to EFI/BOOT/BOOTX64.EFI on the EFI system partition."'],
  },
  ROOT_BY_DEVICE_NAME: {
    debian: [...rootLine, grubDebian],
    rhel: ['grubby --update-kernel=ALL --remove-args="resume" --args="root=UUID=$(findmnt -no UUID /)"'],
    suse: [...rootLine, grubSuse],
    any: ['tell "root=UUID=$(findmnt -no UUID /)"', ...byHandOfLoader],
  },
  NO_SERIAL_CONSOLE: {
    debian: [...consoleLine, grubDebian],
    rhel: ['grubby --update-kernel=ALL --args="console=tty0 console=ttyS0,115200"'],
    suse: [...consoleLine, grubSuse],
    any: ['tell "console=tty0 console=ttyS0,115200"', ...byHandOfLoader],
  },
  FSTAB_DEVICE_NAMES: {
    any: [
      'keep /etc/fstab',
      `grep -E '^/dev/(xvd|sd|hd|vd|nvme|disk/azure|disk/by-path|disk/by-id)' /etc/fstab | while read -r spec _; do`,
      '  uuid=$(blkid -s UUID -o value "$(readlink -f "$spec")" || true)',
      '  if [ -n "$uuid" ]; then sed -i "s#^$spec\\([[:space:]]\\)#UUID=$uuid\\1#" /etc/fstab; else tell "No UUID is known for $spec."; fi',
      'done',
    ],
  },
  FSTAB_INSTANCE_STORE: {
    any: [
      'keep /etc/fstab',
      `awk '!/^[[:space:]]*#/ && /comment=cloudconfig|azure_resource|cloud\\/azure|ephemeral/ && $4 !~ /nofail/ { $4 = $4 ",nofail" } { print }' /etc/fstab > /etc/fstab.ecluse`,
      'cat /etc/fstab.ecluse > /etc/fstab',
      'rm -f /etc/fstab.ecluse',
    ],
  },
  FSTAB_DISK_MISSING: { any: ['findmnt --verify || tell "Take out of /etc/fstab what is no longer there, or add nofail."'] },
  CRYPTTAB_PRESENT: { any: ['tell "See by hand that the keys of /etc/crypttab will be there on the target, and that it names volumes by UUID."'] },
  NETWORK_BOUND: {
    any: [
      'for file in /etc/udev/rules.d/*persistent-net*; do',
      '  if [ -e "$file" ]; then keep "$file"; rm -f "$file"; fi',
      'done',
      'for file in /etc/sysconfig/network-scripts/ifcfg-* /etc/sysconfig/network/ifcfg-* /etc/NetworkManager/system-connections/*; do',
      `  if [ -f "$file" ]; then keep "$file"; sed -i -e '/^\\(HWADDR\\|MACADDR\\|LLADDR\\|mac-address\\)=/d' "$file"; fi`,
      'done',
      'tell "Change fixed addresses to DHCP by hand, right before the cutover: the source still needs them."',
    ],
  },
  CLOUD_INIT_DATASOURCE: {
    any: [
      '# Read last, so that it rules over 90_dpkg.cfg and 90-azure.cfg. On Azure: only right before the cutover.',
      `printf '%s\\n' 'datasource_list: [ Ec2, None ]' 'datasource: { Ec2: { strict_id: false } }' > /etc/cloud/cloud.cfg.d/99-ecluse.cfg`,
    ],
  },
  VENDOR_AGENTS: {
    any: [
      '# They go on until the next start. After a rollback: systemctl enable them again.',
      'for unit in amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent amazon-cloudwatch-agent walinuxagent waagent hv-kvp-daemon hypervkvpd; do',
      '  if systemctl is-enabled --quiet "$unit" 2>/dev/null; then systemctl disable "$unit"; fi',
      'done',
    ],
  },
  VENDOR_TIME_SOURCE: {
    any: [
      'for file in /etc/chrony.conf /etc/chrony/chrony.conf; do',
      '  if [ -f "$file" ]; then',
      '    keep "$file"',
      `    sed -i 's/^\\(refclock.*\\/dev\\/ptp.*\\)/# \\1/' "$file" # chronyd does not start without that device`,
      `    grep -q 'ntp1.outscale.net' "$file" || printf '%s\\n' 'server ntp1.outscale.net iburst' 'server ntp2.outscale.net iburst' >> "$file"`,
      '  fi',
      'done',
    ],
  },
  BACKUP_GPT_SHORT: { any: ['tell "When convenient: sgdisk -e on the disk that grew moves its second partition table to the end."'] },
};

/** The lines for a family; undefined where nothing in the guest mends it. */
export function remedyFor(code: VmFindingCode, family: GuestFamily): readonly string[] | undefined {
  return remedies[code]?.[family] ?? remedies[code]?.any;
}

const familiesById: Readonly<Record<string, GuestFamily>> = {
  ...Object.fromEntries(['debian', 'ubuntu'].map((id) => [id, 'debian'])),
  ...Object.fromEntries(['rhel', 'fedora', 'centos', 'rocky', 'almalinux', 'ol', 'amzn'].map((id) => [id, 'rhel'])),
  ...Object.fromEntries(['sles', 'suse', 'opensuse-leap', 'opensuse-tumbleweed', 'sles_sap'].map((id) => [id, 'suse'])),
};

export interface RemedyGuest {
  /** ID of its os-release. */
  readonly distribution?: string;
  readonly version?: string;
  /** Where the inspection told it; else it follows from the distribution. */
  readonly family?: GuestFamily;
}

const begin = [
  'set -eu',
  '[ "$(id -u)" -eq 0 ] || { echo "Run this as root." >&2; exit 1; }',
  'backup=/var/backups/ecluse',
  '# A copy of a file as it was before the first run of this script.',
  'keep() {',
  '  [ -e "$1" ] || return 0',
  '  mkdir -p "$backup$(dirname "$1")"',
  '  [ -e "$backup$1" ] || cp -p "$1" "$backup$1"',
  '}',
  'tell() { echo "BY HAND: $1" >&2; }',
];

/**
 * One POSIX shell script for the administrator of a guest, who reads it and runs it there: Écluse never does. It may be run twice, and keeps what
 * it edits below /var/backups/ecluse. Text of the guest never enters it, but the distribution's name, cleaned.
 */
export function remedyScript(findings: readonly { readonly id: string }[], guest: RemedyGuest = {}): string {
  const family = guest.family ?? familiesById[guest.distribution ?? ''] ?? 'any';
  const codes = [...new Set(findings.map(({ id }) => id))].filter(isVmFindingCode);
  const written = new Set<string>();
  const parts = codes.flatMap((code) => part(code, family, written));
  const name = `${guest.distribution ?? 'an unknown distribution'} ${guest.version ?? ''}`.replace(/[^\w. -]/g, '').trim();
  const head = ['#!/bin/sh', `# For the administrator of the guest (${name}): read it, then run it as root in the guest.`, ...begin];
  return `${[...head, ...parts].join('\n')}\n`;
}

function part(code: VmFindingCode, family: GuestFamily, written: Set<string>): string[] {
  const { en, advice } = vmFindings[code];
  const why = ['', `# ${code}: ${en}`];
  const lines = remedyFor(code, family);
  if (!lines) return [...why, `# ${advice}`];
  const text = lines.join('\n');
  if (written.has(text)) return [...why, '# Mended above.'];
  written.add(text);
  return [...why, ...lines];
}
