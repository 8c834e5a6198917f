import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createEvidenceActivities } from '../../../src/activities/evidence.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { cosignLine } from '../../../src/ledger/cosignature.ts';
import { makeLogKeys } from '../../../src/ledger/log-keys.ts';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import { parseCheckpoint, parseNote, parseVkey, verifyNote } from '../../../src/ledger/signed-note.ts';
import { openSigner } from '../../../src/ledger/signer.ts';
import { verifyConsistency } from '../../../src/ledger/tree-proofs.ts';
import { type ApprovalFile, approvalNamespace, type SignedApproval } from '../../../src/model/approval.ts';
import type { LedgerRecord } from '../../../src/model/ledger-record.ts';
import type { GateRule, Policy } from '../../../src/model/policy.ts';
import type { Depot } from '../../../src/ports/depot.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import type { TimestampAuthority } from '../../../src/ports/timestamp-authority.ts';
import type { Witness } from '../../../src/ports/witness.ts';
import { makePersonKey, makeSampleWitness, type PersonKey, type SampleWitness } from '../../support/evidence/test-keys.ts';
import { openRoom, type Room } from '../../support/evidence-room.ts';
import { createMemoryDepot, type MemoryDepot } from '../../support/memory-depot.ts';
import { draftOf } from './drafts.ts';

export const project = 'demo';
export const log = 'ecluse.example/log/demo';
export const startMs = Date.parse('2026-12-01T08:00:00.000Z');

/** A clock that goes on only when it is told. */
export interface SteppedClock {
  readonly now: () => number;
  step(ms: number): void;
}

export function steppedClock(atMs = startMs): SteppedClock {
  let nowMs = atMs;
  return {
    now: () => nowMs,
    step: (ms) => {
      nowMs += ms;
    },
  };
}

/** A witness that keeps to the rules in memory: checks signature and proof, and sees sizes only growing. */
export interface MemoryWitness extends Witness {
  readonly sample: SampleWitness;
  readonly sizes: number[];
  isAway: boolean;
  asked: number;
}

export function memoryWitness(name: string, org: string, clock: SteppedClock, logVkeys: () => readonly string[]): MemoryWitness {
  const sample = makeSampleWitness(name, org);
  const refused = (detail: string): MigrationError => new MigrationError('WITNESS_REFUSED', { operation: 'cosign', detail });
  let seen = { size: 0, root: '' };
  const witness: MemoryWitness = {
    name,
    sample,
    sizes: [],
    isAway: false,
    asked: 0,
    cosign: async (note, size, proofOf) => {
      witness.asked += 1;
      if (witness.isAway) throw new MigrationError('WITNESS_UNAVAILABLE', { operation: 'cosign' });
      verifyNote(note, logVkeys().map(parseVkey));
      const { body } = parseNote(note);
      const root = parseCheckpoint(body).root;
      if (size < seen.size) throw refused('409');
      if (size === seen.size && root !== seen.root) throw refused('another root');
      const proof = await proofOf(seen.size);
      if (seen.size > 0 && size > seen.size && !verifyConsistency(seen.size, Buffer.from(seen.root, 'hex'), size, Buffer.from(root, 'hex'), proof))
        throw refused('422');
      seen = { size, root };
      witness.sizes.push(size);
      return cosignLine(body, name, sample.privateKey, Math.floor(clock.now() / 1000));
    },
  };
  return witness;
}

export interface MemoryAuthority extends TimestampAuthority {
  isAway: boolean;
  asked: number;
}

/** Its tokens are nobody's: what reads them is tested with real ones. */
export function memoryAuthority(name: string, clock: SteppedClock): MemoryAuthority {
  const authority: MemoryAuthority = {
    name,
    isAway: false,
    asked: 0,
    stamp: async () => {
      authority.asked += 1;
      if (authority.isAway) throw new MigrationError('TIMESTAMP_UNAVAILABLE', { operation: 'stamp' });
      return { query: randomBytes(8), response: randomBytes(8), genTimeMs: clock.now() };
    },
  };
  return authority;
}

export const plain: GateRule = { seats: [], witnessed: false, timestamp: 'none' };
export const owner = { role: 'owner', org: 'hospital' };
export const lead = { role: 'lead', org: 'integrator' };

/** The people of the tests, by id. */
export interface Person {
  readonly key: PersonKey;
  readonly approver: Policy['approvers'][number];
}

export function person(
  id: string,
  { role, org }: { role: string; org: string },
  more: Partial<Policy['approvers'][number]> = {},
  key = makePersonKey('ed25519'),
): Person {
  const valid = { valid_after: '2026-01-01T00:00:00Z', valid_before: '2027-12-31T00:00:00Z', presence: 'none' as const };
  return { key, approver: { id, org, roles: [role], key: key.publicKey, ...valid, ...more } };
}

/** What the ledger role stands on, in memory; a room is one worker over it, and may be opened anew. */
export interface World {
  readonly clock: SteppedClock;
  readonly ledger: Ledger;
  readonly depot: MemoryDepot;
  readonly witnesses: readonly MemoryWitness[];
  readonly authorities: readonly MemoryAuthority[];
  readonly folder: string;
  /** Every root that was ever signed, by size. */
  readonly signedRoots: Map<number, Set<string>>;
  room(more?: RoomChanges): Worker;
  records(): Promise<LedgerRecord[]>;
  reach(gate: string, workload?: string, n?: number, scope?: object): Promise<{ scope: string; seq: number }>;
}

export interface RoomChanges {
  readonly ledger?: Ledger;
  readonly depot?: Depot;
  readonly folder?: string;
  readonly witnesses?: readonly Witness[];
  readonly authorities?: readonly TimestampAuthority[];
  readonly checkClock?: Room['checkClock'];
}

export type Activities = ReturnType<typeof createEvidenceActivities>;

export interface Worker extends Room {
  /** An activity of the ledger role as Temporal would run it. */
  run<K extends keyof Activities>(name: K, task: Parameters<Activities[K]>[0], signal?: AbortSignal): Promise<Awaited<ReturnType<Activities[K]>>>;
  open(): Promise<void>;
}

export interface WorldOptions {
  readonly change?: (policy: Policy) => Policy;
  readonly witnesses?: readonly (readonly [name: string, org: string])[];
  readonly authorities?: readonly (readonly [name: string, qualified: boolean])[];
  readonly ledger?: (clock: SteppedClock) => Ledger;
}

export const writerOf = (clock: SteppedClock) => ({
  project,
  origin: log,
  host: { id: 'h1' },
  software: { name: 'ecluse', version: '1', build: 'test' },
  now: clock.now,
});

const keysOnce = mkdtempSync(path.join(tmpdir(), 'ecluse-keys-'));
let areKeysMade = false;

/** A copy of one pair of keys that was never used: making keys costs more than a test. */
export function freshKeys(): string {
  if (!areKeysMade) makeLogKeys(keysOnce, log, 'first', startMs - 1000);
  areKeysMade = true;
  return copyOf(keysOnce);
}

export function copyOf(folder: string): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'ecluse-keys-'));
  cpSync(folder, copy, { recursive: true });
  return copy;
}

export function makeWorld({
  change = (policy) => policy,
  witnesses = [],
  authorities = [],
  ledger: make = (clock) => openMemoryLedger(writerOf(clock)),
}: WorldOptions = {}): World {
  const clock = steppedClock();
  const ledger = make(clock);
  const depot = createMemoryDepot();
  const folder = freshKeys();
  const signedRoots = new Map<number, Set<string>>();
  let vkeys: string[] = [];
  const outside = witnesses.map(([name, org]) => memoryWitness(name, org, clock, () => vkeys));
  const dated = authorities.map(([name]) => memoryAuthority(name, clock));
  const withOutsiders = (policy: Policy): Policy =>
    change({
      ...policy,
      controller: 'hospital',
      operator: 'integrator',
      witnesses: outside.map(({ sample }) => ({ vkey: sample.vkey, org: sample.org })),
      timestamps: authorities.map(([name, qualified]) => ({ name, qualified, ca: 'none' })),
    });
  const world: World = {
    clock,
    ledger,
    depot,
    witnesses: outside,
    authorities: dated,
    folder,
    signedRoots,
    room: (more = {}) => {
      const opened = openRoom({
        ledger: more.ledger ?? ledger,
        depot: more.depot ?? depot,
        project,
        log,
        change: withOutsiders,
        witnesses: more.witnesses ?? outside,
        authorities: more.authorities ?? dated,
        now: clock.now,
        folder: more.folder ?? folder,
      });
      vkeys = [...new Set([...vkeys, ...opened.keys.generations.map(({ vkey }) => vkey.text)])];
      const watched = opened.keys.generations.map((keys) => ({ ...keys, sign: (body: string) => note(signedRoots, body, keys.sign(body)) }));
      const deps = {
        ...opened,
        keys: { current: watched.at(-1) ?? opened.keys.current, generations: watched },
        ...(more.checkClock ? { checkClock: more.checkClock } : {}),
      };
      const room = { ...deps, signer: openSigner(deps) };
      const activities = createEvidenceActivities(() => room);
      const run: Worker['run'] = (name, task, signal) => {
        const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
        signal?.addEventListener('abort', () => environment.cancel());
        return environment.run(activities[name] as never, task) as never;
      };
      return { ...room, run, open: async () => run('openProject', { project, planDigest: await depot.put(Buffer.from('plan')), workloads: 1, by: 'p-boss' }) };
    },
    records: async () => (await ledger.read(0, 100_000)).map((line) => JSON.parse(line) as LedgerRecord),
    reach: async (gate, workload = 'w0', n = 1, scope = {}) => {
      const digest = await depot.put(Buffer.from(canonicalJson({ v: 1, project, workload, gate, losses: [], ...scope })));
      const [record] = await ledger.append([
        draftOf(`${project}/${workload}/gate-${gate}/reached/${n}`, {
          event: 'gate.reached',
          unit: { kind: 'bucket', ref: workload },
          approval: { approver: { id: 'svc:control' }, gate, scope_sha256: digest },
          evidence: [{ name: 'scope', media_type: 'application/json', sha256: digest, size_bytes: '1' }],
        }),
      ]);
      return { scope: digest, seq: record?.seq ?? 0 };
    },
  };
  return world;
}

function note(roots: Map<number, Set<string>>, body: string, line: string): string {
  const { size, root } = parseCheckpoint(body);
  roots.set(size, (roots.get(size) ?? new Set()).add(root));
  return line;
}

/** The task of a gate as the workflow hands it over. */
export const gateTask = (gate: 'loss' | 'cutover' | 'finalize' | 'discard', scope: string, { workload = 'w0', n = 1, by = 'p-1', isSigned = true } = {}) =>
  ({
    place: { project, workload, run: 1, pass: 0, turn: 0 },
    entry: { name: workload, kind: 'bucket' },
    gate,
    scope,
    n,
    by,
    isSigned,
  }) as unknown as Parameters<Activities['sealGate']>[0];

/** What an approver signs, from what the project shows. `edit` makes it wrong. */
export function approvalOf(
  who: Person,
  shown: { gate: string; subject: string; scope: string; checkpoint: { size: number; root: string } },
  edit: Partial<ApprovalFile> = {},
): ApprovalFile {
  const { id, org, roles } = who.approver;
  return {
    v: 1,
    project,
    subject: shown.subject,
    gate: shown.gate as ApprovalFile['gate'],
    approver: { id, org, role: roles[0] ?? '' },
    scope_sha256: shown.scope,
    verified_roots: [],
    checkpoint: shown.checkpoint,
    nonce: randomBytes(16).toString('hex'),
    not_before: new Date(startMs - 86_400_000).toISOString(),
    expires: new Date(startMs + 7 * 86_400_000).toISOString(),
    summary: { objects: 1, size_bytes: '1', verdict: 'PASS', losses: [] },
    ...edit,
  };
}

export function signedBy(key: PersonKey, file: ApprovalFile, { namespace = approvalNamespace, flags = 1 } = {}): SignedApproval {
  const text = `${canonicalJson(file)}\n`;
  return { file: text, signature: key.sign(Buffer.from(text), namespace, flags) };
}
