import { type ErrorCode, errorCodes, isErrorCode } from './error-codes.ts';
import type { Language } from './project-words.ts';

/** The sentences of core/error-codes.ts in French; a code without one does not compile. */
const french: Readonly<Record<ErrorCode, string>> = {
  UNAVAILABLE: 'Le service n’a pas répondu, ou a répondu par une erreur de serveur.',
  THROTTLED: 'Le service a demandé des appels moins fréquents.',
  BODY_LENGTH: 'Le corps reçu était plus court ou plus long qu’annoncé.',
  CLOCK_SKEW: 'L’horloge de cette machine s’écarte de celle du stockage au-delà de ce qu’admet la signature.',
  FENCED: 'Une autre tentative sur le même lot a pris le relais.',
  UPLOAD_MISSING: 'L’envoi en plusieurs parties n’existe plus.',
  LEDGER_BUSY: 'Le registre est resté verrouillé plus longtemps qu’un écrivain n’attend.',
  LEDGER_MOVED: 'Le registre a grandi depuis sa lecture.',
  LEDGER_NOT_OPENED: 'Le registre n’est pas encore ouvert : son worker l’ouvre au démarrage du projet.',
  WITNESS_UNAVAILABLE: 'Le témoin n’a pas répondu : ce qu’il doit cosigner attend.',
  TIMESTAMP_UNAVAILABLE: 'L’autorité d’horodatage n’a pas répondu : ce qu’elle doit dater attend.',
  SOURCE_CHANGED: 'L’objet a changé pendant sa lecture.',
  TARGET_CONDITION: 'L’objet cible n’était pas dans l’état exigé par l’écriture.',
  BLOCK_CHECKSUM: 'Un bloc d’instantané n’a pas l’empreinte que la source a donnée avec lui.',
  TARGET_BUSY: 'L’élément est dans un état où il ne peut pas encore être modifié.',
  SNAPSHOT_FAILED: 'Un instantané s’est terminé en erreur chez son fournisseur ; la tentative suivante en fait un autre.',
  CREDENTIALS_REFUSED: 'Le stockage a refusé les identifiants. Ils ne sont pas réessayés avant une reprise par une personne.',
  CREDENTIALS_MISSING: 'Le worker n’a trouvé aucun identifiant pour ce stockage.',
  PERMISSION_DENIED: 'Les identifiants sont connus mais il leur manque un droit nécessaire à cette étape.',
  ACCOUNT_LOCKED: 'Le compte est verrouillé pour un temps après des signatures refusées. Rien n’est tenté avant une reprise par une personne.',
  KEY_ACCESS_DENIED: 'La clé qui chiffre un disque ne peut pas (ou plus) être utilisée.',
  MACHINE_MISSING: 'La machine virtuelle n’existe pas.',
  SNAPSHOT_MISSING: 'Un instantané sur lequel une passe repose n’existe plus.',
  UPLOAD_LOST: 'L’envoi d’une image de disque a disparu : sa passe doit recommencer.',
  SNAPSHOTS_UNRELATED: 'Deux instantanés ne viennent pas du même disque : leur différence ne peut être établie.',
  IMPORT_FAILED: 'La cible n’a pas pu importer une image de disque, ou l’import a disparu. L’image est conservée.',
  CAPACITY: 'Le fournisseur n’a pas de place pour cette machine en ce moment.',
  TARGET_AMBIGUOUS: 'Deux éléments de la cible portent la même marque de notre part.',
  STOP_TIMEOUT: 'La machine ne s’est pas arrêtée dans le temps prévu. Écluse ne la force jamais.',
  BUCKET_MISSING: 'Le bucket n’existe pas.',
  ENDPOINT_UNREACHABLE: 'Le stockage n’est pas joignable tel que configuré : son adresse, ou un certificat qui n’est pas approuvé.',
  QUOTA_EXCEEDED: 'Un quota ou l’espace du stockage est épuisé.',
  DEPOT_FULL: 'Le dépôt n’a plus d’espace.',
  DEPOT_MISSING: 'Un fichier que le dépôt doit contenir n’y est pas.',
  DEPOT_CORRUPT: 'Un fichier du dépôt n’a pas l’empreinte qui le nomme.',
  LEDGER_UNAVAILABLE: 'Le registre n’a pu être ouvert ou écrit.',
  LEDGER_CONFLICT: 'Le registre contient un autre enregistrement sous le même identifiant d’événement.',
  LEDGER_CORRUPT: 'Le registre n’est pas intègre.',
  LEDGER_CLOSED: 'Le registre de ce projet est clos : plus rien ne peut y être inscrit.',
  LEDGER_TRUNCATED:
    'Le registre est plus court que ce qui a été signé : une ancienne copie a été restaurée. Rien n’est signé avant le retour de la plus récente.',
  LEDGER_FORKED: 'Le registre n’est pas la suite de ce qui a été signé auparavant.',
  LEDGER_CLOCK: 'L’horloge de cette machine a sauté de plus de cinq minutes : la remettre à l’heure.',
  LEDGER_KEYS: 'Les clés de signature du registre sont inutilisables : les créer par « ecluse ledger init » sur l’hôte du worker du registre.',
  WITNESS_REFUSED: 'Le témoin a refusé le point de contrôle : il a vu une autre histoire de ce registre.',
  TIMESTAMP_REFUSED: 'L’autorité d’horodatage a refusé, ou sa réponse ne se vérifie pas.',
  LEDGER_NEEDS_POSTGRES: 'Un registre SQLite sert un seul hôte ; ce worker tourne sur un autre.',
  OBJECT_ARCHIVED: 'L’objet est dans une classe d’archive et doit être restauré avant lecture.',
  OBJECT_MISSING: 'L’objet n’est pas là.',
  DELETE_GUARD: 'Plus d’objets ont disparu de la source que le plan ne laisse Écluse en effacer sur la cible.',
  COPY_INCOMPLETE: 'Certains objets n’ont pu être copiés ou vérifiés malgré toutes les tentatives.',
  FREEZE_BROKEN: 'La source a été modifiée alors qu’elle était gelée.',
  TARGET_DIFFERS: 'La cible ne contient pas exactement ce qui a été copié et vérifié.',
  UNEXPECTED: 'Il s’est passé quelque chose qu’Écluse ne sait pas nommer.',
  BOOT_FAILED: 'La machine cible n’a pas montré sur sa console ce qui était attendu.',
  NOT_ASSESSED: 'L’évaluation a trouvé un point bloquant.',
  TARGET_NOT_EMPTY: 'La cible contient des objets que ce projet n’a pas écrits.',
  TARGET_LOCKED: 'La cible impose une rétention par défaut : une copie ne pourrait être reprise.',
  KEYS_MERGED: 'La cible confond deux clés différentes : elle ne peut contenir ce bucket exactement.',
  TARGET_INVALID: 'La cible a refusé la requête comme invalide.',
  UNSUPPORTED: 'La source ou la cible ne sait pas faire ce que le plan exige.',
  APPROVAL_REFUSED: 'La validation ne compte pas : son détail dit pourquoi.',
  CONFIG_INVALID: 'La configuration ou le plan n’est pas valide.',
  ORDERED_BACK: 'Une personne a ordonné le retour arrière.',
  REJECTED: 'La porte a été refusée.',
};

const frenchWho: Readonly<Record<string, string>> = {
  nobody: 'personne',
  operator: 'l’exploitant',
  owner: 'le propriétaire des données',
  auditor: 'l’auditeur',
  approver: 'la personne qui valide',
  developers: 'les développeurs d’Écluse',
};

/** What happened, in one sentence; the code itself where it is none of ours. */
export function errorSentence(code: string, language: Language): string {
  if (!isErrorCode(code)) return code;
  return language === 'fr' ? french[code] : errorCodes[code].sentence;
}

/** Whose turn it is. */
export function whoActs(code: string, language: Language): string {
  const who = isErrorCode(code) ? errorCodes[code].who : 'operator';
  return language === 'fr' ? (frenchWho[who] ?? who) : who;
}
