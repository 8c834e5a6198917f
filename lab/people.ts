import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { labFolder } from './folders.ts';
import { makeSshKey } from './ssh-key.ts';

/** The approvers of the lab's project, with their own keys in a folder that no worker reads. */
export interface People {
  /** As in a `.pub` file, without comment. */
  keyOf(person: string): string;
  /** Signs `file` as `ssh-keygen -Y sign` does: writes `FILE.sig`. Answers the line that a person would type. */
  sign(person: string, file: string): string;
}

const namespace = 'approval-v1@ecluse';
const ids = ['p-017', 'p-031'] as const;

/** Made once a project. With OpenSSH where it is, else with keys of the same form. */
export function makePeople(project: string): People {
  const folder = `${labFolder}/people/${project}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hasSsh = isThere('ssh-keygen');
  for (const id of ids) if (!existsSync(`${folder}/${id}.pub`)) makeKey(`${folder}/${id}`, hasSsh);
  return {
    keyOf: (person) => readFileSync(`${folder}/${person}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' '),
    sign: (person, file) => {
      if (existsSync(`${folder}/${person}.seed`)) {
        const { sign } = makeSshKey(readFileSync(`${folder}/${person}.seed`));
        writeFileSync(`${file}.sig`, sign(readFileSync(file), namespace));
      } else execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-f', `${folder}/${person}`, '-n', namespace, file], { stdio: 'pipe' });
      return `ssh-keygen -Y sign -f ${person} -n ${namespace} ${file.split('/').at(-1)}`;
    },
  };
}

function makeKey(file: string, hasSsh: boolean): void {
  if (hasSsh) return void execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file], { stdio: 'pipe' });
  const seed = crypto.getRandomValues(new Uint8Array(32));
  writeFileSync(`${file}.seed`, seed, { mode: 0o600 });
  writeFileSync(`${file}.pub`, `${makeSshKey(Buffer.from(seed)).publicKey}\n`);
}

/** Any answer but "no such command": what the question means to each of them does not matter. */
export function isThere(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
