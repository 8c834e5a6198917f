import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComparedBucket } from './bucket-contents.ts';

/** What rclone found when it downloaded both sides. Keys in the lists as rclone writes them. */
export interface RcloneResult {
  /** rclone's own: 0 = all equal. */
  readonly exitCode: number;
  readonly matching: number;
  readonly different: readonly string[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** Could not be read or compared. */
  readonly failed: readonly string[];
}

/**
 * `rclone check --download` between two stores: another program's judgement. It does not see markers (`dir/`), metadata or tags;
 * compareBuckets does. Throws when rclone cannot be run, or fails without naming an object.
 */
export async function rcloneCheck(options: { rclone: string; a: ComparedBucket; b: ComparedBucket; signal?: AbortSignal }): Promise<RcloneResult> {
  const { rclone, a, b } = options;
  const folder = await mkdtemp(join(tmpdir(), 'rclone-check-'));
  try {
    const config = join(folder, 'rclone.conf');
    await writeFile(config, remote('a', a) + remote('b', b), { mode: 0o600 });
    const combined = join(folder, 'combined');
    const args = [
      'check',
      '--download',
      '--no-unicode-normalization',
      '--config',
      config,
      '--combined',
      combined,
      '--checkers',
      '16',
      '--low-level-retries',
      '2',
    ];
    const { exitCode, errors } = await run(rclone, [...args, `a:${a.bucket}`, `b:${b.bucket}`], options.signal);
    const result = { exitCode, ...parsed(await readFile(combined, 'utf8')) };
    // 1 is rclone's word for "they differ"; any other code without an unreadable object means that there was no comparison.
    const explained = exitCode === 1 ? result.different.length + result.onlyInA.length + result.onlyInB.length + result.failed.length : result.failed.length;
    if (exitCode !== 0 && explained === 0) throw new Error(`rclone check ended with ${exitCode}: ${errors.slice(-500)}`);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function remote(name: string, { endpoint, accessKey, secretKey, region }: ComparedBucket): string {
  // Encoding only what rclone's own paths cannot hold; the store's keys are taken as they are.
  return (
    `[${name}]\ntype = s3\nprovider = Other\nforce_path_style = true\nlist_url_encode = true\nencoding = InvalidUtf8\n` +
    `endpoint = ${endpoint}\nregion = ${region}\naccess_key_id = ${accessKey}\nsecret_access_key = ${secretKey}\n\n`
  );
}

function run(command: string, args: readonly string[], signal?: AbortSignal): Promise<{ exitCode: number; errors: string }> {
  // A bundle that does not exist, or belongs to another store, stops rclone at once even over plain http.
  const { AWS_CA_BUNDLE: _bundle, ...environment } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'], signal });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4_096);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? -1, errors }));
  });
}

/** Lines of `--combined`: a sign, a space, the path. `=` same, `*` differ, `-` only in b, `+` only in a, `!` error. */
function parsed(combined: string): Omit<RcloneResult, 'exitCode'> {
  const lines = combined.split('\n').filter((line) => line !== '');
  const marked = (sign: string): readonly string[] => lines.filter((line) => line.startsWith(`${sign} `)).map((line) => line.slice(2));
  return { matching: marked('=').length, different: marked('*'), onlyInA: marked('+'), onlyInB: marked('-'), failed: marked('!') };
}
