import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { pythonCommand } from './floor.cjs';
import { LabError } from './lab-error.ts';

const run = promisify(execFile);

export interface Python {
  readonly command: string;
  /** `3.11`. */
  readonly version: string;
}

/** The first Python ≥ 3.9 on PATH, with its pip. */
export async function findPython(): Promise<Python> {
  for (const command of ['python3', 'python']) {
    const answer = await run(command, ['-c', 'import sys, pip; print("%d.%d" % sys.version_info[:2])']).catch(() => undefined);
    const version = answer?.stdout.trim() ?? '';
    if (Number(version.split('.')[0]) === 3 && Number(version.split('.')[1]) >= 9) return { command, version };
  }
  throw new LabError('No Python ≥ 3.9 with pip is on PATH.', pythonCommand());
}

/**
 * Installs `requirement` into `folder`, whole or not at all: pip works in a folder beside it that gets its name at the end.
 * `--target` needs no venv, no root, and nothing in it knows its own path, so a clone may be moved. pip's own settings
 * (index, proxy, certificates) hold, less those two that contradict `--target`.
 */
export async function pipInstall(python: Python, requirement: string, folder: string): Promise<void> {
  const making = `${folder}.${process.pid}.part`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--target', making, requirement];
  try {
    await run(python.command, args, { env: { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' }, maxBuffer: 16 << 20 });
    if (existsSync(folder)) return; // somebody else was faster
    renameSync(making, folder);
  } catch (error) {
    if (existsSync(folder)) return;
    const said = ((error as { stderr?: string }).stderr ?? String(error)).trim().split('\n').slice(-3).join('\n');
    throw new LabError(`pip could not install ${requirement}:\n${said}`, `${python.command} -m pip download --no-deps "${requirement}"`);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
