import type { LedgerEvent } from '../../model/ledger-event.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { InBoth } from './evidence-facts.ts';

/** A text, what it asks, and which records answer. Whether the answer is enough is for who judges, never said here. */
interface Requirement {
  readonly id: string;
  readonly text: string;
  readonly asks: InBoth;
  /** Which events and fields answer. */
  readonly shows: InBoth;
  readonly isAnsweredBy: (record: LedgerRecord) => boolean;
}

const events = (...named: readonly LedgerEvent[]): Requirement['isAnsweredBy'] => {
  const all: ReadonlySet<LedgerEvent> = new Set(named);
  return ({ event }) => all.has(event);
};
const deletions = ['deletion.requested', 'deletion.notice', 'deletion.approved', 'deletion.intent', 'deletion.outcome', 'deletion.absence'] as const;
const hasPlaces: Requirement['isAnsweredBy'] = ({ source, target }) => source?.country !== undefined && target?.country !== undefined;
const hasLaws: Requirement['isAnsweredBy'] = ({ source, target }) =>
  [source, target].some((place) => place?.jurisdiction !== undefined || place?.qualification !== undefined);

/** The texts as docs/bundle-format.md and the project's facts name them. The list is closed: a report names no other text. */
export const requirements = [
  {
    id: 'snc-9.2',
    text: 'SecNumCloud 3.2, 9.2',
    asks: { en: 'Acts are tied to identified persons.', fr: 'Les actes sont rattachés à des personnes identifiées.' },
    shows: {
      en: 'Acts of persons: `actor` with an opaque id and how sure it is; `sshsig` means signed with the person’s own key.',
      fr: 'Actes de personnes : `actor`, identifiant opaque et force de l’attribution ; `sshsig` signifie signé avec la clé de la personne.',
    },
    isAnsweredBy: ({ actor }) => actor.type === 'person',
  },
  {
    id: 'snc-11.8',
    text: 'SecNumCloud 3.2, 11.8',
    asks: { en: 'Data leave their place only when that is authorised.', fr: 'La sortie des données de leur lieu est autorisée au préalable.' },
    shows: {
      en: 'The instruction, approvals of exact scopes, and gates that opened by them.',
      fr: 'L’instruction, les validations de portées exactes, et les portes qu’elles ont ouvertes.',
    },
    isAnsweredBy: events('instruction.received', 'plan.approved', 'loss.accepted', 'cutover.approved', 'gate.opened'),
  },
  {
    id: 'snc-12.6',
    text: 'SecNumCloud 3.2, 12.6',
    asks: { en: 'A logging policy exists and is kept.', fr: 'Une politique de journalisation existe et est tenue.' },
    shows: {
      en: '`log.opened` binds the policy; gaps and alarms are records.',
      fr: '`log.opened` lie la politique ; interruptions et alarmes sont des enregistrements.',
    },
    isAnsweredBy: events('log.opened', 'log.gap', 'gap.approved', 'log.alarm', 'log.closed'),
  },
  {
    id: 'snc-12.7',
    text: 'SecNumCloud 3.2, 12.7',
    asks: { en: 'Logs are protected, and kept away from what they tell of.', fr: 'Les journaux sont protégés et tenus à l’écart de ce qu’ils relatent.' },
    shows: {
      en: 'Signed roots, keys and their ceremonies, cosignatures of outsiders.',
      fr: 'Racines signées, clés et cérémonies, cosignatures de tiers.',
    },
    isAnsweredBy: events('key.ceremony', 'checkpoint.published', 'witness.cosigned'),
  },
  {
    id: 'snc-12.8',
    text: 'SecNumCloud 3.2, 12.8',
    asks: { en: 'Clocks agree with a reference.', fr: 'Les horloges sont synchronisées avec une référence.' },
    shows: {
      en: '`clock` (source, offset), tokens of timestamp authorities, drifts.',
      fr: '`clock` (source, écart), jetons d’horodatage, dérives.',
    },
    isAnsweredBy: ({ clock, event }) => clock !== undefined || event === 'tsa.token',
  },
  {
    id: 'snc-19.2',
    text: 'SecNumCloud 3.2, 19.2',
    asks: { en: 'The places of storage and processing are known.', fr: 'Les lieux de stockage et de traitement sont connus.' },
    shows: { en: 'Records with a country of both `source` and `target`.', fr: 'Enregistrements où `source` et `target` portent un pays.' },
    isAnsweredBy: hasPlaces,
  },
  {
    id: 'snc-19.4',
    text: 'SecNumCloud 3.2, 19.4',
    asks: {
      en: 'At the end of a contract data are erased, after 21 days’ notice.',
      fr: 'En fin de contrat, les données sont effacées, après un préavis de 21 jours.',
    },
    shows: {
      en: 'Removals: notice, approval, intent, outcome, absence, certificate.',
      fr: 'Suppressions : préavis, validation, intention, issue, absence, certificat.',
    },
    isAnsweredBy: events(...deletions, 'certificate.issued'),
  },
  {
    id: 'snc-19.6',
    text: 'SecNumCloud 3.2, 19.6',
    asks: { en: 'Protection against laws from outside the Union.', fr: 'Protection à l’égard du droit extra-européen.' },
    shows: {
      en: '`jurisdiction` and `qualification` of a place, as declared to the log.',
      fr: '`jurisdiction` et `qualification` d’un lieu, telles que déclarées au registre.',
    },
    isAnsweredBy: hasLaws,
  },
  {
    id: 'hds-15-16',
    text: 'HDS v2, EXI 15 et 16',
    asks: { en: 'Accesses of staff are traced.', fr: 'Les accès du personnel sont tracés.' },
    shows: { en: 'Payloads read in clear, emergency rights, rights given and taken.', fr: 'Contenus lus en clair, droits d’urgence, droits donnés et repris.' },
    isAnsweredBy: events('payload.decoded', 'breakglass.opened', 'breakglass.closed', 'breakglass.reviewed', 'access.granted', 'access.revoked'),
  },
  {
    id: 'hds-27',
    text: 'HDS v2, EXI 27',
    asks: { en: 'Data are given back, and all copies destroyed.', fr: 'Les données sont restituées et toutes les copies détruites.' },
    shows: { en: 'The count of end states; removals and what was still found.', fr: 'Le décompte des états finaux ; suppressions et restes constatés.' },
    isAnsweredBy: events('reconciliation.closed', 'deletion.intent', 'deletion.outcome', 'deletion.absence', 'certificate.issued'),
  },
  {
    id: 'hds-28-31',
    text: 'HDS v2, EXI 28 à 31',
    asks: { en: 'Places of hosting, and the laws that reach them.', fr: 'Lieux d’hébergement, et droits qui s’y appliquent.' },
    shows: { en: 'Countries of `source` and `target`; `jurisdiction` where declared.', fr: 'Pays de `source` et `target` ; `jurisdiction` si déclarée.' },
    isAnsweredBy: (record) => hasPlaces(record) || hasLaws(record),
  },
  {
    id: 'pgssi-6.6.2.5',
    text: 'PGSSI-S, 6.6.2.5',
    asks: {
      en: 'Integrity, usability and backup are established before anything is erased.',
      fr: 'Intégrité, exploitabilité et sauvegarde sont établies avant tout effacement.',
    },
    shows: {
      en: 'Comparisons, acceptance, backup and removals, in the order of their numbers.',
      fr: 'Comparaisons, recette, sauvegarde et suppressions, dans l’ordre de leurs numéros.',
    },
    isAnsweredBy: events('batch.verified', 'disk.verified', 'reconciliation.closed', 'acceptance.signed', 'target_backup.verified', 'deletion.intent'),
  },
  {
    id: 'rgpd-5-2',
    text: 'RGPD, 5(2)',
    asks: { en: 'The controller can show what was done.', fr: 'Le responsable est en mesure de démontrer ce qui a été fait.' },
    shows: { en: 'Opening, exports and end of the log.', fr: 'Ouverture, exports et clôture du registre.' },
    isAnsweredBy: events('log.opened', 'evidence.exported', 'log.closed'),
  },
  {
    id: 'rgpd-28-3-a',
    text: 'RGPD, 28(3)(a)',
    asks: { en: 'Processing only on documented instructions.', fr: 'Traitement sur instruction documentée seulement.' },
    shows: {
      en: '`instruction.received` binds the plan; every later record names its digest.',
      fr: '`instruction.received` lie le plan ; chaque enregistrement suivant en porte l’empreinte.',
    },
    isAnsweredBy: events('instruction.received', 'config.changed'),
  },
  {
    id: 'rgpd-28-3-g',
    text: 'RGPD, 28(3)(g)',
    asks: { en: 'At the end data are deleted or returned, as the controller chooses.', fr: 'À la fin, suppression ou restitution, au choix du responsable.' },
    shows: { en: 'Removals and their approvals.', fr: 'Suppressions et leurs validations.' },
    isAnsweredBy: events(...deletions),
  },
  {
    id: 'rgpd-28-3-h',
    text: 'RGPD, 28(3)(h)',
    asks: { en: 'What an audit needs is made available.', fr: 'Ce qu’un audit demande est mis à disposition.' },
    shows: { en: 'Exports of this evidence.', fr: 'Exports de ces preuves.' },
    isAnsweredBy: events('evidence.exported'),
  },
  {
    id: 'rgpd-30-2',
    text: 'RGPD, 30(2)',
    asks: { en: 'A record of processing carried out for the controller.', fr: 'Un registre des traitements effectués pour le responsable.' },
    shows: { en: 'Transfers begun, with source and target.', fr: 'Transferts commencés, avec source et cible.' },
    isAnsweredBy: events('transfer.started'),
  },
  {
    id: 'rgpd-32',
    text: 'RGPD, 32',
    asks: { en: 'Security of processing, integrity among others.', fr: 'Sécurité du traitement, dont l’intégrité.' },
    shows: {
      en: 'Comparisons by re-reading the target; `encryption` where declared.',
      fr: 'Comparaisons par relecture de la cible ; `encryption` si déclaré.',
    },
    isAnsweredBy: ({ event, encryption }) =>
      event === 'batch.verified' || event === 'disk.verified' || event === 'listing.compared' || encryption !== undefined,
  },
  {
    id: 'data-act-25',
    text: 'Data Act, 25',
    asks: {
      en: 'Notice of at most 2 months, transition of at most 30 days, retrieval of at least 30 days, then erasure.',
      fr: 'Préavis de 2 mois au plus, transition de 30 jours au plus, récupération de 30 jours au moins, puis effacement.',
    },
    shows: {
      en: '`switching` (dates of a change of provider), notices of deletion.',
      fr: '`switching` (dates d’un changement de fournisseur), préavis de suppression.',
    },
    isAnsweredBy: ({ event, switching }) => switching !== undefined || event === 'deletion.notice',
  },
  {
    id: 'nist-800-88',
    text: 'NIST SP 800-88 r2',
    asks: {
      en: 'Sanitisation names method, tool and version, who verified and who validated.',
      fr: 'L’effacement dit la méthode, l’outil et sa version, qui a vérifié et qui a validé.',
    },
    shows: {
      en: '`deletion` and `software` of removals. Logical removal only: nothing is said of media.',
      fr: '`deletion` et `software` des suppressions. Suppression logique : rien n’est dit des supports.',
    },
    isAnsweredBy: ({ event, deletion }) => deletion !== undefined || event === 'deletion.outcome' || event === 'deletion.absence',
  },
  {
    id: 'iso-27002-8.10',
    text: 'ISO 27002, 8.10',
    asks: { en: 'Information is deleted when no longer needed.', fr: 'L’information est supprimée lorsqu’elle n’est plus utile.' },
    shows: { en: 'Removals: what was ordered, removed, gone, left.', fr: 'Suppressions : ordonné, supprimé, déjà absent, resté.' },
    isAnsweredBy: events('deletion.intent', 'deletion.outcome', 'deletion.absence', 'key.destroyed'),
  },
  {
    id: 'iso-27002-8.15',
    text: 'ISO 27002, 8.15',
    asks: { en: 'Logs say who, what, when, from which device and place.', fr: 'Les journaux disent qui, quoi, quand, depuis quel équipement et quel lieu.' },
    shows: {
      en: 'Records with `actor`, `event`, `time`, and a `host` with its country.',
      fr: 'Enregistrements avec `actor`, `event`, `time`, et un `host` avec son pays.',
    },
    isAnsweredBy: ({ host }) => host.country !== undefined,
  },
  {
    id: 'ccag-2021',
    text: 'CCAG 2021',
    asks: { en: 'Destruction within 3 months, with a dated and signed protocol.', fr: 'Destruction sous 3 mois, avec procès-verbal daté et signé.' },
    shows: { en: 'Deletion certificates and outcomes of removals.', fr: 'Certificats de suppression et issues des suppressions.' },
    isAnsweredBy: events('certificate.issued', 'deletion.outcome'),
  },
] as const satisfies readonly Requirement[];

export type RequirementId = (typeof requirements)[number]['id'];
