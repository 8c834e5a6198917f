import type { Language } from '../../core/project-words.ts';

export const labBanner = { en: 'LAB, NOT EVIDENCE', fr: 'LABO, SANS VALEUR DE PREUVE' } as const satisfies Record<Language, string>;
export const interimWord = { en: 'INTERIM', fr: 'PROVISOIRE' } as const satisfies Record<Language, string>;

/** The last paragraph of docs/bundle-format.md, as the verifiers say it. */
export const notProven = [
  {
    en: 'That the keys are the controller’s: compare the fingerprints with the controller’s paper.',
    fr: 'Que les clés sont celles du responsable de traitement : comparez les empreintes avec son papier.',
  },
  { en: 'That objects outside the listing did not exist.', fr: 'Que des objets hors de la liste n’existaient pas.' },
  { en: 'What happened to the copies since.', fr: 'Ce que les copies sont devenues depuis.' },
  { en: 'That a place is where its provider says.', fr: 'Qu’un lieu est bien celui que dit son fournisseur.' },
  { en: 'That an authority called qualified is qualified.', fr: 'Qu’une autorité dite qualifiée l’est.' },
  { en: 'What people do outside the log.', fr: 'Ce que font les personnes hors du registre.' },
  {
    en: 'An outage of the log’s last hour cannot be told from its end.',
    fr: 'Une panne de la dernière heure ne se distingue pas de la fin du registre.',
  },
] as const satisfies readonly Record<Language, string>[];

/** Of each of these: one text for who reads English, one for who reads French. */
export type InBoth = Readonly<Record<Language, string>>;
