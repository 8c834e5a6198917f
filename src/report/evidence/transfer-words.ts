import type { Language } from '../../core/project-words.ts';
import type { Milestone } from './workload-sums.ts';

/** What stands in the procès-verbal besides the nouns of core/project-words.ts. */
export interface TransferWords {
  readonly colon: string;
  readonly title: string;
  readonly intro: string;
  readonly notEvidence: string;
  readonly interim: string;
  readonly project: string;
  readonly log: string;
  readonly records: (count: string) => string;
  readonly root: string;
  readonly period: (from: string, to: string) => string;
  readonly covered: string;
  readonly parties: string;
  readonly controller: string;
  readonly operator: string;
  readonly opaque: string;
  readonly person: string;
  readonly organisation: string;
  readonly roles: string;
  readonly instruction: string;
  readonly noInstruction: string;
  readonly plan: string;
  readonly received: string;
  readonly earlier: (count: number) => string;
  readonly overview: string;
  readonly noWorkload: string;
  readonly workload: string;
  readonly source: string;
  readonly target: string;
  readonly notKnown: string;
  readonly notCounted: string;
  readonly inventoried: string;
  readonly states: Readonly<Record<'verified' | 'vanished' | 'excluded' | 'withdrawn' | 'changed' | 'failed' | 'unknown', string>>;
  readonly sizeHead: string;
  readonly verdict: string;
  readonly pending: string;
  readonly readBack: string;
  readonly readBackLine: (objects: string, size: string, batches: string) => string;
  readonly rows: (pass: string, fail: string, unknown: string) => string;
  readonly finalCount: string;
  readonly milestones: Readonly<Record<Milestone, string>>;
  readonly removalCounts: (removed: string, gone: string, left: string) => string;
  readonly first: string;
  readonly last: string;
  readonly gates: string;
  readonly noGates: string;
  readonly gate: string;
  readonly gateNames: Readonly<Record<string, string>>;
  readonly shownAt: string;
  readonly approvedBy: string;
  readonly opened: string;
  readonly notOpened: string;
  readonly refused: string;
  readonly signed: string;
  readonly asserted: string;
  readonly forWhom: (id: string) => string;
  readonly andMore: (count: number) => string;
  readonly atCheckpoint: (size: number) => string;
  readonly scope: string;
  readonly exceptions: string;
  readonly noExceptions: string;
  readonly what: string;
  readonly times: string;
  readonly numbers: string;
  readonly gap: (from: string, to: string, reasons: string) => string;
  readonly gapApproved: (who: string) => string;
  readonly gapOpen: string;
  readonly theLog: string;
  readonly openedAt: string;
  readonly closedAt: string;
  readonly notClosed: string;
  readonly checkpoints: string;
  readonly checkpointLine: (count: string, size: string) => string;
  readonly witnesses: string;
  readonly authorities: string;
  readonly none: string;
  readonly saidQualified: string;
  readonly notQualified: string;
  readonly decisions: string;
  readonly decisionLine: (signed: number, asserted: number) => string;
  readonly softwareHead: string;
  readonly hosts: string;
  readonly withheld: string;
  readonly withheldLine: (count: number) => string;
  readonly qualification: string;
  readonly noQualification: string;
  readonly declared: string;
  readonly notProven: string;
  readonly signatures: string;
  readonly signaturesIntro: string;
  readonly doneAt: readonly [string, string];
  readonly name: string;
  readonly quality: string;
  readonly signature: string;
}

const en: TransferWords = {
  colon: ':',
  title: 'Transfer record',
  intro: 'Made from the log of the migration, which alone is the evidence; this page is a rendering of it. Numbers with # are records of the log.',
  notEvidence: 'The policy of this log is of class “lab”. Nothing here is evidence.',
  interim: 'The log is not closed: what is under way is pending, and numbers may still change.',
  project: 'Project',
  log: 'Log',
  records: (count) => `${count} records`,
  root: 'Root over all records',
  period: (from, to) => `${from} to ${to}`,
  covered: 'Time covered',
  parties: 'Parties',
  controller: 'Data controller',
  operator: 'Operator of the migration',
  opaque: 'Persons stand under opaque ids; who they are is in the directory of their organisation, not here.',
  person: 'Person',
  organisation: 'Organisation',
  roles: 'Roles',
  instruction: 'Instruction',
  noInstruction: 'The log holds no instruction.',
  plan: 'Plan (SHA-256)',
  received: 'Received',
  earlier: (count) => `${count} earlier ${count === 1 ? 'instruction' : 'instructions'}`,
  overview: 'What was transferred',
  noWorkload: 'The log holds no workload yet.',
  workload: 'Workload',
  source: 'Source',
  target: 'Target',
  notKnown: 'not in the log',
  notCounted: 'not counted yet',
  inventoried: 'Inventoried',
  states: {
    verified: 'Verified',
    vanished: 'Vanished',
    excluded: 'Excluded',
    withdrawn: 'Withdrawn',
    changed: 'Changed',
    failed: 'Failed',
    unknown: 'Unknown',
  },
  sizeHead: 'Size inventoried',
  verdict: 'Verdict',
  pending: 'pending',
  readBack: 'Read back and compared',
  readBackLine: (objects, size, batches) => `${objects} rows, ${size}, in ${batches} batches; an object that was copied twice counts twice`,
  rows: (pass, fail, unknown) => `PASS ${pass} · FAIL ${fail} · UNKNOWN ${unknown}`,
  finalCount: 'Newest count of end states',
  milestones: {
    frozen: 'Source frozen',
    'cut over': 'Cut over',
    finalized: 'Finalized',
    'rollback ordered': 'Rollback ordered',
    'rolled back': 'Rolled back',
    'removal ordered': 'Removal of the copies ordered',
    removed: 'Removal ended',
  },
  removalCounts: (removed, gone, left) => `${removed} removed, ${gone} gone already, ${left} left`,
  first: 'First record',
  last: 'Last record',
  gates: 'Gates and approvals',
  noGates: 'No gate was reached yet.',
  gate: 'Gate',
  gateNames: { loss: 'loss report', cutover: 'cutover', finalize: 'finalize', discard: 'removal of the copies', gap: 'gap of the log' },
  shownAt: 'Shown',
  approvedBy: 'Approved by',
  opened: 'Opened',
  notOpened: 'not opened',
  refused: 'refused by',
  signed: 'signed with a key of their own',
  asserted: 'only asserted by the command, not signed',
  forWhom: (id) => `as deputy of ${id}`,
  andMore: (count) => `and ${count} more`,
  atCheckpoint: (size) => `checkpoint ${size}`,
  scope: 'Scope (SHA-256)',
  exceptions: 'Exceptions',
  noExceptions: 'The log holds no failed step, alarm, gap or drift of a clock.',
  what: 'What',
  times: 'Times',
  numbers: 'Records',
  gap: (from, to, reasons) => `Gap from ${from} to ${to} (${reasons})`,
  gapApproved: (who) => `approved by ${who}`,
  gapOpen: 'not approved',
  theLog: 'How the log was kept',
  openedAt: 'Opened',
  closedAt: 'Closed',
  notClosed: 'not closed',
  checkpoints: 'Checkpoints recorded',
  checkpointLine: (count, size) => `${count}; the newest is over ${size} records`,
  witnesses: 'Cosigned by',
  authorities: 'Timestamped by',
  none: 'nobody',
  saidQualified: 'called qualified by the controller; not checked here',
  notQualified: 'not called qualified',
  decisions: 'Decisions of persons',
  decisionLine: (signed, asserted) => `${signed} signed, ${asserted} only asserted by the command`,
  softwareHead: 'Software',
  hosts: 'Hosts that wrote',
  withheld: 'Withheld from this bundle',
  withheldLine: (count) => `${count} ${count === 1 ? 'file' : 'files'} with names of objects; what they prove verifies without them`,
  qualification: 'Qualification of the places',
  noQualification: 'none was given as evidence',
  declared: 'as declared',
  notProven: 'What is not proven',
  signatures: 'Signatures',
  signaturesIntro: 'Names by hand. The signatures on this sheet stand beside the log, and do not replace its approvals.',
  doneAt: ['Done at', 'on'],
  name: 'Name',
  quality: 'Function',
  signature: 'Signature',
};

const fr: TransferWords = {
  colon: '\u00a0:',
  title: 'Procès-verbal de transfert',
  intro:
    'Établi à partir du registre de la migration, qui seul fait preuve ; cette page n’en est qu’un rendu. Les numéros précédés de # sont des enregistrements.',
  notEvidence: 'La politique de ce registre est de classe « lab ». Rien ici ne fait preuve.',
  interim: 'Le registre n’est pas clos : ce qui est en cours est en attente, et les nombres peuvent encore changer.',
  project: 'Projet',
  log: 'Registre',
  records: (count) => `${count} enregistrements`,
  root: 'Racine sur tous les enregistrements',
  period: (from, to) => `du ${from} au ${to}`,
  covered: 'Période couverte',
  parties: 'Parties',
  controller: 'Responsable de traitement',
  operator: 'Exploitant de la migration',
  opaque: 'Les personnes figurent sous des identifiants opaques ; leur identité se trouve dans l’annuaire de leur organisation, pas ici.',
  person: 'Personne',
  organisation: 'Organisation',
  roles: 'Rôles',
  instruction: 'Instruction',
  noInstruction: 'Le registre ne contient aucune instruction.',
  plan: 'Plan (SHA-256)',
  received: 'Reçue',
  earlier: (count) => `${count} ${count === 1 ? 'instruction antérieure' : 'instructions antérieures'}`,
  overview: 'Ce qui a été transféré',
  noWorkload: 'Le registre ne contient encore aucune charge.',
  workload: 'Charge',
  source: 'Source',
  target: 'Cible',
  notKnown: 'non indiqué au registre',
  notCounted: 'pas encore compté',
  inventoried: 'Inventoriés',
  states: {
    verified: 'Vérifiés',
    vanished: 'Disparus',
    excluded: 'Exclus',
    withdrawn: 'Retirés',
    changed: 'Modifiés',
    failed: 'En échec',
    unknown: 'Inconnus',
  },
  sizeHead: 'Taille inventoriée',
  verdict: 'Verdict',
  pending: 'en attente',
  readBack: 'Relu et comparé',
  readBackLine: (objects, size, batches) => `${objects} lignes, ${size}, en ${batches} lots ; un objet copié deux fois compte deux fois`,
  rows: (pass, fail, unknown) => `CONFORME ${pass} · NON CONFORME ${fail} · INCONNU ${unknown}`,
  finalCount: 'Dernier décompte des états finaux',
  milestones: {
    frozen: 'Source gelée',
    'cut over': 'Basculée',
    finalized: 'Clôturée',
    'rollback ordered': 'Retour arrière ordonné',
    'rolled back': 'Retour arrière fait',
    'removal ordered': 'Effacement des copies ordonné',
    removed: 'Effacement terminé',
  },
  removalCounts: (removed, gone, left) => `${removed} supprimés, ${gone} déjà absents, ${left} restés`,
  first: 'Premier enregistrement',
  last: 'Dernier enregistrement',
  gates: 'Portes et validations',
  noGates: 'Aucune porte n’a encore été atteinte.',
  gate: 'Porte',
  gateNames: { loss: 'rapport de pertes', cutover: 'bascule', finalize: 'clôture', discard: 'effacement des copies', gap: 'interruption du registre' },
  shownAt: 'Présentée',
  approvedBy: 'Validée par',
  opened: 'Ouverte',
  notOpened: 'non ouverte',
  refused: 'refusée par',
  signed: 'signé avec sa propre clé',
  asserted: 'seulement affirmé par la commande, non signé',
  forWhom: (id) => `en suppléance de ${id}`,
  andMore: (count) => `et ${count} de plus`,
  atCheckpoint: (size) => `point de contrôle ${size}`,
  scope: 'Portée (SHA-256)',
  exceptions: 'Exceptions',
  noExceptions: 'Le registre ne contient ni étape en échec, ni alarme, ni interruption, ni dérive d’horloge.',
  what: 'Quoi',
  times: 'Fois',
  numbers: 'Enregistrements',
  gap: (from, to, reasons) => `Interruption du ${from} au ${to} (${reasons})`,
  gapApproved: (who) => `validée par ${who}`,
  gapOpen: 'non validée',
  theLog: 'Comment le registre a été tenu',
  openedAt: 'Ouvert',
  closedAt: 'Clos',
  notClosed: 'non clos',
  checkpoints: 'Points de contrôle inscrits',
  checkpointLine: (count, size) => `${count} ; le dernier porte sur ${size} enregistrements`,
  witnesses: 'Cosigné par',
  authorities: 'Horodaté par',
  none: 'personne',
  saidQualified: 'dite qualifiée par le responsable ; non vérifié ici',
  notQualified: 'non dite qualifiée',
  decisions: 'Décisions de personnes',
  decisionLine: (signed, asserted) => `${signed} signées, ${asserted} seulement affirmées par la commande`,
  softwareHead: 'Logiciel',
  hosts: 'Machines qui ont écrit',
  withheld: 'Retenu hors de ce dossier',
  withheldLine: (count) => `${count} ${count === 1 ? 'fichier' : 'fichiers'} contenant des noms d’objets ; ce qu’ils prouvent se vérifie sans eux`,
  qualification: 'Qualification des lieux',
  noQualification: 'aucune n’a été fournie comme preuve',
  declared: 'telle que déclarée',
  notProven: 'Ce qui n’est pas prouvé',
  signatures: 'Signatures',
  signaturesIntro: 'Noms à la main. Les signatures de cette feuille s’ajoutent au registre et ne remplacent pas ses validations.',
  doneAt: ['Fait à', 'le'],
  name: 'Nom',
  quality: 'Qualité',
  signature: 'Signature',
};

export const transferWords = (language: Language): TransferWords => (language === 'fr' ? fr : en);
