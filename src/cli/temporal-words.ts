import type { Language } from '../core/project-words.ts';

/** What the command says about the Temporal server and the workers behind it. */
export interface TemporalWords {
  readonly language: Language;
  readonly temporalAt: (address: string, namespace: string) => string;
  readonly unreachable: string;
  readonly otherAddress: string;
  readonly notStarted: string;
  readonly finished: string;
  readonly closed: (how: string) => string;
  readonly noWorker: string;
  readonly noWorkerForOrder: string;
  readonly noPoller: (queue: string) => string;
  readonly mayNot: string;
  readonly checkKey: string;
  readonly noNamespace: (namespace: string) => string;
  readonly invalid: string;
  readonly unexpected: string;
  readonly turnOf: string;
  readonly doing: {
    readonly connect: string;
    readonly start: string;
    readonly status: string;
    readonly update: (name: string) => string;
    readonly errand: (name: string) => string;
    readonly pending: string;
    readonly list: string;
    readonly pollers: string;
  };
}

const en: TemporalWords = {
  language: 'en',
  temporalAt: (address, namespace) => `Temporal at ${address}, namespace ${namespace}`,
  unreachable: 'no answer within 5 seconds',
  otherAddress: 'another address: `temporal.address` in ecluse.yaml, or TEMPORAL_ADDRESS',
  notStarted: 'the project has not been started there',
  finished: 'the project has ended: it is not begun again over what it left',
  closed: (how) => `the project’s workflow was ${how}`,
  noWorker: 'no worker answered in time',
  noWorkerForOrder: 'no worker answered in time. Whether the order was taken is not certain: ecluse status tells it when a worker runs again',
  noPoller: (queue) => `no worker serves the queue ${queue}`,
  mayNot: 'the server does not accept this client’s key or certificate',
  checkKey: 'check TEMPORAL_API_KEY and TEMPORAL_TLS_*',
  noNamespace: (namespace) => `there is no namespace ${namespace}`,
  invalid: 'the server found the request invalid; search attributes that nobody registered are the usual reason',
  unexpected: 'an error that Écluse has no name for',
  turnOf: 'to act',
  doing: {
    connect: 'connect to Temporal',
    start: 'start the project',
    status: 'ask for the status',
    update: (name) => `send the order “${name}”`,
    errand: (name) => `run the errand “${name}” on a worker`,
    pending: 'read the attempts under way',
    list: 'list the workflows of the project',
    pollers: 'ask which workers run',
  },
};

const fr: TemporalWords = {
  language: 'fr',
  temporalAt: (address, namespace) => `Temporal à ${address}, espace ${namespace}`,
  unreachable: 'aucune réponse en 5 secondes',
  otherAddress: 'une autre adresse : `temporal.address` dans ecluse.yaml, ou TEMPORAL_ADDRESS',
  notStarted: 'le projet n’y a pas été démarré',
  finished: 'le projet est terminé : il n’est pas recommencé par-dessus ce qu’il a laissé',
  closed: (how) => `le workflow du projet est fermé (${how})`,
  noWorker: 'aucun worker n’a répondu à temps',
  noWorkerForOrder: 'aucun worker n’a répondu à temps. Il n’est pas certain que l’ordre ait été pris : ecluse status le dira quand un worker tournera',
  noPoller: (queue) => `aucun worker ne sert la file ${queue}`,
  mayNot: 'le serveur n’accepte pas la clé ou le certificat de ce client',
  checkKey: 'vérifier TEMPORAL_API_KEY et TEMPORAL_TLS_*',
  noNamespace: (namespace) => `l’espace ${namespace} n’existe pas`,
  invalid: 'le serveur juge la requête invalide ; souvent, des attributs de recherche que personne n’a déclarés',
  unexpected: 'une erreur qu’Écluse ne sait pas nommer',
  turnOf: 'à agir',
  doing: {
    connect: 'se connecter à Temporal',
    start: 'démarrer le projet',
    status: 'demander l’état',
    update: (name) => `envoyer l’ordre « ${name} »`,
    errand: (name) => `faire exécuter « ${name} » par un worker`,
    pending: 'lire les tentatives en cours',
    list: 'lister les workflows du projet',
    pollers: 'demander quels workers tournent',
  },
};

export const temporalWords = (language: Language): TemporalWords => (language === 'fr' ? fr : en);
