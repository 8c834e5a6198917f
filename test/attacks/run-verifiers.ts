import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { CheckId } from '../../src/ledger/checks/findings.ts';
import { verifyBundle } from '../../src/ledger/checks/verify-bundle.ts';
import { findChromium } from '../support/browser.ts';
import type { Brought } from './attack.ts';

export const verifierNames = ['verify.py', 'verify.html', 'verify.sh', 'ecluse'] as const;
export type VerifierName = (typeof verifierNames)[number];

export interface CheckAnswer {
  readonly result: string;
  /** What the verifier itself says of the check: all of it is made here, part of it, or nothing. */
  readonly made: 'whole' | 'in part' | 'not';
  readonly detail: string;
}
export interface Answer {
  /** `FAIL` also when it broke: `error` tells. */
  readonly verdict: string;
  readonly checks: ReadonlyMap<CheckId, CheckAnswer>;
  readonly error?: string;
}

export interface Verifiers {
  /** Those that this machine can run. */
  readonly present: readonly VerifierName[];
  /** One bundle by all of them, one after the other; whose answer is `known` is not asked. */
  verify(folder: string, brought: Brought, known?: ReadonlyMap<VerifierName, Answer>): Promise<ReadonlyMap<VerifierName, Answer>>;
  close(): Promise<void>;
}

const tools: Readonly<Record<VerifierName, readonly string[]>> = {
  'verify.py': ['python3', 'openssl'],
  'verify.html': [],
  'verify.sh': ['bash', 'basenc', 'jq', 'openssl', 'ssh-keygen'],
  ecluse: [],
};

/** Why this machine cannot run a verifier. */
export function missingFor(name: VerifierName): string | undefined {
  const chromiumPart = name === 'verify.html' ? findChromium() : undefined;
  if (chromiumPart && 'missing' in chromiumPart) return chromiumPart.missing.split(',')[0];
  const missing = tools[name].filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  return missing.length > 0 ? `no ${missing.join(', ')}` : undefined;
}

export async function openVerifiers(): Promise<Verifiers> {
  const present = verifierNames.filter((name) => missingFor(name) === undefined);
  const page = present.includes('verify.html') ? await openPage() : undefined;
  // A launcher of python costs more than the verifier's start: asked once for the interpreter behind it.
  const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim() || 'python3';
  const by: Readonly<Record<VerifierName, (folder: string, brought: Brought) => Promise<Answer>>> = {
    'verify.py': (folder, brought) => runPython(python, folder, brought),
    'verify.html': (folder, brought) => (page ? page.verify(folder, brought) : Promise.reject(new Error('no page'))),
    'verify.sh': runShell,
    ecluse: async (folder, { checkpoints = [], fingerprints = [] }) => answerOf(await verifyBundle(folder, { atMs: Date.now(), checkpoints, fingerprints })),
  };
  return {
    present,
    async verify(folder, brought, known = new Map()) {
      const answers = new Map<VerifierName, Answer>(known);
      for (const name of present.filter((one) => !known.has(one)))
        answers.set(
          name,
          await by[name](folder, brought).catch((error: unknown) => ({ verdict: 'FAIL', checks: new Map<CheckId, CheckAnswer>(), error: String(error) })),
        );
      return answers;
    },
    close: async () => page?.close(),
  };
}

interface Report {
  readonly verdict: string;
  readonly checks: readonly { readonly id: string; readonly result: string; readonly detail: string; readonly not_checked_here?: boolean }[];
}

/** A report in the form that docs/bundle-format.md §8 gives to all. */
function answerOf({ verdict, checks }: Report): Answer {
  const answers = checks.map(({ id, result, detail, not_checked_here }): [CheckId, CheckAnswer] => [
    id as CheckId,
    // What it leaves to others does not count in its verdict: it is no UNKNOWN.
    { result: not_checked_here ? 'PASS' : result, made: not_checked_here || detail.includes(notHere) ? 'in part' : 'whole', detail },
  ]);
  return { verdict, checks: new Map(answers) };
}

const notHere = 'not checked here';

async function runPython(python: string, folder: string, { checkpoints = [], fingerprints = [] }: Brought): Promise<Answer> {
  const options = [...checkpoints.flatMap((file) => ['--checkpoint', file]), ...fingerprints.flatMap((hex) => ['--fingerprint', hex])];
  const { status, stdout, stderr } = await run(python, ['-B', path.resolve('verifiers/verify.py'), folder, '--json', ...options]);
  if (!stdout) throw new Error(stderr);
  const answer = answerOf(JSON.parse(stdout) as Report);
  if ((status === 0) !== (answer.verdict === 'PASS') || stderr) throw new Error(`exit code ${status} on ${answer.verdict}: ${stderr}`);
  return answer;
}

/** Takes no checkpoint and no fingerprint. */
async function runShell(folder: string): Promise<Answer> {
  const { status, stdout, stderr } = await run('bash', [path.resolve('verifiers/verify.sh'), folder]);
  const checks = new Map<CheckId, CheckAnswer>();
  for (const [, id, result = '', detail = ''] of stdout.matchAll(/^(C\d+) (PASS|FAIL|UNKNOWN|NA|not checked here) ?(.*)$/gm))
    checks.set(id as CheckId, { result, detail, made: result === notHere ? 'not' : detail.includes(notHere) ? 'in part' : 'whole' });
  const verdict = /^(PASS|FAIL) of what is checked here/m.exec(stdout)?.[1] ?? '';
  if (checks.size !== 24 || (status === 0) !== (verdict === 'PASS')) throw new Error(`exit code ${status} on ${verdict}: ${stderr}`);
  return { verdict, checks };
}

function run(command: string, args: readonly string[]): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ status: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr }),
    );
  });
}

/** One browser and one page for all bundles, one bundle at a time. */
async function openPage(): Promise<{ verify(folder: string, brought: Brought): Promise<Answer>; close(): Promise<void> }> {
  const found = findChromium();
  // Its own sandbox needs rights that root in a container has not; it reads files of this suite only.
  const browser: Browser = await chromium.launch({ executablePath: 'access' in found ? found.access : '', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    verify(folder, brought) {
      const answer = turn.then(() => readInPage(page, folder, brought));
      turn = answer.catch(() => undefined);
      return answer;
    },
    close: () => browser.close(),
  };
}

async function readInPage(page: Page, folder: string, { checkpoints = [], fingerprints = [] }: Brought): Promise<Answer> {
  await page.goto(pathToFileURL(path.resolve('verifiers/verify.html')).href);
  if (checkpoints.length > 0) await page.locator('#checkpoints').setInputFiles([...checkpoints]);
  await page.locator('#fingerprints').fill(fingerprints.join('\n'));
  await page.locator('#bundle').setInputFiles(folder);
  await page.locator('#verdict').waitFor();
  return answerOf(JSON.parse((await page.locator('#report').textContent()) ?? '') as Report);
}
