import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cloneFolder, labFolder } from './folders.ts';
import { makePeople, type People } from './people.ts';
import { writePrivate } from './state.ts';
import { makeAuthority } from './tsa.ts';
import { addLogToWitness, makeLabWitness } from './witness.ts';
import { ownNode, workerEnvironment } from './workers.ts';

/** Parties outside the operator, as a controller would have them: a witness, a timestamp authority where openssl is, people who sign. */
export interface Outsiders {
  readonly witness: { readonly name: string; readonly folder: string };
  readonly authority?: { readonly name: string; readonly folder: string };
}

const witnessFolder = `${labFolder}/witness`;
const authorityFolder = `${labFolder}/tsa`;

/** Where the signing keys and the rules of a project's log are. */
export const ledgerFiles = (project: string) => ({
  keys: `${labFolder}/projects/${project}/ledger-keys`,
  policy: `${labFolder}/projects/${project}/policy.json`,
});

export function makeOutsiders(hasAuthority: boolean): Outsiders {
  const witness = { name: 'witness.example/controller', folder: witnessFolder };
  makeLabWitness(witness.folder, witness.name);
  if (!hasAuthority) return { witness };
  makeAuthority(authorityFolder);
  return { witness, authority: { name: 'lab-tsa', folder: authorityFolder } };
}

/**
 * Keys and policy of the lab's project, made once by the command itself. Without outsiders the policy asks for nothing; with them it asks for what
 * a real one would: two people of two organisations, a witness, timestamps. Its class stays `lab`: what is signed here is no evidence.
 */
export function prepareLedger(project: string, outsiders?: Outsiders): void {
  const { policy: file } = ledgerFiles(project);
  if (existsSync(file)) return;
  mkdirSync(`${labFolder}/projects/${project}`, { recursive: true });
  execFileSync(ownNode(), [`${cloneFolder}/src/cli/ecluse.mjs`, 'ledger', 'init'], { env: workerEnvironment(), cwd: labFolder, stdio: 'pipe' });
  if (!outsiders) return;
  const policy = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & { keys: { log: string } };
  addLogToWitness(outsiders.witness.folder, policy.keys.log);
  writePrivate(file, `${JSON.stringify({ ...policy, ...rulesOf(outsiders, makePeople(project)) }, undefined, 2)}\n`);
}

function rulesOf({ witness, authority }: Outsiders, people: People): Record<string, unknown> {
  const owner = { role: 'data-owner', org: 'hospital' };
  const lead = { role: 'migration-lead', org: 'integrator' };
  const timestamp = authority ? 'any' : 'none';
  const validity = { valid_after: '2020-01-01T00:00:00Z', valid_before: '2100-01-01T00:00:00Z', presence: 'none' };
  const light = { seats: [owner], witnessed: false, timestamp: 'none' };
  const heavy = { seats: [owner, lead], witnessed: true, timestamp };
  return {
    controller: 'hospital',
    operator: 'integrator',
    witnesses: [{ vkey: makeLabWitness(witness.folder, witness.name), org: 'hospital' }],
    witness_quorum: 1,
    timestamps: authority ? [{ name: authority.name, ca: readFileSync(`${authority.folder}/root.pem`, 'utf8'), qualified: false }] : [],
    approvers: [
      { id: 'p-017', org: 'hospital', roles: ['data-owner'], key: people.keyOf('p-017'), ...validity },
      { id: 'p-031', org: 'integrator', roles: ['migration-lead'], key: people.keyOf('p-031'), ...validity },
    ],
    gates: { loss: light, cutover: heavy, finalize: heavy, discard: heavy, gap: light },
  };
}
