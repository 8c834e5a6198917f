import { markdownTable } from '../../lab/docs/markdown-table.ts';
import { type CheckId, checkIds } from '../../src/ledger/checks/findings.ts';
import { type Attack, type Attacker, attackers } from './attack.ts';
import { type Answer, type CheckAnswer, type VerifierName, verifierNames } from './run-verifiers.ts';

/** What became of one attack: the answers with all that the auditor brings. */
export type Outcome = ReadonlyMap<VerifierName, Answer>;

type Sight = 'seen' | 'not checked here' | 'missed';

/** Did the verifier name this check? Only its own word that it does not make the check, or makes a part, excuses it. */
export function sightOf(answer: Answer | undefined, { check, result }: Attack['expected'][number]): Sight {
  const found = answer?.checks.get(check);
  if (found?.result === result) return 'seen';
  return found && found.made !== 'whole' && found.result !== 'FAIL' && found.result !== 'UNKNOWN' ? 'not checked here' : 'missed';
}

/** Sentences about what verifiers did not see as the format says. Empty: all is well. */
export function faultsOf({ expected }: Attack, outcome: Outcome): readonly string[] {
  return [...outcome].flatMap(([name, answer]) => {
    if (answer.error) return [`${name} broke: ${answer.error}`];
    const faults = expected.flatMap((one) => {
      const found = answer.checks.get(one.check);
      return sightOf(answer, one) === 'missed' ? [`${name}: ${one.check} is ${found?.result ?? 'absent'}, not ${one.result} (${found?.detail ?? ''})`] : [];
    });
    const isSeen = expected.some((one) => sightOf(answer, one) === 'seen');
    if (isSeen && answer.verdict === 'PASS') faults.push(`${name}: says PASS in all`);
    return expected.length === 0 ? passFaults(name, answer) : faults;
  });
}

/** The same for what must pass. */
export function passFaults(name: VerifierName, { verdict, checks, error }: Answer): readonly string[] {
  if (verdict === 'PASS' && !error) return [];
  const wrong = [...checks]
    .filter(([, { result }]) => result === 'FAIL' || result === 'UNKNOWN')
    .map(([id, { result, detail }]) => `${id} ${result} (${detail})`);
  return [`${name}: ${verdict}, not PASS: ${error ?? wrong.join('; ')}`];
}

const told = (one: Attack['expected'][number]): string => (one.result === 'FAIL' ? one.check : `${one.check} → ${one.result}`);

function cell({ expected, isBlindWithout, brings }: Attack, answer: Answer | undefined): string {
  if (expected.length === 0) return '–';
  const of = (sight: Sight): readonly Attack['expected'][number][] => expected.filter((one) => sightOf(answer, one) === sight);
  const [seen, missed, elsewhere] = [of('seen').map(told), of('missed').map(told), of('not checked here').map(told)];
  const others = [...(answer?.checks ?? [])].filter(([id, { result }]) => result === 'FAIL' && expected.every(({ check }) => check !== id)).map(([id]) => id);
  if (missed.length > 0) return `**missed: ${missed.join(' ')}**`;
  if (seen.length > 0) return seen.map((check) => (brings && yours.has(check) ? `${check}\u00a0†` : check)).join(' ') + (isBlindWithout ? ' only' : '');
  return others.length > 0 ? `${others.join(' ')} (${elsewhere.join(' ')} not checked here)` : 'not checked here';
}

const yours: ReadonlySet<string> = new Set<CheckId>(['C10', 'C24']);

function sectionOf(who: Attacker, attacks: readonly Attack[], outcomes: ReadonlyMap<string, Outcome>): string {
  const rows = attacks.map((attack) => [
    `**${attack.title}**. ${attack.how}`,
    ...verifierNames.map((name) => cell(attack, outcomes.get(attack.id)?.get(name))),
    attack.residual ?? '',
  ]);
  return `## ${who[0]?.toUpperCase()}${who.slice(1)}\n\nWho ${attackers[who]}.\n\n${markdownTable(['attack', ...verifierNames, 'what remains'], rows)}`;
}

/** From the answers on whole bundles, without and with what an auditor brings. */
function placeOf(check: CheckId, name: VerifierName, whole: readonly Outcome[]): string {
  const answers = whole.flatMap((outcome) => outcome.get(name)?.checks.get(check) ?? []);
  const is = (test: (answer: CheckAnswer) => boolean): boolean => answers.some(test);
  if (is(({ made }) => made === 'not')) return 'not checked here';
  const part = answers.find(({ made }) => made === 'in part');
  if (part) return `in part (not: ${part.detail.replace(/^.*not checked here:? ?/, '').replace(/[;.].*$/, '')})`;
  if (is(({ result }) => result === 'YOURS') && is(({ result }) => result === 'PASS')) return 'checked †';
  return is(({ result }) => result === 'PASS') ? 'checked' : 'never asked';
}

export function attacksPage(attacks: readonly Attack[], outcomes: ReadonlyMap<string, Outcome>, whole: readonly Outcome[]): string {
  const sections = (Object.keys(attackers) as Attacker[]).map((who) =>
    sectionOf(
      who,
      attacks.filter((attack) => attack.who === who),
      outcomes,
    ),
  );
  const places = checkIds.map((check) => [check, ...verifierNames.map((name) => placeOf(check, name, whole))]);
  return `# Attacks

Made by \`test/attacks/attacks.test.ts\`, which performs each attack on a real bundle and asks every verifier; do not edit. It fails when this page is
stale: run it with \`ECLUSE_WRITE=1\`. What each check is: [bundle-format.md](bundle-format.md#7-checks).

Who has a folder, or the rows of a database, edits it and makes SHA256SUMS anew. Who owns keys makes the log anew, so that chain, roots, signatures,
counts and digests all fit. A cell names the check of this attack that the verifier reports; others may fail with it. \`→ UNKNOWN\`: not a failure,
and never a PASS. \`†\`: with what the auditor brings, a checkpoint kept earlier or the fingerprints on the controller's paper; \`only\`: without it
the bundle passes. \`–\`: no verifier of a bundle can see it, all four pass, and the last column says what does.

${sections.join('\n\n')}

## Which check is where

As the verifiers themselves answer on bundles that nobody touched.

${markdownTable(['check', ...verifierNames], places)}
`;
}
