import { createHash } from 'node:crypto';
import { logicalVolume, volumeGroup } from './lvm.ts';

/** The last line of a boot that went well. */
export const loginLine = 'ecluse-guest login:';

/**
 * What a guest prints about itself, in this order. `dataPayload`: of the second disk, where there is one. Between them stands
 * `ECLUSE ROOT <device> on <disk>`, and `loginLine` comes last.
 */
export function consoleLines(nonce: string, payload: Buffer, dataPayload?: Buffer): string[] {
  const data = dataPayload ? [`ECLUSE DATA ${sha256(dataPayload)}`] : [];
  return [`ECLUSE NONCE ${nonce}`, `ECLUSE PAYLOAD ${sha256(payload)}`, ...data];
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface RootPlace {
  readonly layout: 'plain' | 'lvm';
  readonly rootUuid: string;
}

export interface Guest extends RootPlace {
  readonly kernel: string;
  readonly dataUuid: string | undefined;
}

/** Every line by UUID: a device's name differs from cloud to cloud. */
export function fstab({ rootUuid, dataUuid }: Guest): string {
  const data = dataUuid ? [`UUID=${dataUuid} /data ext4 defaults,nofail 0 2`] : [];
  return `${['# <file system> <mount point> <type> <options> <dump> <pass>', `UUID=${rootUuid} / ext4 errors=remount-ro 0 1`, ...data].join('\n')}\n`;
}

/** As Debian's grub-mkconfig writes it: the root by UUID, or by its mapper name where it is a logical volume. */
export function grubMenu({ kernel, layout, rootUuid }: Guest): string {
  const root = layout === 'lvm' ? `/dev/mapper/${volumeGroup}-${logicalVolume}` : `UUID=${rootUuid}`;
  // rootdelay: a guest that lacks the driver gives up after 8 s instead of 30.
  return `${findRoot({ layout, rootUuid })}
linux /boot/vmlinuz-${kernel} root=${root} ro console=tty0 console=ttyS0,115200 quiet rootdelay=8
initrd /boot/initrd.img-${kernel}
boot
`;
}

const serialConsole = 'serial --unit=0 --speed=115200\nterminal_output console serial\n';

/** Finds the disk that GRUB was put on, whatever its number, and reads the menu there. A UEFI shows its console on the serial line by itself. */
export const grubStart = (firmware: 'legacy' | 'uefi', guest: RootPlace): string => `${firmware === 'legacy' ? serialConsole : ''}${findRoot(guest)}
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
`;

/** A volume by its name: looking for its UUID, GRUB 2.06 on a BIOS gives up at an empty floppy drive before it tries the volumes. */
const findRoot = ({ layout, rootUuid }: RootPlace): string =>
  layout === 'lvm' ? `set root=lvm/${volumeGroup}-${logicalVolume}` : `search --no-floppy --fs-uuid --set=root ${rootUuid}`;

/**
 * The guest's first process. A service manager would take 10 s of an emulated processor; nothing here needs one, and no getty shares
 * the console. Kernel messages go off first, or one of them may stand inside a line of ours.
 */
export const guestInit = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
dmesg -n 1
mount -o remount,rw /
hostname ecluse-guest

tries=50
until grep -q ' /data ' /etc/fstab && ! mountpoint -q /data && mount /data 2>/dev/null; do
  grep -q ' /data ' /etc/fstab && [ $tries -gt 0 ] || break
  tries=$((tries - 1)); sleep 0.1
done

digest() { sha256sum "$1" 2>/dev/null | cut -c1-64; }
root=$(findmnt -no SOURCE /)
disk=$(ls "/sys/class/block/$(basename "$(readlink -f "$root")")/slaves" 2>/dev/null)
echo
echo "ECLUSE NONCE $(cat /etc/ecluse-nonce)"
echo "ECLUSE ROOT $root on \${disk:-$(basename "$root")}"
echo "ECLUSE PAYLOAD $(digest /payload)"
if grep -q ' /data ' /etc/fstab; then data=$(digest /data/payload); echo "ECLUSE DATA \${data:-none}"; fi

modprobe -qa button evdev
for input in /sys/class/input/event*; do
  # Opened before the login line: whoever waits for that line may press the button at once.
  case $(cat "$input/device/name" 2>/dev/null) in 'Power Button') exec 3<"/dev/input/$(basename "$input")"; break ;; esac
done
echo '${loginLine}'
# One event of the button is 24 bytes; reading them is waiting for it.
if [ -e /proc/self/fd/3 ]; then dd bs=24 count=1 status=none <&3 >/dev/null; else while :; do sleep 1000; done; fi
echo 'ECLUSE OFF'
umount /data 2>/dev/null
sync
mount -o remount,ro /
echo o >/proc/sysrq-trigger
sleep 60
`;
