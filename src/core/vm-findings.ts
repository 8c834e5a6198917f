import { guestFindings } from './guest-findings.ts';
import { type VmFinding, vmFinding } from './vm-finding.ts';

/** What the source's API and the plan say of a machine, against what OUTSCALE publishes as its limits (14,901 GiB a volume, 40 volumes a machine). */
export const machineFindings = {
  ARCHITECTURE_UNSUPPORTED: vmFinding(
    'blocker',
    'Not an x86-64 machine: the target has no other.',
    'Machine non x86-64 : la cible n’en a pas d’autres.',
    'Build it anew on x86-64.',
  ),
  PARAVIRTUAL_MACHINE: vmFinding(
    'blocker',
    'A paravirtual machine: it boots on Xen only.',
    'Machine paravirtuelle : elle ne démarre que sur Xen.',
    'Change it to a fully virtual one in the source first.',
  ),
  ROOT_ON_INSTANCE_STORE: vmFinding(
    'blocker',
    'The root disk stands on an instance store: there is nothing to snapshot.',
    'Le disque racine est sur un stockage d’instance : aucun instantané possible.',
    'Change it to a machine with an EBS root first.',
  ),
  BOOT_MODE_MISMATCH: vmFinding(
    'blocker',
    'The machine runs in another boot mode than the plan gives the target.',
    'La machine fonctionne dans un autre mode de démarrage que celui prévu sur la cible.',
    'Set `target.bootMode` to the mode it runs in.',
  ),
  DISK_TOO_LARGE: vmFinding(
    'blocker',
    'A disk exceeds 14,901 GiB, the target’s limit.',
    'Un disque dépasse 14 901 Gio, la limite de la cible.',
    'Split or shrink its data in the source, or leave the disk behind (`withoutDisks`).',
  ),
  DISK_TOO_SMALL: vmFinding(
    'blocker',
    'A disk is smaller than its volume type allows on the target (1 GiB; io1: 4 GiB).',
    'Un disque est plus petit que ne l’admet son type de volume sur la cible (1 Gio ; io1 : 4 Gio).',
    'Choose gp2 or standard for it in the plan.',
  ),
  TOO_MANY_DISKS: vmFinding(
    'blocker',
    'More disks than the 40 that a machine of the target takes.',
    'Plus de disques que les 40 admis par machine sur la cible.',
    'Put data together in the source, or leave disks behind (`withoutDisks`).',
  ),
  DISK_SHARED: vmFinding(
    'blocker',
    'A disk is attached to several machines: no consistent copy, no such disk on the target.',
    'Un disque est attaché à plusieurs machines : ni copie cohérente, ni tel disque sur la cible.',
    'Detach it from all machines but one, or leave it behind.',
  ),
  MACHINE_MANAGED: vmFinding(
    'blocker',
    'A service of the vendor runs this machine.',
    'Cette machine est gérée par un service du fournisseur.',
    'Move what the service does, not its machine.',
  ),
  HIBERNATION_ENABLED: vmFinding(
    'blocker',
    'Hibernation is configured: its disks cannot be snapshotted at one instant.',
    'L’hibernation est configurée : pas d’instantané simultané de ses disques.',
    'Launch the machine anew without hibernation; it cannot be switched off later.',
  ),
  SCALING_GROUP_REPLACES: vmFinding(
    'blocker',
    'A scaling group would replace the machine when it stops.',
    'Un groupe de mise à l’échelle remplacerait la machine à son arrêt.',
    'Detach it from its group, or suspend the group’s replacing.',
  ),
  DISK_KEY_REFUSED: vmFinding(
    'blocker',
    'The key of an encrypted disk may not be used by Écluse.',
    'La clé d’un disque chiffré est refusée à Écluse.',
    'Grant kms:Decrypt on the key (`ecluse permissions`). The default key serves its own account only.',
  ),
  WINDOWS_DRIVERS_UNDECLARED: vmFinding(
    'blocker',
    'Windows without a word on its virtio drivers.',
    'Windows sans déclaration de ses pilotes virtio.',
    'Install virtio-win in the guest, then say `driversDeclared: true`. Its licence does not move.',
  ),
  DISK_ENCRYPTED: vmFinding(
    'warning',
    'Encrypted by a key of the source: copied in clear over TLS, encrypted on the target by its provider.',
    'Chiffré par une clé de la source : copié en clair sous TLS, chiffré sur la cible par son fournisseur.',
    'Accept it, or encrypt inside the guest.',
  ),
  INSTANCE_STORE_LOST: vmFinding(
    'warning',
    'Disks of the instance store are lost when the machine stops; they do not move.',
    'Les disques d’instance sont perdus à l’arrêt ; ils ne sont pas déplacés.',
    'Copy what must last to another disk first.',
  ),
  MARKETPLACE_PRODUCT: vmFinding(
    'warning',
    'Carries a Marketplace product code: its licence may not allow the move.',
    'Porte un code produit Marketplace : sa licence peut interdire le déplacement.',
    'Ask the product’s vendor for a licence on the target.',
  ),
  SPOT_MACHINE: vmFinding(
    'warning',
    'A spot machine: its vendor may stop or end it at any time.',
    'Machine spot : son fournisseur peut l’arrêter à tout moment.',
    'Expect a pass to begin again; a rollback may find no capacity.',
  ),
  TERMINATES_ON_SHUTDOWN: vmFinding(
    'warning',
    'A shutdown from inside would end the machine, not stop it.',
    'Un arrêt depuis l’intérieur détruirait la machine au lieu de l’arrêter.',
    'Set its shutdown behaviour to `stop` before the cutover.',
  ),
  TPM_LOST: vmFinding(
    'warning',
    'What is sealed in its TPM does not move.',
    'Ce qui est scellé dans son TPM ne se déplace pas.',
    'Unseal disks and keys first; have recovery keys at hand.',
  ),
  INSTANCE_PROFILE_LOST: vmFinding(
    'warning',
    'The instance profile is gone: software that uses its credentials fails.',
    'Le profil d’instance disparaît : les logiciels qui en usent échouent.',
    'Give that software keys of its own on the target.',
  ),
  PUBLIC_ADDRESS_LOST: vmFinding(
    'warning',
    'The public address does not move.',
    'L’adresse publique ne se déplace pas.',
    'Plan the change of names (DNS) and of foreign allow-lists.',
  ),
  SECURITY_RULES_UNMAPPED: vmFinding(
    'warning',
    'Security rules name things that the target does not know.',
    'Des règles de sécurité désignent des éléments inconnus de la cible.',
    'Write them in the plan with ranges of addresses.',
  ),
  DISK_PERFORMANCE_LOST: vmFinding(
    'warning',
    'A disk asks for more than the target’s volumes give (13,000 IOPS, 300 per GiB, 200 MiB/s).',
    'Un disque demande plus que n’offrent les volumes de la cible (13 000 IOPS, 300 par Gio, 200 Mio/s).',
    'Measure what it needs; stripe over several volumes if it must be.',
  ),
  INTERFACES_LOST: vmFinding(
    'warning',
    'More than one network interface: only the first is made on the target.',
    'Plusieurs interfaces réseau : seule la première est recréée.',
    'Add the others by hand after the cutover.',
  ),
  DEVICE_NAME_CHANGED: vmFinding(
    'advice',
    'A device name that the target’s API does not take: the disk gets another.',
    'Un nom de périphérique refusé par l’API de la cible : le disque en reçoit un autre.',
    'Nothing where the guest names disks by UUID.',
  ),
  ENHANCED_NETWORKING_ONLY: vmFinding(
    'advice',
    'Runs with the vendor’s own network and disk drivers (ENA, NVMe).',
    'Fonctionne avec les pilotes réseau et disque du fournisseur (ENA, NVMe).',
    'See what the inspection says of virtio.',
  ),
} as const satisfies Record<string, VmFinding>;

/** Every finding about a machine, closed; codes are unique against core/loss.ts too. */
export const vmFindings = { ...machineFindings, ...guestFindings } as const;

export type MachineFindingCode = keyof typeof machineFindings;
export type VmFindingCode = keyof typeof vmFindings;

export const isVmFindingCode = (text: string): text is VmFindingCode => Object.hasOwn(vmFindings, text);

/** Blockers that fall to warnings when a person declares that the drivers are there (`driversDeclared`). */
export const isDeclarable = (code: string): boolean => code === 'NO_VIRTIO_DRIVERS' || code === 'WINDOWS_DRIVERS_UNDECLARED';
