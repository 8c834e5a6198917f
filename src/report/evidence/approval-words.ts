import type { PolicyGate } from '../../model/policy.ts';
import type { InBoth } from './evidence-facts.ts';

/** What a gate lets happen, and what is then past. */
interface GateWords {
  readonly name: InBoth;
  readonly happens: readonly InBoth[];
  readonly cannotBeUndone: readonly InBoth[];
}

export const gateWords: Readonly<Record<PolicyGate, GateWords>> = {
  loss: {
    name: { en: 'loss report', fr: 'rapport de pertes' },
    happens: [
      {
        en: 'The copy goes on although the target cannot hold what is listed below.',
        fr: 'La copie se poursuit bien que la cible ne puisse contenir ce qui est listé plus bas.',
      },
      {
        en: 'Objects that cannot be copied for one of these reasons stay behind; they are counted as excluded, on your word.',
        fr: 'Les objets qui ne peuvent être copiés pour l’une de ces raisons restent sur place ; ils sont comptés comme exclus, sur votre parole.',
      },
    ],
    cannotBeUndone: [
      {
        en: 'Nothing is removed from the source. What the target does not hold is lost only when the source is later deleted or falls into disuse.',
        fr: 'Rien n’est retiré de la source. Ce que la cible ne contient pas n’est perdu que si la source est plus tard supprimée ou abandonnée.',
      },
    ],
  },
  cutover: {
    name: { en: 'cutover', fr: 'bascule' },
    happens: [
      {
        en: 'On the operator’s order the source is frozen (nobody writes or deletes there), what changed is copied and read back, and both sides are listed and compared.',
        fr: 'Sur ordre de l’exploitant, la source est gelée (plus d’écriture ni de suppression), ce qui a changé est copié et relu, et les deux côtés sont listés et comparés.',
      },
      {
        en: 'From then on the target is the one that counts. Your applications are switched by you, not by Écluse.',
        fr: 'Dès lors, c’est la cible qui fait foi. Vos applications sont basculées par vous, pas par Écluse.',
      },
    ],
    cannotBeUndone: [
      {
        en: 'The way back stays open until the gate “finalize”. But what is written on the target after the cutover is not carried back to the source: it is only listed.',
        fr: 'Le retour arrière reste possible jusqu’à la porte « clôture ». Mais ce qui est écrit sur la cible après la bascule n’est pas reporté sur la source : c’est seulement listé.',
      },
      {
        en: 'Writers are shut out while the source is frozen and your applications do not use the target yet.',
        fr: 'Les écritures sont impossibles tant que la source est gelée et que vos applications n’utilisent pas encore la cible.',
      },
    ],
  },
  finalize: {
    name: { en: 'finalize', fr: 'clôture' },
    happens: [
      {
        en: 'You accept the result: what is on the target is what you wanted.',
        fr: 'Vous acceptez le résultat : ce qui est sur la cible est ce que vous vouliez.',
      },
      {
        en: 'On the operator’s order the workload is finalized. Écluse does not delete the source.',
        fr: 'Sur ordre de l’exploitant, la charge est clôturée. Écluse ne supprime pas la source.',
      },
    ],
    cannotBeUndone: [
      { en: 'There is no way back from here: a rollback is refused.', fr: 'Il n’y a plus de retour arrière : il est refusé.' },
      {
        en: 'Time limits for a deletion of the source count from this acceptance.',
        fr: 'Les délais avant une suppression de la source courent à partir de cette recette.',
      },
    ],
  },
  discard: {
    name: { en: 'removal of the copies', fr: 'effacement des copies' },
    happens: [
      {
        en: 'On the operator’s order the copies that this project wrote on the target are removed, as far as nobody changed them since.',
        fr: 'Sur ordre de l’exploitant, les copies que ce projet a écrites sur la cible sont supprimées, dans la mesure où personne ne les a modifiées depuis.',
      },
      {
        en: 'What stood there before, or was changed by others, stays and is listed.',
        fr: 'Ce qui s’y trouvait auparavant, ou a été modifié par d’autres, reste et est listé.',
      },
    ],
    cannotBeUndone: [
      {
        en: 'Removed copies cannot be brought back; they would have to be copied anew from the source. The source is not touched: make sure that it still exists.',
        fr: 'Les copies supprimées ne peuvent être rétablies ; il faudrait les recopier depuis la source. La source n’est pas touchée : assurez-vous qu’elle existe encore.',
      },
    ],
  },
  gap: {
    name: { en: 'gap of the log', fr: 'interruption du registre' },
    happens: [
      {
        en: 'You accept the reason why no checkpoint was published in this time. Verifiers then show it as an exception and no longer as a failure. No data move.',
        fr: 'Vous acceptez la raison pour laquelle aucun point de contrôle n’a été publié pendant ce temps. Les vérificateurs la montrent alors comme une exception et non plus comme un échec. Aucune donnée ne bouge.',
      },
    ],
    cannotBeUndone: [
      {
        en: 'The acceptance stays in the log. What happened in that time is not proven by it.',
        fr: 'L’acceptation reste au registre. Elle ne prouve pas ce qui s’est passé pendant ce temps.',
      },
    ],
  },
};

const say = (en: string, fr: string): InBoth => ({ en, fr });

export const approvalWords = {
  title: say('Approval asked', 'Validation demandée'),
  happens: say('What happens when this gate opens', 'Ce qui se passe à l’ouverture de cette porte'),
  cannotBeUndone: say('What cannot be undone', 'Ce qui ne peut être annulé'),
  about: say('What it is about', 'De quoi il s’agit'),
  project: say('Project', 'Projet'),
  subject: say('Workload', 'Charge'),
  gap: say('Gap', 'Interruption'),
  gapTime: say('From, to', 'Du, au'),
  reason: say('Reason', 'Raison'),
  gate: say('Gate', 'Porte'),
  source: say('Source', 'Source'),
  target: say('Target', 'Cible'),
  into: say('Into', 'Destination'),
  versions: say('Versions', 'Versions'),
  freeze: say('Freeze', 'Gel'),
  objects: say('Objects', 'Objets'),
  size: say('Size', 'Taille'),
  verdict: say('Verdict so far', 'Verdict à ce jour'),
  unknown: say('UNKNOWN is not success: not everything was compared.', 'INCONNU n’est pas un succès : tout n’a pas été comparé.'),
  failed: say('FAIL: a comparison found a difference.', 'NON CONFORME : une comparaison a trouvé une différence.'),
  losses: say('What does not carry over', 'Ce qui n’est pas repris'),
  noLosses: say('The scope names no loss.', 'La portée ne mentionne aucune perte.'),
  code: say('Code', 'Code'),
  who: say('Who must sign', 'Qui doit signer'),
  seats: say('Seats still free', 'Sièges encore libres'),
  seat: say('of', 'de'),
  anyOrganisation: say('any organisation', 'toute organisation'),
  thisFile: say('This file is for', 'Ce fichier est pour'),
  deputyOf: say('as deputy of', 'en suppléance de'),
  others: say('Named by the policy', 'Désignés par la politique'),
  window: say('Valid', 'Valable'),
  tied: say('Tied to', 'Lié à'),
  scope: say('Scope (SHA-256)', 'Portée (SHA-256)'),
  checkpoint: say('Checkpoint of the log', 'Point de contrôle du registre'),
  roots: say('Verified runs', 'Passes vérifiées'),
  nonce: say('Number used once', 'Numéro à usage unique'),
  fullScope: say('The scope in full', 'La portée en entier'),
  signedText: say('What you sign, letter by letter', 'Ce que vous signez, lettre par lettre'),
  file: say('File', 'Fichier'),
  fileDigest: say('Its SHA-256', 'Son SHA-256'),
  howToSign: say('How to sign', 'Comment signer'),
  commandIntro: say(
    'In a terminal, in the folder with the file. Put the path of your private key in the place of YOUR-KEY:',
    'Dans un terminal, dans le dossier du fichier. Mettez le chemin de votre clé privée à la place de VOTRE-CLE :',
  ),
  key: say('YOUR-KEY', 'VOTRE-CLE'),
  commandNotes: [
    say(
      'Windows 10 and later, macOS and Linux have ssh-keygen. On Windows open PowerShell; a key is usually at $HOME\\.ssh\\id_ed25519.',
      'Windows 10 et suivants, macOS et Linux ont ssh-keygen. Sous Windows, ouvrez PowerShell ; une clé se trouve en général sous $HOME\\.ssh\\id_ed25519.',
    ),
    say(
      'With a hardware key, name its id_ed25519_sk or id_ecdsa_sk file; touch the key when it blinks, and type its PIN when asked.',
      'Avec une clé matérielle, indiquez son fichier id_ed25519_sk ou id_ecdsa_sk ; touchez la clé quand elle clignote et saisissez son PIN s’il est demandé.',
    ),
    say(
      'Do not open the JSON file with an editor that saves it: one changed sign makes the signature worthless.',
      'N’enregistrez pas le fichier JSON depuis un éditeur : un seul signe modifié rend la signature sans valeur.',
    ),
  ],
  sendBack: say('What to send back', 'Ce qu’il faut renvoyer'),
  sendBackLine: say(
    'Both files, unchanged, to whoever sent you this folder. Your private key never leaves your hands.',
    'Les deux fichiers, inchangés, à la personne qui vous a envoyé ce dossier. Votre clé privée ne quitte jamais vos mains.',
  ),
  refuse: say(
    'If you do not agree, sign nothing and say so: without your signature this gate stays closed.',
    'Si vous n’êtes pas d’accord, ne signez rien et dites-le : sans votre signature, cette porte reste fermée.',
  ),
  unknownLoss: say('This page knows no sentence for this code: ask before you sign.', 'Cette page ne connaît pas ce code : demandez avant de signer.'),
  mismatch: say(
    'The file does not say what this page was made from. Do not sign; ask who sent it.',
    'Le fichier ne dit pas ce à partir de quoi cette page a été faite. Ne signez pas ; demandez à l’expéditeur.',
  ),
} as const;

/** Settings of a workload as the plan has them. */
export const settingWords: Readonly<Record<'freeze' | 'versions' | 'into', Readonly<Record<string, InBoth>>>> = {
  freeze: {
    policy: say('Écluse denies writes by the source’s policy', 'Écluse interdit les écritures par la politique de la source'),
    manual: say('the operator stops the writers and says so', 'l’exploitant arrête les écritures et le dit'),
  },
  versions: {
    latest: say('the current version of each object', 'la version courante de chaque objet'),
    all: say('all versions and delete markers', 'toutes les versions et marqueurs de suppression'),
  },
  into: {
    new: say('an empty bucket', 'un bucket vide'),
    existing: say('a bucket that holds other objects, which are not overwritten', 'un bucket qui contient d’autres objets, qui ne sont pas écrasés'),
  },
};
