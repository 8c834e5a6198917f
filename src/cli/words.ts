import { type Language, type ProjectWords, projectWords } from '../core/project-words.ts';
import type { FailureLabels } from './failure.ts';
import { type MachineWords, machineWords } from './machine-words.ts';

/** What the command says, in one language. Help, option names and JSON are English everywhere. */
export interface CommandWords {
  readonly language: Language;
  readonly nouns: ProjectWords;
  readonly labels: FailureLabels;
  readonly next: string;
  readonly projectLine: (project: string, condition: string, times: string) => string;
  readonly projectCondition: Readonly<Record<'moving' | 'paused' | 'waiting' | 'held' | 'done', string>>;
  readonly asRecorded: string;
  readonly nobodyWaits: string;
  readonly stillRuns: string;
  readonly started: (project: string, workloads: number) => string;
  readonly runsAlready: (project: string) => string;
  readonly otherPlanRuns: string;
  readonly noWorkerYet: string;
  readonly ordered: (order: string, workload: string) => string;
  readonly skipped: (workload: string, state: string) => string;
  readonly nothingToOrder: string;
  readonly approves: (gate: string, workload: string) => string;
  readonly approveQuestion: string;
  readonly rollbackQuestion: (workloads: string) => string;
  readonly notSent: string;
  readonly approved: (gate: string, workload: string) => string;
  readonly admitted: (gate: string, subject: string, approver: string) => string;
  readonly stillMissing: string;
  readonly toBeSigned: string;
  readonly noSeatFree: string;
  readonly closeQuestion: (project: string) => string;
  readonly closed: (project: string, size: number) => string;
  readonly exported: (folder: string, size: number, kind: 'final' | 'interim') => string;
  readonly rejected: (gate: string, workload: string) => string;
  readonly resolved: (workload: string, how: string) => string;
  readonly paused: (what: string) => string;
  readonly resumed: (what: string) => string;
  readonly wholeProject: string;
  readonly scopeLabels: {
    readonly source: string;
    readonly target: string;
    readonly into: string;
    readonly versions: string;
    readonly freeze: string;
    readonly losses: string;
    readonly none: string;
    readonly machine: string;
    readonly until: string;
  };
  readonly assessment: {
    readonly objects: (count: string) => string;
    readonly disks: (count: number) => string;
    readonly notInspected: (workload: string) => string;
    readonly firstCopy: (isExact: boolean) => string;
    readonly requests: (count: string) => string;
    readonly limits: Readonly<Record<'account quota' | 'snapshot quota' | 'network' | 'target', string>>;
    readonly hours: (hours: string) => string;
    readonly binds: string;
    readonly unknown: string;
    readonly cost: string;
    readonly costOf: (sum: string, currency: string, asOf: string, without: readonly string[]) => string;
    readonly noPrice: string;
  };
  readonly why: {
    readonly since: string;
    readonly turn: string;
    readonly nobody: string;
    readonly person: string;
    readonly step: string;
    readonly reason: string;
    readonly underWay: (activity: string, attempt: number) => string;
    readonly heartbeat: string;
    readonly lastFailure: string;
    readonly nextAttempt: string;
    readonly unread: string;
  };
  readonly machines: MachineWords;
  readonly wrote: (file: string) => string;
  readonly rollsBackFirst: string;
  readonly planApplied: (workloads: number) => string;
  readonly samePlan: string;
  readonly lapses: (gate: string) => string;
  readonly links: {
    readonly everything: string;
    readonly workloads: string;
    readonly waiting: string;
    readonly held: string;
    readonly moving: string;
    readonly notPass: string;
    readonly readyForCutover: string;
    readonly wave: (wave: number) => string;
    readonly project: (project: string) => string;
  };
}

const en: CommandWords = {
  language: 'en',
  nouns: projectWords('en'),
  labels: { doing: 'doing', from: 'from', to: 'to', answer: 'answer', next: 'next' },
  next: 'Next:',
  projectLine: (project, condition, times) => `Project ${project}: ${condition}. ${times}`,
  projectCondition: { moving: 'moving', paused: 'paused', waiting: 'waiting', held: 'held', done: 'done' },
  asRecorded: 'No worker answers: this is what was last recorded. Start one: ecluse worker control',
  nobodyWaits: 'Nothing waits for a person.',
  stillRuns: 'Stopped waiting. What was begun goes on on the workers; ecluse status shows it.',
  started: (project, workloads) => `Project ${project} has begun with ${workloads} workload${workloads === 1 ? '' : 's'}. Watch it: ecluse status --watch`,
  runsAlready: (project) => `Project ${project} runs already; nothing was changed.`,
  otherPlanRuns: 'Another plan runs than the one in plan.yaml: see ecluse plan diff, then ecluse plan apply.',
  noWorkerYet: 'No worker serves this project yet: ecluse worker control, ecluse worker transfer and ecluse worker ledger, each in a process of its own.',
  ordered: (order, workload) => `${workload}: ${order} ordered.`,
  skipped: (workload, state) => `${workload}: left alone, it is ${state}.`,
  nothingToOrder: 'No workload is in a state for this order.',
  approves: (gate, workload) => `Gate ${gate} of ${workload}. This is what you approve:`,
  approveQuestion: 'Approve? [y/N]',
  rollbackQuestion: (workloads) => `Go back with ${workloads}? The source serves again; what was copied stays. [y/N]`,
  notSent: 'Nothing was sent.',
  approved: (gate, workload) => `${workload}: gate ${gate} approved.`,
  admitted: (gate, subject, approver) => `Gate “${gate}” of ${subject}: the approval of ${approver} is on record.`,
  stillMissing: 'Still missing:',
  toBeSigned: 'To be signed by:',
  noSeatFree: 'no seat of this gate is free: the policy asks for no signature, or all are there',
  closeQuestion: (project) => `End the record of ${project} for good? [y/N]`,
  closed: (project, size) => `The record of ${project} is closed with ${size} records.`,
  exported: (folder, size, kind) => `${folder}: ${size} records, ${kind === 'final' ? 'final' : 'INTERIM'}.`,
  rejected: (gate, workload) => `${workload}: gate ${gate} rejected.`,
  resolved: (workload, how) => `${workload}: your decision is taken (${how}).`,
  paused: (what) => `${what}: paused. What is in flight ends first.`,
  resumed: (what) => `${what}: goes on.`,
  wholeProject: 'The whole project',
  scopeLabels: {
    source: 'source',
    target: 'target',
    into: 'into',
    versions: 'versions',
    freeze: 'freeze',
    losses: 'losses',
    none: 'none',
    machine: 'test machine',
    until: 'stays until',
  },
  assessment: {
    objects: (count) => `${count} objects`,
    disks: (count) => (count === 1 ? '1 disk' : `${count} disks`),
    notInspected: (workload) => `The disks were not read: "ecluse assess ${workload} --inspect" does, by a snapshot that it removes again.`,
    firstCopy: (isExact) => (isExact ? 'first copy, exact' : 'first copy, at most'),
    requests: (count) => `${count} requests for blocks`,
    limits: {
      'account quota': 'by your share of the account',
      'snapshot quota': 'by the quota of a snapshot',
      network: 'by the network',
      target: 'by the target',
    },
    hours: (hours) => `${hours} h`,
    binds: 'this limit binds',
    unknown: 'not known: say it in prices.yaml (rates), or measure the first pass',
    cost: 'cost at the source',
    costOf: (sum, currency, asOf, without) => `${sum} ${currency} (prices of ${asOf}${without.length > 0 ? `; without ${without.join(', ')}` : ''})`,
    noPrice: 'no price in prices.yaml: no sum is given',
  },
  why: {
    since: 'since',
    turn: 'whose turn',
    nobody: 'nobody: Écluse goes on by itself',
    person: 'a person',
    step: 'step',
    reason: 'reason',
    underWay: (activity, attempt) => `${activity}, attempt ${attempt}`,
    heartbeat: 'last sign of life',
    lastFailure: 'last failure',
    nextAttempt: 'next attempt',
    unread: 'The attempts under way could not be read.',
  },
  machines: machineWords('en'),
  wrote: (file) => `Wrote ${file}`,
  rollsBackFirst: 'going back, before the copy is discarded',
  planApplied: (workloads) => `The project follows plan.yaml now (${workloads} workload${workloads === 1 ? '' : 's'}).`,
  samePlan: 'plan.yaml is the plan that runs.',
  lapses: (gate) => `approval of ${gate} lapses`,
  links: {
    everything: 'everything of the project, errands too',
    workloads: 'all workloads',
    waiting: 'waiting',
    held: 'held or stuck',
    moving: 'moving',
    notPass: 'verdict not PASS',
    readyForCutover: 'ready for cutover',
    wave: (wave) => `wave ${wave}`,
    project: (project) => `project ${project}: the table is in its tab “User Metadata”`,
  },
};

const fr: CommandWords = {
  language: 'fr',
  nouns: projectWords('fr'),
  labels: { doing: 'action', from: 'depuis', to: 'vers', answer: 'réponse', next: 'ensuite' },
  next: 'Ensuite :',
  projectLine: (project, condition, times) => `Projet ${project} : ${condition}. ${times}`,
  projectCondition: { moving: 'en cours', paused: 'en pause', waiting: 'en attente', held: 'suspendu', done: 'terminé' },
  asRecorded: 'Aucun worker ne répond : voici le dernier état enregistré. En démarrer un : ecluse worker control',
  nobodyWaits: 'Rien n’attend une personne.',
  stillRuns: 'Attente interrompue. Ce qui a commencé continue sur les workers ; ecluse status le montre.',
  started: (project, workloads) =>
    `Le projet ${project} a commencé avec ${workloads} charge${workloads < 2 ? '' : 's'}. Pour le suivre : ecluse status --watch`,
  runsAlready: (project) => `Le projet ${project} tourne déjà ; rien n’a été changé.`,
  otherPlanRuns: 'Le plan en cours n’est pas celui de plan.yaml : voir ecluse plan diff, puis ecluse plan apply.',
  noWorkerYet: 'Aucun worker ne sert encore ce projet : ecluse worker control, ecluse worker transfer et ecluse worker ledger, chacun dans son processus.',
  ordered: (order, workload) => `${workload} : ordre donné (${order}).`,
  skipped: (workload, state) => `${workload} : laissée telle quelle, son état est « ${state} ».`,
  nothingToOrder: 'Aucune charge n’est dans un état qui permette cet ordre.',
  approves: (gate, workload) => `Porte « ${gate} » de ${workload}. Voici ce que vous validez :`,
  approveQuestion: 'Valider ? [o/N]',
  rollbackQuestion: (workloads) => `Revenir en arrière pour ${workloads} ? La source sert à nouveau ; la copie reste. [o/N]`,
  notSent: 'Rien n’a été envoyé.',
  approved: (gate, workload) => `${workload} : porte « ${gate} » validée.`,
  admitted: (gate, subject, approver) => `Porte « ${gate} » de ${subject} : la validation de ${approver} est inscrite.`,
  stillMissing: 'Il manque encore :',
  toBeSigned: 'À signer par :',
  noSeatFree: 'aucun siège de cette porte n’est libre : la politique ne demande pas de signature, ou toutes sont là',
  closeQuestion: (project) => `Clore définitivement le registre de ${project} ? [o/N]`,
  closed: (project, size) => `Le registre de ${project} est clos avec ${size} enregistrements.`,
  exported: (folder, size, kind) => `${folder} : ${size} enregistrements, ${kind === 'final' ? 'définitif' : 'PROVISOIRE'}.`,
  rejected: (gate, workload) => `${workload} : porte « ${gate} » refusée.`,
  resolved: (workload, how) => `${workload} : décision prise (${how}).`,
  paused: (what) => `${what} : en pause. Ce qui est en vol se termine d’abord.`,
  resumed: (what) => `${what} : reprise.`,
  wholeProject: 'Tout le projet',
  scopeLabels: {
    source: 'source',
    target: 'cible',
    into: 'dans',
    versions: 'versions',
    freeze: 'gel',
    losses: 'pertes',
    none: 'aucune',
    machine: 'machine d’essai',
    until: 'reste jusqu’à',
  },
  assessment: {
    objects: (count) => `${count} objets`,
    disks: (count) => (count < 2 ? `${count} disque` : `${count} disques`),
    notInspected: (workload) => `Les disques n’ont pas été lus : « ecluse assess ${workload} --inspect » le fait, par un instantané qu’il retire ensuite.`,
    firstCopy: (isExact) => (isExact ? 'première copie, exacte' : 'première copie, au plus'),
    requests: (count) => `${count} requêtes de blocs`,
    limits: {
      'account quota': 'selon votre part du compte',
      'snapshot quota': 'selon le quota d’un instantané',
      network: 'selon le réseau',
      target: 'selon la cible',
    },
    hours: (hours) => `${hours} h`,
    binds: 'cette limite est déterminante',
    unknown: 'inconnu : à indiquer dans prices.yaml (rates), ou à mesurer à la première passe',
    cost: 'coût à la source',
    costOf: (sum, currency, asOf, without) => `${sum} ${currency} (prix du ${asOf}${without.length > 0 ? ` ; sans ${without.join(', ')}` : ''})`,
    noPrice: 'aucun prix dans prices.yaml : aucune somme n’est donnée',
  },
  why: {
    since: 'depuis',
    turn: 'à qui d’agir',
    nobody: 'personne : Écluse continue seul',
    person: 'une personne',
    step: 'étape',
    reason: 'raison',
    underWay: (activity, attempt) => `${activity}, tentative ${attempt}`,
    heartbeat: 'dernier signe de vie',
    lastFailure: 'dernier échec',
    nextAttempt: 'prochaine tentative',
    unread: 'Les tentatives en cours n’ont pu être lues.',
  },
  machines: machineWords('fr'),
  wrote: (file) => `Écrit : ${file}`,
  rollsBackFirst: 'retour arrière, avant l’effacement de la copie',
  planApplied: (workloads) => `Le projet suit désormais plan.yaml (${workloads} charge${workloads < 2 ? '' : 's'}).`,
  samePlan: 'plan.yaml est le plan en cours.',
  lapses: (gate) => `la validation de la porte « ${gate} » devient caduque`,
  links: {
    everything: 'tout le projet, vérifications comprises',
    workloads: 'toutes les charges',
    waiting: 'en attente',
    held: 'suspendu ou bloqué',
    moving: 'en cours',
    notPass: 'verdict autre que CONFORME',
    readyForCutover: 'prêt à basculer',
    wave: (wave) => `vague ${wave}`,
    project: (project) => `projet ${project} : le tableau est dans l’onglet « User Metadata »`,
  },
};

export const commandWords = (language: Language): CommandWords => (language === 'fr' ? fr : en);
