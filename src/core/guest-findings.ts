import { type VmFinding, vmFinding } from './vm-finding.ts';

/** Families of distributions whose administrators mend things alike. */
export type GuestFamily = 'debian' | 'rhel' | 'suse' | 'any';

/** What the disks of a guest say (src/image/guest). Levels follow facts measured on virtio machines: what cannot boot is a blocker. */
export const guestFindings = {
  GUEST_NOT_INSPECTED: vmFinding(
    'warning',
    'The guest was not inspected: whether it starts on the target is UNKNOWN.',
    'Le système invité n’a pas été examiné : son démarrage sur la cible est INCONNU.',
    'Accept it knowingly, say `driversDeclared: true` when its administrator has seen to the drivers, and rely on the rehearsal.',
  ),
  VOLUME_NOT_INSPECTED: vmFinding(
    'advice',
    'A volume was not looked into; it is copied all the same.',
    'Un volume n’a pas été examiné ; il est copié malgré tout.',
    'Nothing for its data. An encrypted one needs its key on the target.',
  ),
  JOURNAL_NOT_REPLAYED: vmFinding(
    'advice',
    'Read as it stands on the disk: changes that stood only in the filesystem’s journal were not seen.',
    'Lu tel quel sur le disque : les changements encore dans le journal du système de fichiers n’ont pas été vus.',
    'If kernel or configuration changed within the last minutes before the snapshot, assess again.',
  ),
  NO_VIRTIO_DRIVERS: vmFinding(
    'blocker',
    'The kernel that would boot lacks the virtio drivers for its root disk.',
    'Le noyau qui démarrerait n’a pas les pilotes virtio de son disque racine.',
    'Put virtio_pci and virtio_blk into the initramfs (`ecluse assess --remedies`), then assess again.',
  ),
  VIRTIO_MODULES_MISSING: vmFinding(
    'warning',
    'The kernel has no virtio drivers for network or further disks.',
    'Le noyau n’a pas de pilotes virtio pour le réseau ou d’autres disques.',
    'Install the distribution’s full set of kernel modules.',
  ),
  INITRAMFS_UNREADABLE: vmFinding(
    'warning',
    'The initramfs could not be read: whether it has virtio drivers is UNKNOWN.',
    'L’initramfs n’a pu être lu : la présence des pilotes virtio est INCONNUE.',
    'Build it anew with gzip, zstd, xz or lz4, or look into it in the guest (`lsinitramfs`, `lsinitrd`) and accept.',
  ),
  KERNEL_NOT_FOUND: vmFinding(
    'warning',
    'No kernel was found in /boot: its drivers are UNKNOWN.',
    'Aucun noyau trouvé dans /boot : ses pilotes sont INCONNUS.',
    'Look in the guest which kernel boots and what its initramfs holds, and accept.',
  ),
  NO_BOOTLOADER: vmFinding(
    'blocker',
    'No boot loader for the boot mode of the target was found.',
    'Aucun chargeur d’amorçage pour le mode de démarrage de la cible.',
    'Choose the boot mode that the disk offers, or install the boot loader in the guest.',
  ),
  NO_REMOVABLE_LOADER: vmFinding(
    'blocker',
    'The EFI loader stands under its vendor’s name only: the target’s firmware has no entry for it.',
    'Le chargeur EFI n’existe que sous le nom de son éditeur : le micrologiciel de la cible n’en a pas l’entrée.',
    'Put a copy at EFI/BOOT/BOOTX64.EFI (`ecluse assess --remedies`).',
  ),
  BACKUP_GPT_SHORT: vmFinding(
    'advice',
    'The second copy of a GUID partition table is short of the disk’s end: the disk grew.',
    'La copie de secours d’une table GPT n’est pas en fin de disque : le disque a grandi.',
    'It boots; tools complain. `sgdisk -e` moves it.',
  ),
  ROOT_BY_DEVICE_NAME: vmFinding(
    'blocker',
    'The kernel’s command line names a disk by its device name, which changes on the target.',
    'La ligne de commande du noyau désigne un disque par son nom de périphérique, qui change sur la cible.',
    'Name it by UUID.',
  ),
  NO_SERIAL_CONSOLE: vmFinding(
    'warning',
    'The kernel does not write to ttyS0: its start cannot be proven by the console.',
    'Le noyau n’écrit pas sur ttyS0 : son démarrage ne peut être prouvé par la console.',
    'Add console=ttyS0 to the kernel’s command line, or accept that the boot check sees nothing.',
  ),
  FSTAB_DEVICE_NAMES: vmFinding(
    'warning',
    '/etc/fstab names disks by device names, which change on the target.',
    '/etc/fstab désigne des disques par leur nom de périphérique, qui change sur la cible.',
    'Name them by UUID.',
  ),
  FSTAB_INSTANCE_STORE: vmFinding(
    'warning',
    '/etc/fstab mounts a disk that goes with the source machine, and waits for it.',
    '/etc/fstab monte un disque propre à la machine source, et l’attend.',
    'Add `nofail`, or take the line out.',
  ),
  FSTAB_DISK_MISSING: vmFinding(
    'warning',
    '/etc/fstab names a filesystem that is on none of the disks.',
    '/etc/fstab désigne un système de fichiers absent des disques.',
    'Was a disk left behind (`withoutDisks`)? Take the line out, or add `nofail`.',
  ),
  CRYPTTAB_PRESENT: vmFinding(
    'warning',
    '/etc/crypttab opens encrypted volumes: by which key, and whether it is there on the target, is UNKNOWN.',
    '/etc/crypttab ouvre des volumes chiffrés : la présence de leur clé sur la cible est INCONNUE.',
    'See that the key is a file of the guest or typed in, not a TPM or a service of the source; names by UUID.',
  ),
  NETWORK_BOUND: vmFinding(
    'warning',
    'The network configuration is bound to a hardware address or a fixed address.',
    'La configuration réseau est liée à une adresse matérielle ou fixe.',
    'Let the interface take its address by DHCP, whatever its name.',
  ),
  CLOUD_INIT_DATASOURCE: vmFinding(
    'warning',
    'cloud-init is not told to use the metadata of the target.',
    'cloud-init n’est pas réglé sur les métadonnées de la cible.',
    'Set datasource_list to [Ec2, None]. A new instance id runs first-boot modules again: host keys and passwords may change.',
  ),
  CLOUD_INIT_ABSENT: vmFinding(
    'advice',
    'There is no cloud-init: keys and user data of the target are not applied.',
    'Pas de cloud-init : les clés et données utilisateur de la cible ne sont pas appliquées.',
    'Nothing: the guest keeps the accounts it has.',
  ),
  VENDOR_AGENTS: vmFinding(
    'advice',
    'Agents of the source’s vendor start with the guest.',
    'Des agents du fournisseur source démarrent avec le système.',
    'Disable them at the cutover; what relied on them needs another way.',
  ),
  VENDOR_TIME_SOURCE: vmFinding(
    'advice',
    'The clock follows a time source of the vendor, which is not there on the target.',
    'L’horloge suit une source de temps du fournisseur, absente de la cible.',
    'Add ntp1.outscale.net and ntp2.outscale.net.',
  ),
  SELINUX_ENFORCING: vmFinding(
    'advice',
    'SELinux is enforcing: files that are changed from outside of the guest need a relabel.',
    'SELinux est actif : tout fichier modifié hors du système doit être réétiqueté.',
    'Nothing for a plain copy. After an offline edit: `touch /.autorelabel`.',
  ),
} as const satisfies Record<string, VmFinding>;

export type GuestFindingCode = keyof typeof guestFindings;
