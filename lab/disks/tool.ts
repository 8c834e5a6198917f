import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { LabError } from '../lab-error.ts';

export interface ToolOptions {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ToolAnswer {
  readonly stdout: string;
  readonly stderr: string;
}

/** Administrators' programs stand in sbin, which an ordinary user's PATH leaves out. */
const searchPath = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'];

/** Runs one program to its end, without a shell. Throws a LabError that ends with what it said last. */
export function runTool(name: string, args: readonly string[], { folder, environment }: ToolOptions = {}): Promise<ToolAnswer> {
  const env = { ...process.env, LC_ALL: 'C', PATH: searchPath.join(':'), ...environment };
  return new Promise((resolve, reject) => {
    execFile(name, [...args], { env, maxBuffer: 64 << 20, ...(folder === undefined ? {} : { cwd: folder }) }, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-4).join('\n');
      reject(new LabError(`${name} did not succeed (${error.code ?? error.signal ?? error.message}): ${said}`));
    });
  });
}

/** Whether this machine has a program of that name. */
export const hasTool = (name: string): boolean => searchPath.some((folder) => folder !== '' && isExecutable(`${folder}/${name}`));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
