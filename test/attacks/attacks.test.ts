import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { datedAuthority } from '../support/evidence/dated-authority.ts';
import { makeSampleBundle, type Sample, type SampleOptions, sumAgain } from '../support/evidence/sample.ts';
import { itSideBySide } from '../support/side-by-side.ts';
import type { Attack } from './attack.ts';
import { attacks } from './attacks.ts';
import { attacksPage, faultsOf, type Outcome, passFaults } from './attacks-page.ts';
import { type Answer, missingFor, openVerifiers, type VerifierName, type Verifiers, verifierNames } from './run-verifiers.ts';
import { rehash } from './target-store.ts';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'ecluse-attacks-'));
const tools = ['verify.py', 'verify.sh', 'verify.html'].map((name) => ({ name, bytes: readFileSync(join('verifiers', name)) }));
const outcomes = new Map<string, Outcome>();
const whole: Outcome[] = [];
let verifiers: Verifiers;
let honest: Sample;

beforeAll(async () => {
  verifiers = await openVerifiers();
  honest = await make('honest', {});
  whole.push(await verifiers.verify(honest.folder, {}));
});
afterAll(async () => {
  await verifiers.close();
  rmSync(scratch, { recursive: true, force: true });
});

const make = (name: string, options: SampleOptions): Promise<Sample> => makeSampleBundle(join(scratch, name), { verifiers: tools, ...options });

/** Without openssl there are no timestamps in a sample, so nothing to attack in them. */
const performed = datedAuthority() ? attacks : attacks.filter(({ expected }) => !expected.some(({ check }) => check === 'C13'));

/** Bundles that nobody touched: together they hold something for every check. */
const untouched: readonly SampleOptions[] = [
  { kind: 'interim' },
  { kind: 'rolled-back' },
  { hard: true },
  { gap: 'approved', rotation: true },
  ...(datedAuthority() ? [{ class: 'production' as const }] : []),
];

describe('every verifier', () => {
  itSideBySide(2, {
    'passes the honest bundle, and what an auditor kept of it': honestPasses,
    ...Object.fromEntries(untouched.map((options) => [`passes what nobody touched: ${JSON.stringify(options)}`, () => untouchedPasses(options)])),
    ...Object.fromEntries(performed.map((attack) => [`sees ${attack.id}: ${attack.title}`, () => attackIsSeen(attack)])),
  });

  for (const name of verifierNames) {
    const missing = missingFor(name);
    if (missing !== undefined) skipAloud(name, missing);
  }
});

async function untouchedPasses(options: SampleOptions): Promise<void> {
  const { folder } = await make(`untouched-${Object.values(options).join('-')}`, options);
  passes(await verifiers.verify(folder, {}));
}

async function honestPasses(): Promise<void> {
  passes(whole[0] ?? new Map());
  const checkpoints = honest.checkpoints.map(({ size }) => join(honest.folder, 'log/checkpoints', String(size)));
  const fingerprints = readFileSync(join(honest.folder, 'trust/fingerprints.txt'), 'utf8').match(/\b[0-9a-f]{64}$/gm) ?? [];
  passes(await verifiers.verify(honest.folder, { checkpoints, fingerprints }));
}

function passes(outcome: Outcome): void {
  if (!whole.includes(outcome)) whole.push(outcome);
  expect(outcome.size).toBe(verifiers.present.length);
  expect([...outcome].flatMap(([name, answer]) => passFaults(name, answer))).toEqual([]);
}

/**
 * An insider's bundle differs from the honest one in nothing but the attack: a verifier that says of all its checks that it does not make
 * them is not asked again. That is verify.sh, half the time of this suite.
 */
function abstainers({ perform, expected }: Attack): ReadonlyMap<VerifierName, Answer> {
  const isLeft = ({ checks }: Answer): boolean => !perform && expected.length > 0 && expected.every(({ check }) => checks.get(check)?.made === 'not');
  return new Map([...(whole[0] ?? [])].filter(([, answer]) => isLeft(answer)));
}

async function attackIsSeen(attack: Attack): Promise<void> {
  const folder = join(scratch, attack.id);
  const attacked = attack.sample ? await make(attack.id, { keys: honest.keys, ...attack.sample() }) : copyOf(honest, folder);
  const scene = { folder, attacked, honest };
  attack.perform?.(scene);
  if (attack.perform && !attack.keepsSums) sumAgain(folder);
  const brought = attack.brings?.(scene, (name, bytes) => saved(attack.id, name, bytes)) ?? {};
  const faults = attack.isBlindWithout ? await unseen(folder) : [];
  const outcome = await verifiers.verify(folder, brought, abstainers(attack));
  outcomes.set(attack.id, outcome);
  expect([...faults, ...faultsOf(attack, outcome)]).toEqual([]);
  if (attack.isSeenByRehash && missingFor('verify.py') === undefined) await rehashSees(folder);
  rmSync(folder, { recursive: true });
}

/** Nothing is seen without what the auditor brings: else `residual` would tell less than the truth. */
async function unseen(folder: string): Promise<readonly string[]> {
  return [...(await verifiers.verify(folder, {}))].flatMap(([name, answer]) => passFaults(name, answer));
}

async function rehashSees(folder: string): Promise<void> {
  const { honest: before, swapped, victim } = await rehash(folder);
  expect(before.filter((line) => !line.startsWith('PASS'))).toEqual([]);
  expect(swapped.at(-1)).toBe('FAIL');
  expect(swapped.filter((line) => line.startsWith('FAIL ') && line.includes(victim))).toEqual([expect.stringContaining('has other bytes on the target')]);
}

function copyOf(sample: Sample, folder: string): Sample {
  cpSync(sample.folder, folder, { recursive: true });
  return { ...sample, folder };
}

function saved(id: string, name: string, bytes: string): string {
  const folder = join(scratch, 'kept', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

function skipAloud(name: VerifierName, missing: string): void {
  process.stderr.write(`\nSKIPPED the column of ${name}: ${missing}\n`);
  it.skip(`${name} (SKIPPED: ${missing})`, () => undefined);
}

describe('docs/attacks.md', () => {
  it('is what the verifiers answer now; else run this suite with ECLUSE_WRITE=1', () => {
    if (verifiers.present.length < verifierNames.length || outcomes.size < attacks.length)
      return void process.stderr.write('\nSKIPPED docs/attacks.md: a verifier is missing\n');
    const page = attacksPage(attacks, outcomes, whole);
    const file = join('docs', 'attacks.md');
    if (process.env.ECLUSE_WRITE) writeFileSync(file, page);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : 'none: run this suite with ECLUSE_WRITE=1').toBe(page);
  });
});
