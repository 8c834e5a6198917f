import type { Language } from '../../core/project-words.ts';

/** One of the six: its command is the same in both languages but for what the reader fills in. */
interface ReadmeStep {
  readonly what: string;
  readonly command: string;
  readonly proves: string;
}

export interface ReadmeWords {
  readonly colon: string;
  readonly title: string;
  readonly lab: string;
  readonly interim: string;
  readonly about: (project: string, controller: string, operator: string) => string;
  readonly log: string;
  readonly records: string;
  readonly root: string;
  readonly procedure: string;
  readonly need: string;
  readonly steps: readonly ReadmeStep[];
  readonly results: string;
  readonly notProven: string;
  readonly withheld: string;
  readonly nothingWithheld: string;
  readonly encrypted: (count: number) => string;
  readonly leftOut: (count: number) => string;
  readonly content: string;
  readonly contents: readonly string[];
}

const en: ReadmeWords = {
  colon: ':',
  title: 'Evidence bundle',
  lab: 'The policy of this log is of class `lab`: its rules may fall below the minimum, and nothing in this bundle is evidence.',
  interim: 'The log goes on. What is under way counts as pending and the closing rules do not apply; what stands here is checked as strictly as at the end.',
  about: (project, controller, operator) =>
    `What was recorded while the data of project ${project} were moved, for ${controller} (data controller) by ${operator} (operator). It is made to be checked by somebody who trusts neither of them, nor the software.`,
  log: 'Log',
  records: 'Records',
  root: 'Root over all records (SHA-256)',
  procedure: 'Check it in five minutes',
  need: 'You need no network. You need either Python 3.8 or newer and OpenSSL 3, or a current browser; for command 4 a shell with coreutils, openssl, jq and ssh-keygen; and the paper with fingerprints that the data controller kept. Type the commands in this folder.',
  steps: [
    {
      what: 'Compare with the paper',
      command: 'sha256sum trust/policy.json verify.py verify.sh verify.html',
      proves:
        'The four values must be those of the paper. Then the rules and keys are the ones that the controller fixed at the start, and the verifiers are the published ones: nothing after this rests on our word. (macOS: `shasum -a 256`; Windows: `certutil -hashfile FILE SHA256`.)',
    },
    {
      what: 'Check everything',
      command: 'python3 verify.py',
      proves:
        'PASS proves that no record was altered, removed or inserted; that roots are signed, cosigned and dated as the rules ask; that each decision was signed by the right persons before the act; that every object of the inventory has one end state, and that “verified” means read back from the target and equal. The last line is the verdict.',
    },
    {
      what: 'Or check it in a browser',
      command: 'xdg-open verify.html',
      proves:
        'The same by another program, without Python: open the page, then choose this folder. It loads nothing from elsewhere. It does not check the certificate chain of the timestamps, and says so. (macOS: `open`; Windows: a double click.)',
    },
    {
      what: 'Check the core with tools that you can read',
      command: 'bash verify.sh',
      proves:
        'Proves sums, chain, root, signatures of checkpoints, timestamps and approvals, in a script short enough to be read whole. It prints `not checked here` for the rest.',
    },
    {
      what: 'Hold it against what you kept',
      command: 'python3 verify.py --checkpoint YOUR-CHECKPOINT --fingerprint HEX-OF-THE-PAPER',
      proves:
        'A checkpoint is a small text from an earlier bundle (`log/checkpoints/`) or from the witness. Proves that this log continues the one you saw then: a history that was made anew, even with all keys, fails here (C10). The fingerprint does by machine what command 1 does by eye (C24).',
    },
    {
      what: 'Read a sample again, by your own hand',
      command: 'python3 rehash.py SAMPLE.json --endpoint https://ENDPOINT-OF-THE-TARGET --region REGION',
      proves:
        'The only command that needs a network, and a read-only credential of your own in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. Choose a seed after you got this bundle; who has Écluse draws the sample by it: `ecluse ledger sample DIR --count 25 --seed SEED --out SAMPLE.json`. The script checks that the draw follows your seed, then reads the objects from the target. Proves that they hold today what the log says, and that their rows stand in it.',
    },
  ],
  results:
    'PASS: checked and right. FAIL: checked and wrong. UNKNOWN: what it needs is not there, or nobody looked; never a success. YOURS: needs what only you have. NA: nothing to check. Exit code 0 only when all is PASS, otherwise 4.',
  notProven: 'What is not proven',
  withheld: 'What is withheld',
  nothingWithheld: 'Nothing: no file of this bundle holds names of objects.',
  encrypted: (count) =>
    `${count} ${count === 1 ? 'file holds' : 'files hold'} names of objects, which can be personal data: under \`confidential/\`, encrypted with age to the controller’s key. They may be removed; all checks pass without them.`,
  leftOut: (count) =>
    `${count} ${count === 1 ? 'file holds' : 'files hold'} names of objects and ${count === 1 ? 'is' : 'are'} not in this bundle. The records bind them by their digests, so they can be asked for and compared; no check needs them.`,
  content: 'What stands where',
  contents: [
    '`log/records.jsonl`: the evidence, one record a line. `log/schema.json`: its form.',
    '`log/checkpoints/`, `log/cosigned/`, `timestamps/`: signed roots, cosignatures of witnesses, RFC 3161 timestamps.',
    '`approvals/`: what persons signed, and their signatures. `evidence/`, `manifests/`: every other file that a record binds.',
    '`trust/`: the rules and the keys.',
    '`reports/transfer-record.html`, `reports/requirements.html`, `exports/`: renderings to be read or imported, never evidence.',
    'The formats are written in `docs/bundle-format.md`, `docs/ledger-format.md` and `docs/manifest-format.md` of Écluse’s source: enough to write a verifier of your own.',
  ],
};

const fr: ReadmeWords = {
  colon: '\u00a0:',
  title: 'Dossier de preuves',
  lab: 'La politique de ce registre est de classe `lab` : ses règles peuvent être inférieures au minimum, et rien dans ce dossier ne fait preuve.',
  interim:
    'Le registre continue. Ce qui est en cours compte comme en attente et les règles de clôture ne s’appliquent pas ; ce qui figure ici est vérifié aussi strictement qu’à la fin.',
  about: (project, controller, operator) =>
    `Ce qui a été enregistré pendant le déplacement des données du projet ${project}, pour ${controller} (responsable de traitement) par ${operator} (exploitant). Fait pour être vérifié par quelqu’un qui ne fait confiance ni à eux, ni au logiciel.`,
  log: 'Registre',
  records: 'Enregistrements',
  root: 'Racine sur tous les enregistrements (SHA-256)',
  procedure: 'Vérifier en cinq minutes',
  need: 'Aucun réseau n’est nécessaire. Il faut soit Python 3.8 ou plus récent et OpenSSL 3, soit un navigateur actuel ; pour la commande 4, un shell avec coreutils, openssl, jq et ssh-keygen ; et le papier des empreintes que le responsable de traitement a gardé. Tapez les commandes dans ce dossier.',
  steps: [
    {
      what: 'Comparer avec le papier',
      command: 'sha256sum trust/policy.json verify.py verify.sh verify.html',
      proves:
        'Les quatre valeurs doivent être celles du papier. Alors les règles et les clés sont celles que le responsable a fixées au départ, et les vérificateurs sont ceux qui ont été publiés : rien de ce qui suit ne repose sur notre parole. (macOS : `shasum -a 256` ; Windows : `certutil -hashfile FICHIER SHA256`.)',
    },
    {
      what: 'Tout vérifier',
      command: 'python3 verify.py',
      proves:
        'PASS prouve qu’aucun enregistrement n’a été modifié, retiré ni inséré ; que les racines sont signées, cosignées et datées comme les règles l’exigent ; que chaque décision a été signée par les bonnes personnes avant l’acte ; que chaque objet inventorié a un état final et un seul, et que « vérifié » signifie relu sur la cible et identique. La dernière ligne est le verdict.',
    },
    {
      what: 'Ou vérifier dans un navigateur',
      command: 'xdg-open verify.html',
      proves:
        'La même chose par un autre programme, sans Python : ouvrez la page, puis choisissez ce dossier. Elle ne charge rien d’ailleurs. Elle ne vérifie pas la chaîne de certificats des horodatages, et le dit. (macOS : `open` ; Windows : un double clic.)',
    },
    {
      what: 'Vérifier l’essentiel avec des outils que l’on peut lire',
      command: 'bash verify.sh',
      proves:
        'Prouve sommes, chaîne, racine, signatures des points de contrôle, horodatages et validations, dans un script assez court pour être lu en entier. Il affiche `not checked here` pour le reste.',
    },
    {
      what: 'Confronter avec ce que vous avez gardé',
      command: 'python3 verify.py --checkpoint VOTRE-POINT-DE-CONTROLE --fingerprint EMPREINTE-DU-PAPIER',
      proves:
        'Un point de contrôle est un petit texte tiré d’un dossier antérieur (`log/checkpoints/`) ou du témoin. Prouve que ce registre est la suite de celui que vous avez vu alors : une histoire refaite, même avec toutes les clés, échoue ici (C10). L’empreinte fait par la machine ce que la commande 1 fait à l’œil (C24).',
    },
    {
      what: 'Relire un échantillon de votre propre main',
      command: 'python3 rehash.py ECHANTILLON.json --endpoint https://ADRESSE-DE-LA-CIBLE --region REGION',
      proves:
        'La seule commande qui demande un réseau, et un identifiant de lecture seule qui vous soit propre dans `AWS_ACCESS_KEY_ID` et `AWS_SECRET_ACCESS_KEY`. Choisissez une graine après avoir reçu ce dossier ; qui dispose d’Écluse tire l’échantillon avec elle : `ecluse ledger sample DOSSIER --count 25 --seed GRAINE --out ECHANTILLON.json`. Le script vérifie que le tirage suit votre graine, puis lit les objets sur la cible. Prouve qu’ils contiennent aujourd’hui ce que dit le registre, et que leurs lignes y figurent.',
    },
  ],
  results:
    'PASS : vérifié et juste. FAIL : vérifié et faux. UNKNOWN : ce qu’il faut manque, ou personne n’a regardé ; jamais un succès. YOURS : demande ce que vous seul avez. NA : rien à vérifier. Code de sortie 0 seulement si tout est PASS, sinon 4.',
  notProven: 'Ce qui n’est pas prouvé',
  withheld: 'Ce qui est retenu',
  nothingWithheld: 'Rien : aucun fichier de ce dossier ne contient de noms d’objets.',
  encrypted: (count) =>
    `${count} ${count === 1 ? 'fichier contient' : 'fichiers contiennent'} des noms d’objets, qui peuvent être des données personnelles : sous \`confidential/\`, chiffrés par age pour la clé du responsable. Ils peuvent être retirés ; toutes les vérifications passent sans eux.`,
  leftOut: (count) =>
    `${count} ${count === 1 ? 'fichier contient' : 'fichiers contiennent'} des noms d’objets et ${count === 1 ? 'n’est' : 'ne sont'} pas dans ce dossier. Les enregistrements les lient par leur empreinte : on peut les demander et comparer ; aucune vérification n’en a besoin.`,
  content: 'Ce qui se trouve où',
  contents: [
    '`log/records.jsonl` : la preuve, un enregistrement par ligne. `log/schema.json` : sa forme.',
    '`log/checkpoints/`, `log/cosigned/`, `timestamps/` : racines signées, cosignatures des témoins, horodatages RFC 3161.',
    '`approvals/` : ce que des personnes ont signé, et leurs signatures. `evidence/`, `manifests/` : tout autre fichier lié par un enregistrement.',
    '`trust/` : les règles et les clés.',
    '`reports/proces-verbal.html`, `reports/requirements.html`, `exports/` : des rendus à lire ou à importer, jamais des preuves.',
    'Les formats sont écrits dans `docs/bundle-format.md`, `docs/ledger-format.md` et `docs/manifest-format.md` des sources d’Écluse : de quoi écrire votre propre vérificateur.',
  ],
};

export const readmeWords = { en, fr } as const satisfies Record<Language, ReadmeWords>;
