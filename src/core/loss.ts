/**
 * What a migration may lose or meet, closed: the codes of loss reports, of findings about a listing and of rows' `losses`.
 * `counts` says what the number beside the code counts; `level` is what the planner makes of it.
 */
export interface Loss {
  readonly level: 'blocker' | 'warning' | 'advice';
  readonly counts: 'objects' | 'versions' | 'keys' | 'settings';
  readonly en: string;
  readonly fr: string;
}

const loss = (level: Loss['level'], counts: Loss['counts'], en: string, fr: string): Loss => ({ level, counts, en, fr });

export const losses = {
  OBJECT_ARCHIVED: loss('warning', 'objects', 'Archived: must be restored before it can be read.', 'Archivé : doit être restauré avant toute lecture.'),
  OBJECT_TOO_LARGE: loss('blocker', 'objects', 'Larger than 5 TiB, the limit of an S3 object.', 'Plus de 5 Tio, la limite d’un objet S3.'),
  STORAGE_CLASS_LOST: loss('warning', 'objects', 'Becomes the standard class on the target.', 'Passe en classe standard sur la cible.'),
  TAGS_NOT_CARRIED: loss('warning', 'objects', 'The target holds no object tags.', 'La cible ne conserve pas les étiquettes d’objet.'),
  METADATA_TOO_LARGE: loss(
    'warning',
    'objects',
    'User metadata exceed what the target holds and are left out.',
    'Les métadonnées dépassent la limite de la cible et sont omises.',
  ),
  METADATA_UNREADABLE: loss(
    'warning',
    'objects',
    'The source holds metadata that it cannot express in headers.',
    'La source contient des métadonnées qu’elle ne peut exprimer en en-têtes.',
  ),
  OBJECT_LOCK_LOST: loss('warning', 'objects', 'A lock or legal hold is not carried.', 'Un verrou ou une conservation légale n’est pas repris.'),
  OBJECT_ACL_LOST: loss('advice', 'objects', 'Access lists of single objects are not carried.', 'Les listes d’accès par objet ne sont pas reprises.'),
  DATES_LOST: loss(
    'advice',
    'objects',
    'The target gives its own modification date and version id.',
    'La cible attribue ses propres date de modification et identifiant de version.',
  ),
  NONCURRENT_VERSION: loss(
    'warning',
    'versions',
    'An earlier version; not carried with `versions: latest`.',
    'Version antérieure ; non reprise avec `versions: latest`.',
  ),
  DELETE_MARKER: loss(
    'advice',
    'versions',
    'A delete marker; carried only with `versions: all`.',
    'Marqueur de suppression ; repris seulement avec `versions: all`.',
  ),
  DIRECTORY_MARKER: loss(
    'advice',
    'keys',
    'An empty object whose key ends with a slash; some stores show it as a folder.',
    'Objet vide dont la clé finit par une barre oblique ; certains stockages l’affichent comme un dossier.',
  ),
  KEY_LEADING_SLASH: loss(
    'warning',
    'keys',
    'The key begins with a slash; some stores drop it.',
    'La clé commence par une barre oblique, que certains stockages suppriment.',
  ),
  KEY_DOUBLE_SLASH: loss('warning', 'keys', 'The key holds `//`; some stores fold it.', 'La clé contient `//`, que certains stockages réduisent.'),
  KEY_DOT_SEGMENT: loss(
    'warning',
    'keys',
    'The key holds a segment `.` or `..`; some stores resolve or refuse it.',
    'La clé contient un segment `.` ou `..`, que certains stockages résolvent ou refusent.',
  ),
  KEY_BACKSLASH: loss(
    'warning',
    'keys',
    'The key holds a backslash; some stores make a slash of it.',
    'La clé contient une barre inverse, que certains stockages changent en barre oblique.',
  ),
  KEY_SLASH_TWIN: loss(
    'warning',
    'keys',
    'The key stands under another key as if that were a folder; some stores cannot hold both.',
    'La clé se trouve sous une autre clé comme si celle-ci était un dossier ; certains stockages ne peuvent garder les deux.',
  ),
  KEY_SEGMENT_LONG: loss('warning', 'keys', 'A segment of the key exceeds 255 bytes.', 'Un segment de la clé dépasse 255 octets.'),
  KEY_TOO_LONG: loss('warning', 'keys', 'The key exceeds 1,024 bytes.', 'La clé dépasse 1 024 octets.'),
  KEY_CONTROL_CHARACTER: loss('warning', 'keys', 'The key holds a control character.', 'La clé contient un caractère de contrôle.'),
  KEY_UNICODE_TWIN: loss(
    'warning',
    'keys',
    'Another key differs only by its Unicode form (NFC, NFD).',
    'Une autre clé n’en diffère que par la forme Unicode (NFC, NFD).',
  ),
  KEY_TWINS_UNCHECKED: loss(
    'advice',
    'keys',
    'Too many keys in decomposed Unicode form: twins among the rest were not looked for.',
    'Trop de clés en forme Unicode décomposée : les doublons du reste n’ont pas été recherchés.',
  ),
  CORS_NOT_CARRIED: loss('warning', 'settings', 'The CORS rules are not carried.', 'Les règles CORS ne sont pas reprises.'),
  LIFECYCLE_NOT_CARRIED: loss('warning', 'settings', 'The lifecycle rules are not carried.', 'Les règles de cycle de vie ne sont pas reprises.'),
  BUCKET_TAGS_NOT_CARRIED: loss('warning', 'settings', 'The bucket’s own tags are not carried.', 'Les étiquettes du bucket ne sont pas reprises.'),
  POLICY_NOT_CARRIED: loss('warning', 'settings', 'The bucket policy is not carried.', 'La politique du bucket n’est pas reprise.'),
  ENCRYPTION_NOT_CARRIED: loss('warning', 'settings', 'The encryption setting is not carried.', 'Le réglage de chiffrement n’est pas repris.'),
  VERSIONING_NOT_CARRIED: loss('warning', 'settings', 'Versioning is not carried.', 'La gestion des versions n’est pas reprise.'),
  OBJECT_LOCK_NOT_CARRIED: loss('warning', 'settings', 'The object lock setting is not carried.', 'Le réglage de verrouillage d’objets n’est pas repris.'),
  NOTIFICATION_NOT_CARRIED: loss('warning', 'settings', 'Event notifications are not carried.', 'Les notifications d’événements ne sont pas reprises.'),
  REPLICATION_NOT_CARRIED: loss('warning', 'settings', 'Replication is not carried.', 'La réplication n’est pas reprise.'),
  WEBSITE_NOT_CARRIED: loss('warning', 'settings', 'The website setting is not carried.', 'Le réglage de site web n’est pas repris.'),
  REQUESTER_PAYS_NOT_CARRIED: loss('advice', 'settings', 'Requester pays is not carried.', 'Le paiement par le demandeur n’est pas repris.'),
  CONFIGURATION_UNREAD: loss(
    'warning',
    'settings',
    'A setting of the bucket could not be read: it may exist.',
    'Un réglage du bucket n’a pu être lu : il existe peut-être.',
  ),
} as const satisfies Record<string, Loss>;

export type LossCode = keyof typeof losses;

export const isLossCode = (text: string): text is LossCode => Object.hasOwn(losses, text);
