import type { Gate } from '../model/status.ts';
import { type Language, projectWords } from './project-words.ts';

/** What stands beside the bars of the Temporal UI's timeline: summaries of activities and timers. People count from 1, shards from 0. */
export interface TimelineWords {
  readonly listSource: string;
  readonly listChanges: (pass: number) => string;
  readonly copyShard: (pass: number, shard: number, shards: number) => string;
  readonly verifyShard: (pass: number, shard: number, shards: number) => string;
  readonly deleteShard: (pass: number, shard: number, shards: number) => string;
  readonly retagShard: (shard: number, shards: number) => string;
  readonly closeSource: string;
  readonly closeTarget: Readonly<Record<'closing' | 'rollback', string>>;
  readonly removeShard: (pass: number, of: 'copy' | 'delete', shard: number, shards: number) => string;
  readonly nextDelta: string;
  readonly sealGate: (gate: Gate) => string;
  readonly snapshotDisks: (pass: number, disks: number) => string;
  readonly planDisk: (pass: number, disk: string) => string;
  readonly copyDisk: (pass: number, disk: string, shard: number, shards: number) => string;
  readonly sealImage: (pass: number, disk: string) => string;
  readonly verifyDisk: (pass: number, disk: string, shard: number, shards: number) => string;
  readonly importImages: Readonly<Record<'rehearsal' | 'cutover', string>>;
  readonly bootCheck: Readonly<Record<'rehearsal' | 'cutover', string>>;
  readonly stopSource: string;
  readonly rehearsalKept: string;
}

const en: TimelineWords = {
  listSource: 'list the source',
  listChanges: (pass) => `pass ${pass}: list the source, find what differs`,
  copyShard: (pass, shard, shards) => `pass ${pass}: copy shard ${shard + 1} of ${shards}`,
  verifyShard: (pass, shard, shards) => `pass ${pass}: read back and compare shard ${shard + 1} of ${shards}`,
  deleteShard: (pass, shard, shards) => `pass ${pass}: remove what vanished, shard ${shard + 1} of ${shards}`,
  retagShard: (shard, shards) => `last pass: tags of shard ${shard + 1} of ${shards}`,
  closeSource: 'closing listing of the source',
  closeTarget: { closing: 'closing listing of the target', rollback: 'what was written on the target since the cutover' },
  removeShard: (pass, of, shard, shards) => `take back pass ${pass}: ${of === 'copy' ? 'copies' : 'delete markers'} of shard ${shard + 1} of ${shards}`,
  nextDelta: 'the next delta pass, unless a person acts before',
  sealGate: (gate) => `seal of gate ${projectWords('en').gate[gate]}: checkpoint, witness, timestamp`,
  snapshotDisks: (pass, disks) => `pass ${pass}: snapshots of ${disks === 1 ? '1 disk' : `${disks} disks`} at one instant`,
  planDisk: (pass, disk) => `pass ${pass}: list the blocks of ${disk}`,
  copyDisk: (pass, disk, shard, shards) => `pass ${pass}: copy ${disk}, shard ${shard + 1} of ${shards}`,
  sealImage: (pass, disk) => `pass ${pass}: close the image of ${disk}`,
  verifyDisk: (pass, disk, shard, shards) => `pass ${pass}: read back and compare ${disk}, shard ${shard + 1} of ${shards}`,
  importImages: { rehearsal: 'rehearsal: the target imports the images', cutover: 'the target imports the images' },
  bootCheck: { rehearsal: 'rehearsal: the console of the test machine', cutover: 'the console of the target machine' },
  stopSource: 'stop the source machine and see it stopped',
  rehearsalKept: 'the test machine stays for its owner',
};

const fr: TimelineWords = {
  listSource: 'lister la source',
  listChanges: (pass) => `passe ${pass} : lister la source, trouver les écarts`,
  copyShard: (pass, shard, shards) => `passe ${pass} : copier le lot ${shard + 1} sur ${shards}`,
  verifyShard: (pass, shard, shards) => `passe ${pass} : relire et comparer le lot ${shard + 1} sur ${shards}`,
  deleteShard: (pass, shard, shards) => `passe ${pass} : effacer ce qui a disparu, lot ${shard + 1} sur ${shards}`,
  retagShard: (shard, shards) => `dernière passe : étiquettes du lot ${shard + 1} sur ${shards}`,
  closeSource: 'liste de clôture de la source',
  closeTarget: { closing: 'liste de clôture de la cible', rollback: 'ce qui a été écrit sur la cible depuis la bascule' },
  removeShard: (pass, of, shard, shards) => `reprendre la passe ${pass} : ${of === 'copy' ? 'copies' : 'marqueurs'} du lot ${shard + 1} sur ${shards}`,
  nextDelta: 'prochaine passe de delta, sauf si une personne agit avant',
  sealGate: (gate) => `scellé de la porte ${projectWords('fr').gate[gate]} : point de contrôle, témoin, horodatage`,
  snapshotDisks: (pass, disks) => `passe ${pass} : instantanés de ${disks < 2 ? `${disks} disque` : `${disks} disques`} au même instant`,
  planDisk: (pass, disk) => `passe ${pass} : lister les blocs de ${disk}`,
  copyDisk: (pass, disk, shard, shards) => `passe ${pass} : copier ${disk}, lot ${shard + 1} sur ${shards}`,
  sealImage: (pass, disk) => `passe ${pass} : clore l’image de ${disk}`,
  verifyDisk: (pass, disk, shard, shards) => `passe ${pass} : relire et comparer ${disk}, lot ${shard + 1} sur ${shards}`,
  importImages: { rehearsal: 'essai : la cible importe les images', cutover: 'la cible importe les images' },
  bootCheck: { rehearsal: 'essai : la console de la machine d’essai', cutover: 'la console de la machine cible' },
  stopSource: 'arrêter la machine source et la voir arrêtée',
  rehearsalKept: 'la machine d’essai reste pour son propriétaire',
};

export const timelineWords = (language: Language): TimelineWords => (language === 'fr' ? fr : en);
