import type { Language } from '../core/project-words.ts';

/** What stands in the report besides the nouns of core/project-words.ts. */
export interface ReportWords {
  readonly colon: string;
  readonly title: (project: string) => string;
  readonly taken: (time: string, timezone: string, utc: string) => string;
  readonly told: Readonly<Record<'live' | 'recorded', string>>;
  readonly condition: Readonly<Record<'moving' | 'paused' | 'waiting' | 'held' | 'done' | 'unknown', string>>;
  readonly atAGlance: string;
  readonly objects: string;
  readonly size: string;
  readonly verifiedBytes: string;
  readonly waitForPerson: string;
  readonly workloads: string;
  readonly byState: string;
  readonly losses: string;
  readonly lossesIntro: string;
  readonly noLosses: string;
  readonly code: string;
  readonly count: string;
  readonly meaning: string;
  readonly counted: Readonly<Record<'objects' | 'versions' | 'keys' | 'settings', (count: number) => string>>;
  readonly throughput: string;
  readonly throughputIntro: string;
  readonly noThroughput: string;
  readonly decisions: string;
  readonly noDecisions: string;
  readonly decision: string;
  readonly approved: (gate: string) => string;
  readonly rejected: (gate: string) => string;
  readonly rollback: string;
  readonly stuck: string;
  readonly when: string;
  readonly who: string;
  readonly scope: string;
  readonly record: string;
  readonly recordLine: (verdict: string, size: string) => string;
  readonly noRecord: string;
  readonly reasons: string;
  readonly notProven: string;
  readonly unproven: {
    readonly unknown: (count: number) => string;
    readonly failed: (count: number) => string;
    readonly recorded: string;
    readonly ledger: string;
    readonly ledgerUnread: string;
    readonly asserted: string;
    readonly later: string;
    readonly average: string;
  };
}

const oneOr =
  (one: string, many: string) =>
  (count: number): string =>
    count === 1 ? one : many;

const en: ReportWords = {
  colon: ':',
  title: (project) => `Migration report: ${project}`,
  taken: (time, timezone, utc) => `Taken ${time} (${timezone}), ${utc} UTC`,
  told: { live: 'as the running project tells it', recorded: 'no worker answered: as last recorded' },
  condition: { moving: 'moving', paused: 'paused', waiting: 'waiting', held: 'held', done: 'done', unknown: 'not known' },
  atAGlance: 'At a glance',
  objects: 'Objects',
  size: 'Size',
  verifiedBytes: 're-read and compared, all passes',
  waitForPerson: 'wait for a person',
  workloads: 'Workloads',
  byState: 'by state',
  losses: 'What does not carry over',
  lossesIntro: 'Counted before the move; samples stand in the depot.',
  noLosses: 'Nothing was found that the target cannot hold.',
  code: 'Code',
  count: 'Count',
  meaning: 'Meaning',
  counted: { objects: oneOr('object', 'objects'), versions: oneOr('version', 'versions'), keys: oneOr('key', 'keys'), settings: oneOr('setting', 'settings') },
  throughput: 'Verified data over time',
  throughputIntro: 'Bars: bytes per second that were re-read on the target and compared. Line: their sum.',
  noThroughput: 'Nothing has been verified yet, or the record could not be read.',
  decisions: 'Decisions',
  noDecisions: 'No decision is recorded yet.',
  decision: 'Decision',
  approved: (gate) => `gate “${gate}” approved`,
  rejected: (gate) => `gate “${gate}” rejected`,
  rollback: 'rollback ordered',
  stuck: 'stuck step decided',
  when: 'When',
  who: 'Who',
  scope: 'Scope (SHA-256)',
  record: 'The record',
  recordLine: (verdict, size) => `${verdict}: ${size} entries, recomputed when this report was made. Root of the tree:`,
  noRecord: 'The ledger could not be read: no worker of the role ledger answered.',
  reasons: 'Why they stand still',
  notProven: 'What is not proven',
  unproven: {
    unknown: (count) =>
      `${count === 1 ? 'One workload has' : `${count} workloads have`} the verdict UNKNOWN: not everything was compared. UNKNOWN is not success.`,
    failed: (count) => `${count === 1 ? 'One workload has' : `${count} workloads have`} the verdict FAIL: a comparison found a difference.`,
    recorded: 'States were read from the list of workflows, since no worker answered; they may be older than this page.',
    ledger: 'The record shows by its chain and tree that no entry was changed afterwards. It is not signed yet and was witnessed by nobody outside.',
    ledgerUnread: 'The record was not read for this page: decisions and verified data are missing here, not necessarily there.',
    asserted: '“client-asserted” decisions: the command said who decided; no signature proves it.',
    later: 'PASS says what the target gave back when it was re-read. Nobody watches the target afterwards.',
    average: 'The record holds one entry a shard: the plot spreads its bytes over the time since the shard before.',
  },
};

const fr: ReportWords = {
  colon: '\u00a0:',
  title: (project) => `Rapport de migration : ${project}`,
  taken: (time, timezone, utc) => `Établi le ${time} (${timezone}), ${utc} UTC`,
  told: { live: 'selon le projet en cours', recorded: 'aucun worker n’a répondu : dernier état enregistré' },
  condition: { moving: 'en cours', paused: 'en pause', waiting: 'en attente', held: 'suspendu', done: 'terminé', unknown: 'inconnu' },
  atAGlance: 'En bref',
  objects: 'Objets',
  size: 'Taille',
  verifiedBytes: 'relus et comparés, toutes passes',
  waitForPerson: 'attendent une personne',
  workloads: 'Charges',
  byState: 'par état',
  losses: 'Ce qui n’est pas repris',
  lossesIntro: 'Compté avant le déplacement ; des exemples sont dans le dépôt.',
  noLosses: 'Rien n’a été trouvé que la cible ne puisse contenir.',
  code: 'Code',
  count: 'Nombre',
  meaning: 'Signification',
  counted: { objects: oneOr('objet', 'objets'), versions: oneOr('version', 'versions'), keys: oneOr('clé', 'clés'), settings: oneOr('réglage', 'réglages') },
  throughput: 'Données vérifiées au fil du temps',
  throughputIntro: 'Barres : octets par seconde relus sur la cible et comparés. Ligne : leur somme.',
  noThroughput: 'Rien n’a encore été vérifié, ou le registre n’a pu être lu.',
  decisions: 'Décisions',
  noDecisions: 'Aucune décision n’est encore enregistrée.',
  decision: 'Décision',
  approved: (gate) => `porte « ${gate} » validée`,
  rejected: (gate) => `porte « ${gate} » refusée`,
  rollback: 'retour arrière ordonné',
  stuck: 'étape bloquée tranchée',
  when: 'Quand',
  who: 'Qui',
  scope: 'Portée (SHA-256)',
  record: 'Le registre',
  recordLine: (verdict, size) => `${verdict} : ${size} entrées, recalculées à l’établissement de ce rapport. Racine de l’arbre :`,
  noRecord: 'Le registre n’a pu être lu : aucun worker du rôle ledger n’a répondu.',
  reasons: 'Pourquoi elles n’avancent pas',
  notProven: 'Ce qui n’est pas prouvé',
  unproven: {
    unknown: (count) => `${count === 1 ? 'Une charge a' : `${count} charges ont`} le verdict INCONNU : tout n’a pas été comparé. INCONNU n’est pas un succès.`,
    failed: (count) => `${count === 1 ? 'Une charge a' : `${count} charges ont`} le verdict NON CONFORME : une comparaison a trouvé une différence.`,
    recorded: 'Les états viennent de la liste des workflows, car aucun worker n’a répondu ; ils peuvent être plus anciens que cette page.',
    ledger:
      'Par sa chaîne et son arbre, le registre montre qu’aucune entrée n’a été modifiée ensuite. Il n’est pas encore signé, et aucun tiers n’en témoigne.',
    ledgerUnread: 'Le registre n’a pas été lu pour cette page : décisions et données vérifiées manquent ici, pas forcément là-bas.',
    asserted: 'Décisions « client-asserted » : la commande a dit qui décidait ; aucune signature ne le prouve.',
    later: 'CONFORME dit ce que la cible a rendu lors de la relecture. Personne ne surveille la cible ensuite.',
    average: 'Le registre contient une entrée par lot : la courbe étale ses octets sur le temps écoulé depuis le lot précédent.',
  },
};

export const reportWords = (language: Language): ReportWords => (language === 'fr' ? fr : en);
