#!/usr/bin/env node
/** `npm run deploy:init`: makes the secrets and the configuration of a production deployment. Never overwrites a file. */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { containerOwner, type DeploymentFile, deploymentFiles, deploymentFolders, type Owner } from './deployment.ts';

const help = `npm run deploy:init [-- --missing] [-- --folder DIR]

Makes deploy/secrets (0700, files 0600), deploy/project/ecluse.yaml and .env for docker-compose.yml.
Refuses with exit 2, and writes nothing, if one of the files is there.

  --missing       make only the files that are not there, and touch no other
  --folder DIR    the project's folder (default: here)
  --help          this text
`;

function main(): number {
  let options: { readonly help: boolean; readonly missing: boolean; readonly folder: string };
  try {
    options = parseArgs({
      options: { help: { type: 'boolean', default: false }, missing: { type: 'boolean', default: false }, folder: { type: 'string', default: '.' } },
    }).values;
  } catch (error) {
    return say(2, `deploy:init: ${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  }
  if (options.help) return say(0, help);

  const folder = resolve(options.folder);
  if (!existsSync(join(folder, 'docker-compose.yml'))) return say(2, `deploy:init: ${folder} has no docker-compose.yml. Run it in the project's folder.\n`);
  const owner = ownerOf();
  if (!owner) return say(2, 'deploy:init: this system has no user ids. On Windows, run it in WSL2, where Docker runs.\n');

  const files = deploymentFiles(owner, randomBytes);
  const there = files.filter((file) => existsSync(join(folder, file.path)));
  if (there.length > 0 && !options.missing) return say(2, refusal(there));
  const made = files.filter((file) => !there.includes(file));
  write(folder, made, owner);
  return say(0, nextSteps(made));
}

/** Root cannot own them: no container runs as root. Undefined where the system has no user ids. */
function ownerOf(): Owner | undefined {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) return undefined;
  return uid === 0 ? containerOwner : { uid, gid };
}

/** A crash here leaves some of the files, each whole or empty and none that was there before; `--missing` makes the rest. */
function write(folder: string, files: readonly DeploymentFile[], owner: Owner): void {
  for (const name of deploymentFolders) {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    give(path, owner);
  }
  for (const file of files) {
    const path = join(folder, file.path);
    // wx: a file that appeared since we looked is not overwritten either.
    writeFileSync(path, file.text, { flag: 'wx', mode: file.mode });
    chmodSync(path, file.mode);
    give(path, owner);
  }
}

function give(path: string, owner: Owner): void {
  if (process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
}

const refusal = (there: readonly DeploymentFile[]): string => `deploy:init: nothing was written, because these are already there:
${there.map((file) => `  ${file.path}\n`).join('')}
To keep them and make only what is missing:  npm run deploy:init -- --missing
To start over, move them away first. Keep deploy/secrets/reference.key (it links the ledger to the names), deploy/secrets/ledger
(the keys that sign the ledger: without them it cannot go on) and deploy/secrets/postgres.password (PostgreSQL keeps the one of its first start) of any deployment that ever ran.
`;

const nextSteps = (made: readonly DeploymentFile[]): string => `deploy:init: made
${made.length > 0 ? made.map((file) => `  ${file.path}\n`).join('') : '  nothing, all files were there\n'}
Next:
  1. Name the project and its stores in deploy/project/ecluse.yaml.
  2. Fill in deploy/secrets/control.credentials and deploy/secrets/transfer.credentials. The ledger worker has none.
  3. Copy deploy/secrets/reference.key to a safe place: without it nobody can link the ledger to the names.
  4. docker compose run --rm --no-deps ledger ledger init --class production
     It makes deploy/secrets/ledger/keys (copy them to a safe place) and policy.json beside them, to be filled in: docs/evidence.md.
  5. docker compose up --detach --wait
  6. docker compose run --rm ecluse doctor
docs/production.md has the rest: TLS and login, backups, upgrades.
`;

function say(code: number, text: string): number {
  (code === 0 ? process.stdout : process.stderr).write(text);
  return code;
}

process.exitCode = main();
