import type { CheckId, CheckReport, CheckResult } from './findings.ts';

export interface RequirementReport {
  readonly id: string;
  readonly result: CheckResult;
  readonly checks: readonly CheckId[];
  readonly records: readonly number[];
}

/** What an auditor asks, and the checks that answer it (docs/bundle-format.md §8). */
export const requirements: readonly { readonly id: string; readonly en: string; readonly fr: string; readonly checks: readonly CheckId[] }[] = [
  {
    id: 'R1',
    en: 'Nothing was altered, removed or inserted (SecNumCloud 12.6–12.8)',
    fr: 'Rien n’a été modifié, retiré ni inséré (SecNumCloud 12.6–12.8)',
    checks: ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9'],
  },
  { id: 'R2', en: 'The log was kept without a break (SecNumCloud 12.6)', fr: 'Le registre a été tenu sans interruption (SecNumCloud 12.6)', checks: ['C11'] },
  {
    id: 'R3',
    en: 'Parties outside the operator saw it (SecNumCloud 12.8, eIDAS 41)',
    fr: 'Des tiers extérieurs à l’exploitant l’ont vu (SecNumCloud 12.8, eIDAS 41)',
    checks: ['C12', 'C13'],
  },
  {
    id: 'R4',
    en: 'Every decision was signed by the right persons (RGPD 28, ISO 27002 5.3)',
    fr: 'Chaque décision est signée par les bonnes personnes (RGPD 28, ISO 27002 5.3)',
    checks: ['C14', 'C15', 'C16'],
  },
  { id: 'R5', en: 'Gates were passed in order (PGSSI-S 6.6.2.5)', fr: 'Les portes ont été franchies dans l’ordre (PGSSI-S 6.6.2.5)', checks: ['C17', 'C21'] },
  {
    id: 'R6',
    en: 'Every object of the inventory has one end state (ISO 27037, HDS 27)',
    fr: 'Chaque objet inventorié a un état final et un seul (ISO 27037, HDS 27)',
    checks: ['C18', 'C19'],
  },
  {
    id: 'R7',
    en: 'Verified means read back from the target and equal (NIST 800-88 4.5)',
    fr: 'Vérifié signifie relu sur la cible et identique (NIST 800-88 4.5)',
    checks: ['C20'],
  },
  {
    id: 'R8',
    en: 'Deletions were approved, limited and observed (SecNumCloud 19.4, HDS 27)',
    fr: 'Les suppressions ont été validées, limitées et constatées (SecNumCloud 19.4, HDS 27)',
    checks: ['C22'],
  },
  {
    id: 'R9',
    en: 'The rules were fixed at the start and held (SecNumCloud 9.2)',
    fr: 'Les règles ont été fixées au départ et tenues (SecNumCloud 9.2)',
    checks: ['C23'],
  },
];

/** What no bundle can show by itself. */
export const notProven: readonly { readonly en: string; readonly fr: string }[] = [
  {
    en: 'that the keys are the controller’s: compare the fingerprints with the paper that the controller kept (C24)',
    fr: 'que les clés sont celles du responsable : comparez les empreintes avec le papier qu’il a conservé (C24)',
  },
  { en: 'that objects outside the listing did not exist', fr: 'que des objets hors de l’inventaire n’existaient pas' },
  { en: 'what happened to the copies since', fr: 'ce que les copies sont devenues depuis' },
  { en: 'that a place is where its provider says', fr: 'qu’un lieu est bien là où son fournisseur le dit' },
  { en: 'that a qualified authority is qualified', fr: 'qu’une autorité dite qualifiée l’est' },
  { en: 'what people do outside the log', fr: 'ce que des personnes font en dehors du registre' },
  { en: 'an outage of the log’s last hour cannot be told from its end', fr: 'un arrêt durant la dernière heure du registre ne se distingue pas de sa fin' },
];

/** In a word or two, English and French. */
export const checkNames: Readonly<Record<CheckId, readonly [en: string, fr: string]>> = {
  C1: ['files', 'fichiers'],
  C2: ['form', 'forme'],
  C3: ['sequence', 'suite'],
  C4: ['chain', 'chaînage'],
  C5: ['ids', 'identifiants'],
  C6: ['time', 'heures'],
  C7: ['signatures', 'signatures'],
  C8: ['root', 'racine'],
  C9: ['coverage', 'couverture'],
  C10: ['yours: checkpoints', 'à vous : points de contrôle'],
  C11: ['interval', 'intervalle'],
  C12: ['witnesses', 'témoins'],
  C13: ['timestamps', 'horodatages'],
  C14: ['approvals signed', 'validations signées'],
  C15: ['approvals fit', 'validations à propos'],
  C16: ['duties', 'séparation des tâches'],
  C17: ['order', 'ordre'],
  C18: ['batches', 'lots'],
  C19: ['reconciliation', 'rapprochement'],
  C20: ['re-read', 'relecture'],
  C21: ['outcomes', 'issues'],
  C22: ['deletions', 'suppressions'],
  C23: ['policy', 'règles'],
  C24: ['yours: fingerprints', 'à vous : empreintes'],
};

const worstFirst: readonly CheckResult[] = ['FAIL', 'UNKNOWN', 'PASS'];
const recordLimit = 20;

/** The worst of the results; NA where all checks had nothing to do. */
export const worstOf = (results: readonly CheckResult[]): CheckResult => worstFirst.find((result) => results.includes(result)) ?? 'NA';

/** Each requirement by its checks: the records are those of the checks that decided. */
export function requirementReports(checks: readonly CheckReport[]): readonly RequirementReport[] {
  return requirements.map(({ id, checks: ids }) => {
    const own = checks.filter((check) => ids.includes(check.id));
    const result = worstOf(own.map((check) => check.result));
    const records = own.filter((check) => check.result === result).flatMap((check) => check.records);
    return { id, result, checks: ids, records: [...new Set(records)].sort((a, b) => a - b).slice(0, recordLimit) };
  });
}
