import type { Verdict } from '../model/digest.ts';
import type { BucketWorkload } from '../model/plan.ts';
import { type Language, projectWords } from './project-words.ts';

/** What stands on the pages of the Temporal UI besides the nouns of project-words.ts: static details, and the page of one workload. */
export interface PageWords {
  readonly projectSummary: (project: string, workloads: number, waves: number) => string;
  readonly source: string;
  readonly target: string;
  readonly freeze: string;
  readonly freezeBy: Readonly<Record<BucketWorkload['freeze'] | 'stop', string>>;
  readonly deltas: string;
  readonly everyMinutes: (count: number) => string;
  readonly moreWorkloads: (count: number) => string;
  readonly howToRead: readonly string[];
  readonly whereItStands: string;
  readonly why: string;
  readonly turn: string;
  readonly step: string;
  readonly steps: Readonly<Record<string, string>>;
  readonly undoOf: (step: string) => string;
  readonly ofThisPass: (pass: number) => string;
  readonly objects: string;
  readonly losses: string;
  readonly verdictMeans: Readonly<Record<Verdict, string>>;
}

const en: PageWords = {
  projectSummary: (project, workloads, waves) =>
    `Écluse: project ${project}, ${projectWords('en').workloads(workloads)} in ${waves === 1 ? '1 wave' : `${waves} waves`}`,
  source: 'Source',
  target: 'Target',
  freeze: 'Freeze',
  freezeBy: { policy: 'Écluse denies writes on the source', manual: 'the operator stops the writers', stop: 'Écluse stops the source machine' },
  deltas: 'Delta passes',
  everyMinutes: (count) => (count === 1 ? 'every minute' : `every ${count} minutes`),
  moreWorkloads: (count) => `and ${count} more in plan.yaml`,
  howToRead: [
    'The table of all workloads stands beside, under *Current Details*; press R to read it again. **Held**: a person mends something, then resumes; nothing is lost. **Stuck**: an undo failed, a person decides. PASS: every object was read back from the target and compared. UNKNOWN is not success.',
    'Nothing under *Current Details*? Then no control worker runs. The list of workflows still tells the last recorded state (columns EcluseState, EcluseCondition, EcluseWaitingFor, EcluseVerdict), and a workflow that has ended tells it as its Result under *Timeline*.',
  ],
  whereItStands:
    'How it stands is told beside, under *Current Details*. Nothing there? Then no control worker runs: see *Search Attributes* for what was last recorded, or, when it has ended, its Result under *Timeline*.',
  why: 'Why',
  turn: 'Whose turn',
  step: 'Step',
  steps: {},
  undoOf: (step) => step,
  ofThisPass: (pass) => `of pass ${pass}, copied and read back`,
  objects: 'Objects',
  losses: 'Loss report',
  verdictMeans: {
    PASS: 'every object was read back and compared',
    FAIL: 'a comparison found a difference',
    UNKNOWN: 'not everything was compared yet: not a success',
  },
};

const fr: PageWords = {
  projectSummary: (project, workloads, waves) =>
    `Écluse : projet ${project}, ${projectWords('fr').workloads(workloads)} en ${waves < 2 ? `${waves} vague` : `${waves} vagues`}`,
  source: 'Source',
  target: 'Cible',
  freeze: 'Gel',
  freezeBy: { policy: 'Écluse interdit les écritures sur la source', manual: 'l’exploitant arrête les écritures', stop: 'Écluse arrête la machine source' },
  deltas: 'Passes de delta',
  everyMinutes: (count) => (count === 1 ? 'chaque minute' : `toutes les ${count} minutes`),
  moreWorkloads: (count) => `et ${count} de plus dans plan.yaml`,
  howToRead: [
    'Le tableau de toutes les charges est à côté, sous *Current Details* ; la touche R le relit. **Suspendu** : une personne répare, puis reprend ; rien n’est perdu. **Bloqué** : une annulation a échoué, une personne tranche. CONFORME : chaque objet a été relu sur la cible et comparé. INCONNU n’est pas un succès.',
    'Rien sous *Current Details* ? Aucun worker de contrôle ne tourne. La liste des workflows donne encore le dernier état enregistré (colonnes EcluseState, EcluseCondition, EcluseWaitingFor, EcluseVerdict), et un workflow terminé le donne comme résultat (*Result*) sous *Timeline*.',
  ],
  whereItStands:
    'La situation est à côté, sous *Current Details*. Rien ? Aucun worker de contrôle ne tourne : voir *Search Attributes* pour le dernier état enregistré ou, si la charge est terminée, son résultat (*Result*) sous *Timeline*.',
  why: 'Pourquoi',
  turn: 'À qui d’agir',
  step: 'Étape',
  steps: {
    assess: 'évaluation',
    'accept losses': 'acceptation des pertes',
    'note what stands there': 'relevé de l’existant',
    'prepare target': 'préparation de la cible',
    copy: 'copie',
    converge: 'convergence',
    delta: 'delta',
    'freeze source': 'gel de la source',
    'last delta': 'dernier delta',
    'close source': 'liste de clôture de la source',
    'close target': 'liste de clôture de la cible',
    'cut over': 'bascule',
    'switch on lifecycle rules': 'mise en service des règles de cycle de vie',
    'deny target writes': 'interdiction d’écrire sur la cible',
    'list target writes': 'relevé des écritures sur la cible',
    'lift freeze': 'levée du gel',
    'record rollback': 'enregistrement du retour arrière',
    'allow target writes': 'autorisation d’écrire sur la cible',
    'remove copies': 'effacement des copies',
    'remove target bucket': 'suppression du bucket cible',
    'snapshot disks': 'instantané des disques',
    'inspect guest': 'examen du système invité',
    'import images': 'import des images',
    'isolated network': 'réseau isolé',
    'test machine': 'machine d’essai',
    'target network': 'réseau cible',
    'target machine': 'machine cible',
    'boot check': 'contrôle du démarrage',
    preflight: 'contrôles préalables',
    'remove rehearsal': 'retrait de l’essai',
    'stop target': 'arrêt de la machine cible',
    'keep target disks': 'conservation des disques cibles',
    'start source': 'démarrage de la source',
    'let go': 'retrait des éléments de travail',
  },
  undoOf: (step) => `annulation : ${step}`,
  ofThisPass: (pass) => `de la passe ${pass}, copié et relu`,
  objects: 'Objets',
  losses: 'Rapport de pertes',
  verdictMeans: {
    PASS: 'chaque objet a été relu et comparé',
    FAIL: 'une comparaison a trouvé une différence',
    UNKNOWN: 'tout n’a pas encore été comparé : ce n’est pas un succès',
  },
};

export const pageWords = (language: Language): PageWords => (language === 'fr' ? fr : en);
