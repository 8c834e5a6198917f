import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { controllerIdentityFile } from '../controller.ts';
import { labEnvironment } from '../environment.ts';
import { LabError } from '../lab-error.ts';
import { isThere, makePeople } from '../people.ts';
import { verdictOfPage } from './browser.ts';
import type { Stage } from './passage.ts';

/** What evidence needs of a play, whatever is moved. */
export type Scene = Pick<Stage, 'lab' | 'teller' | 'signal' | 'consultant' | 'workload'>;

const run = promisify(execFile);

/** A folder goes out, each person signs with their own key, and the signed files come back: no approval is only a word. */
export async function approveSigned({ lab, teller, consultant, workload }: Scene, gate: 'loss' | 'cutover' | 'finalize' | 'discard'): Promise<void> {
  const folder = `requests/${lab.project}-${gate}`;
  const people = makePeople(lab.project);
  await consultant.types(`approve ${gate} ${workload} --request ${folder}`, { exits: [3] });
  for (const name of readdirSync(`${lab.folder}/${folder}`).filter((each) => each.endsWith('.json'))) {
    const person = /-(p-\d+)\.json$/.exec(name)?.[1] ?? '';
    teller.fact(`${person}: ${people.sign(person, `${lab.folder}/${folder}/${name}`)}`);
  }
  await consultant.types(`approve ${gate} --file ${folder}`);
}

/**
 * Evidence by one's own hand: the auditor's seed draws objects out of the bundle, and a script that needs nothing of ours reads them again from the
 * target. The controller's identity opens the names.
 */
export async function sampleByHand({ lab, teller, consultant, signal }: Scene): Promise<void> {
  const bundle = `evidence/${lab.project}-final`;
  const sample = `evidence/${lab.project}-sample`;
  await consultant.types(
    `ledger sample ${bundle} --count 10 --seed ${randomBytes(8).toString('hex')} --identity ${path.basename(controllerIdentityFile)} --out ${sample}`,
  );
  const { endpoint, region, accessKey, secretKey } = lab.stores.target;
  const args = [`${sample}/rehash.py`, `${sample}/sample.json`, '--bundle', bundle, '--endpoint', endpoint, '--region', region];
  const env = labEnvironment({ AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey });
  teller.fact(
    `rehash.py, 10 objects of the auditor's draw read again from the target: ${await verdictOf(['python3', 'openssl'], args, lab.folder, signal, env)}`,
  );
}

/** The bundle, copied to a folder where nothing of the project is, and every verifier that this machine can run. */
export async function exportAndVerify({ lab, teller, consultant, signal }: Scene, kind: 'interim' | 'final'): Promise<void> {
  const { json } = await consultant.types(`ledger export --out evidence/${lab.project}-${kind}`);
  const { folder, size, kind: found } = json as { folder: string; size: number; kind: string };
  if (found !== kind) throw new LabError(`The bundle is ${found}, not ${kind}.`);
  const outside = mkdtempSync(path.join(tmpdir(), 'ecluse-auditor-'));
  try {
    cpSync(folder, path.join(outside, 'evidence'), { recursive: true });
    const there = path.join(outside, 'evidence');
    const verifiers = [
      { name: 'verify.py', args: ['verify.py', '--json'], needs: ['python3', 'openssl'] },
      ...(kind === 'final' ? [{ name: 'verify.sh', args: ['verify.sh'], needs: ['bash', 'openssl', 'jq', 'ssh-keygen'] }] : []),
    ];
    for (const { name, args, needs } of verifiers)
      teller.fact(`${name} on ${size} records, far from the project: ${await verdictOf(needs, args, there, signal)}`);
    if (kind === 'final') {
      const verdict = await verdictOfPage(there);
      teller.fact(`verify.html in the system's browser: ${verdict ?? 'not run: there is no Chromium here'}`);
      if (verdict !== undefined && verdict !== 'PASS') throw new LabError(`verify.html says ${verdict}.`);
    }
    const { json: ours } = await consultant.types(`ledger verify ${path.relative(lab.folder, folder)}`);
    const { verdict, checks } = ours as { verdict: string; checks: readonly { id: string; result: string }[] };
    teller.fact(`ecluse ledger verify: ${verdict}, ${checks.filter(({ result }) => result === 'PASS').length} checks passed, ${folder}`);
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
}

/** `needs`: the command itself, then what it calls. Anything but PASS ends the demo; what is not here is said. */
async function verdictOf(
  needs: readonly string[],
  args: readonly string[],
  folder: string,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = labEnvironment(),
): Promise<string> {
  const missing = needs.filter((command) => !isThere(command));
  if (missing.length > 0) return `not run: there is no ${missing.join(', no ')} here`;
  try {
    const { stdout } = await run(needs[0] ?? '', [...args], { cwd: folder, env, signal, maxBuffer: 64 << 20 });
    return stdout.startsWith('{') ? String((JSON.parse(stdout) as { verdict: string }).verdict) : (stdout.trim().split('\n').at(-1) ?? '');
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { readonly code?: number | string; readonly stdout?: string; readonly stderr?: string };
    throw new LabError(`${args[0]} did not pass (${code}):\n${stdout.slice(-3000)}${stderr.slice(-1000)}`);
  }
}
