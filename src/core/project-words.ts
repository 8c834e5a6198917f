import type { Verdict } from '../model/digest.ts';
import type { Condition, Gate, Order, WorkloadState, WorkloadStatus } from '../model/status.ts';
import { sealWait } from './next-command.ts';

export type Language = 'en' | 'fr';

/** The nouns of a project in one language. ARCHITECTURE.md explains them; ids, codes and commands stay as they are. */
export interface ProjectWords {
  readonly state: Readonly<Record<WorkloadState, string>>;
  readonly condition: Readonly<Record<Condition, string>>;
  readonly gate: Readonly<Record<Gate, string>>;
  readonly order: Readonly<Record<Order, string>>;
  readonly verdict: Readonly<Record<Verdict, string>>;
  readonly project: string;
  readonly wave: string;
  readonly workload: string;
  readonly stateHead: string;
  readonly conditionHead: string;
  readonly waitsFor: string;
  readonly done: string;
  readonly predictedEnd: string;
  readonly verdictHead: string;
  readonly workloads: (count: number) => string;
  readonly forPerson: (count: number) => string;
  readonly approvalOf: (gate: string) => string;
  readonly orderOf: (order: string) => string;
  readonly mendAndResume: (code: string) => string;
  readonly decision: (code: string) => string;
  readonly resume: string;
  readonly itsWave: string;
  readonly itsSeal: string;
  readonly timesIn: (timezone: string) => string;
  readonly lastChange: (time: string) => string;
  readonly next: string;
  readonly beyond: (count: number) => string;
  readonly moreWaves: (count: number) => string;
}

const en: ProjectWords = {
  state: {
    'not ready': 'not ready',
    replicating: 'replicating',
    'ready for test': 'ready for test',
    tested: 'tested',
    'ready for cutover': 'ready for cutover',
    'cutting over': 'cutting over',
    'cut over': 'cut over',
    finalized: 'finalized',
    decommissioned: 'decommissioned',
    'rolled back': 'rolled back',
    discarded: 'discarded',
    excluded: 'excluded',
  },
  condition: { moving: 'moving', waiting: 'waiting', held: 'held', paused: 'paused', unwinding: 'unwinding', stuck: 'stuck', done: 'done' },
  gate: { loss: 'loss report', rehearsal: 'rehearsal', cutover: 'cutover', finalize: 'finalize', discard: 'discard' },
  order: { rehearse: 'rehearsal', cutover: 'cutover', rollback: 'rollback', finalize: 'finalize', discard: 'discard' },
  verdict: { PASS: 'PASS', FAIL: 'FAIL', UNKNOWN: 'UNKNOWN' },
  project: 'The project',
  wave: 'Wave',
  workload: 'Workload',
  stateHead: 'State',
  conditionHead: 'Condition',
  waitsFor: 'Waits for',
  done: 'Done',
  predictedEnd: 'Predicted end',
  verdictHead: 'Verdict',
  workloads: (count) => (count === 1 ? '1 workload' : `${count} workloads`),
  forPerson: (count) => (count === 0 ? 'nothing waits for a person' : count === 1 ? '1 waits for a person' : `${count} wait for a person`),
  approvalOf: (gate) => `approval: ${gate}`,
  orderOf: (order) => `the order: ${order}`,
  mendAndResume: (code) => `repair (${code}), then resume`,
  decision: (code) => `a decision (${code})`,
  resume: 'resume',
  itsWave: 'its wave',
  itsSeal: sealWait,
  timesIn: (timezone) => `Times: ${timezone}`,
  lastChange: (time) => `last change ${time}`,
  next: 'Next',
  beyond: (count) => `${count} more, by wave:`,
  moreWaves: (count) => `and ${count} more waves`,
};

const fr: ProjectWords = {
  state: {
    'not ready': 'pas prêt',
    replicating: 'en réplication',
    'ready for test': 'prêt pour l’essai',
    tested: 'essayé',
    'ready for cutover': 'prêt à basculer',
    'cutting over': 'bascule en cours',
    'cut over': 'basculé',
    finalized: 'clôturé',
    decommissioned: 'décommissionné',
    'rolled back': 'revenu en arrière',
    discarded: 'copie effacée',
    excluded: 'exclu',
  },
  condition: {
    moving: 'en cours',
    waiting: 'en attente',
    held: 'suspendu',
    paused: 'en pause',
    unwinding: 'annulation en cours',
    stuck: 'bloqué',
    done: 'terminé',
  },
  gate: { loss: 'rapport de pertes', rehearsal: 'essai', cutover: 'bascule', finalize: 'clôture', discard: 'effacement de la copie' },
  order: { rehearse: 'essai', cutover: 'bascule', rollback: 'retour arrière', finalize: 'clôture', discard: 'effacement de la copie' },
  verdict: { PASS: 'CONFORME', FAIL: 'NON CONFORME', UNKNOWN: 'INCONNU' },
  project: 'Le projet',
  wave: 'Vague',
  workload: 'Charge',
  stateHead: 'État',
  conditionHead: 'Situation',
  waitsFor: 'Attend',
  done: 'Fait',
  predictedEnd: 'Fin prévue',
  verdictHead: 'Verdict',
  workloads: (count) => (count < 2 ? `${count} charge` : `${count} charges`),
  forPerson: (count) => (count === 0 ? 'rien n’attend une personne' : count === 1 ? '1 attend une personne' : `${count} attendent une personne`),
  approvalOf: (gate) => `validation : ${gate}`,
  orderOf: (order) => `l’ordre : ${order}`,
  mendAndResume: (code) => `réparation (${code}), puis reprise`,
  decision: (code) => `une décision (${code})`,
  resume: 'reprise',
  itsWave: 'sa vague',
  itsSeal: 'le scellé de sa porte : témoin, horodatage',
  timesIn: (timezone) => `Heures : ${timezone}`,
  lastChange: (time) => `dernier changement ${time}`,
  next: 'Ensuite',
  beyond: (count) => `${count} de plus, par vague :`,
  moreWaves: (count) => `et ${count} vagues de plus`,
};

export const projectWords = (language: Language): ProjectWords => (language === 'fr' ? fr : en);

/** What a workload waits for, in the reader's language; a wait that has no word of its own is told as the workflow put it. */
export function waitsFor(status: WorkloadStatus, language: Language): string {
  const words = projectWords(language);
  const { condition, gate, reason, waitingFor, state, startedAt } = status;
  if (condition === 'held') return reason?.code === 'DELETE_GUARD' ? words.decision(reason.code) : words.mendAndResume(reason?.code ?? '?');
  if (condition === 'stuck') return words.decision(reason?.code ?? '?');
  if (condition === 'paused') return words.resume;
  if (waitingFor === sealWait) return words.itsSeal;
  if (gate) return words.approvalOf(words.gate[gate.gate]);
  if (condition !== 'waiting') return '';
  if (state === 'ready for test') return words.orderOf(words.order.rehearse);
  if (state === 'ready for cutover') return words.orderOf(words.order.cutover);
  if (state === 'cut over') return words.orderOf(words.order.finalize);
  if (state === 'rolled back') return words.orderOf(words.order.discard);
  if ((state === 'not ready' && startedAt !== '') || state === 'tested') return words.mendAndResume(reason?.code ?? '?');
  return waitingFor === en.itsWave ? words.itsWave : (waitingFor ?? '');
}
