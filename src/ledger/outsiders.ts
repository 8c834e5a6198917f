import { errorCodes } from '../core/error-codes.ts';
import { eventId } from '../core/ids.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { GateRule } from '../model/policy.ts';
import type { TimestampAuthority } from '../ports/timestamp-authority.ts';
import type { Witness } from '../ports/witness.ts';
import { verifyCosignature } from './cosignature.ts';
import { ledgerActor } from './ledger-actor.ts';
import type { LogView } from './log-view.ts';
import { type Cosignature, cosignedNote, type PublishedCheckpoint, type TimestampToken } from './published.ts';
import { parseNote, parseVkey } from './signed-note.ts';
import type { Signer, SignerDeps } from './signer.ts';
import { consistencyProof } from './tree.ts';

export interface OutsiderDeps extends SignerDeps {
  readonly signer: Signer;
  readonly witnesses: readonly Witness[];
  readonly authorities: readonly TimestampAuthority[];
}

export interface Needs {
  readonly witnessed: GateRule['witnessed'];
  readonly timestamp: GateRule['timestamp'];
}

/** A checkpoint with what outsiders said of it. */
export interface Sealed {
  readonly checkpoint: PublishedCheckpoint;
  readonly cosignatures: readonly Cosignature[];
  readonly tokens: readonly TimestampToken[];
}

/**
 * A checkpoint over the log (`how`: over every record, or over all work), cosigned and dated. What `needs` asks for must succeed: WITNESS_… and
 * TIMESTAMP_… errors come through, and the next call goes on where this one stopped. What it does not ask for is tried, and its absence alarmed.
 */
export async function seal(deps: OutsiderDeps, how: 'publish' | 'cover', needs: Needs, signal: AbortSignal): Promise<Sealed> {
  for (;;) {
    const checkpoint = await deps.signer[how]();
    try {
      const cosignatures = await cosigned(deps, checkpoint, needs.witnessed, signal);
      const tokens = needs.timestamp === 'none' ? [] : [await dated(deps, checkpoint, needs.timestamp, signal)];
      return { checkpoint, cosignatures, tokens };
    } catch (error) {
      // What the witness has seen covers more than what we showed: that is what the gate opens under.
      if (!(await isSuperseded(deps, checkpoint, error))) throw error;
    }
  }
}

const dayMs = 86_400_000;

/** Has a checkpoint cosigned, and once a day dated, where that can be had now; who is away is alarmed, and asked again with the next checkpoint. */
export async function askOutsiders(deps: OutsiderDeps, checkpoint: PublishedCheckpoint, signal: AbortSignal): Promise<void> {
  await cosigned(deps, checkpoint, false, signal);
  const newest = Math.max(0, ...(await deps.published.tokens.all()).map(({ genTimeMs }) => genTimeMs));
  if (deps.authorities.length === 0 || deps.now() - newest < dayMs) return;
  await dated(deps, checkpoint, 'any', signal).catch((error: unknown) => {
    if (!isAlarmed(error)) throw error;
  });
}

async function cosigned(deps: OutsiderDeps, checkpoint: PublishedCheckpoint, isNeeded: boolean, signal: AbortSignal): Promise<readonly Cosignature[]> {
  const { leaves } = await deps.signer.view();
  const failures: unknown[] = [];
  for (const witness of deps.witnesses) {
    const known = await given(deps, checkpoint.size);
    if (known.some((each) => each.witness === witness.name)) continue;
    try {
      const proofOf = async (old: number): Promise<readonly Buffer[]> => (old === 0 ? [] : consistencyProof(old, leaves.slice(0, checkpoint.size)));
      const line = await witness.cosign(checkpoint.note, checkpoint.size, proofOf, signal);
      await keep(deps, { size: checkpoint.size, witness: witness.name, line, timeMs: timeOf(deps, checkpoint, witness.name, line) });
    } catch (error) {
      failures.push(error);
      if (!(await isSuperseded(deps, checkpoint, error))) await alarm(deps, witness.name, error);
    }
  }
  const all = await given(deps, checkpoint.size);
  // Kept, and the log may not say so yet: a crash here leaves that to the next call.
  for (const each of all) await recordCosignature(deps, checkpoint, each);
  if (isNeeded && organisations(deps, all) < deps.policy.witness_quorum) throw worthTrying(failures) ?? unnamed('witness');
  return all;
}

/** Another gate published and showed a newer checkpoint meanwhile: no fork, and no alarm. */
const isSuperseded = async ({ published }: OutsiderDeps, { size }: PublishedCheckpoint, error: unknown): Promise<boolean> =>
  isMigrationError(error, 'WITNESS_REFUSED') && ((await published.checkpoints.refresh()).at(-1)?.size ?? 0) > size;

const given = async ({ published }: OutsiderDeps, size: number): Promise<readonly Cosignature[]> =>
  (await published.cosignatures.all()).filter((each) => each.size === size);

/** One that is away may come back and fill the quorum, whatever another one refused. */
const worthTrying = (failures: readonly unknown[]): unknown =>
  failures.find((error) => !isMigrationError(error) || errorCodes[error.code].follows === 'retry') ?? failures[0];

/** Distinct organisations among the witnesses that cosigned; in production the operator's own is nobody outside. */
function organisations({ policy }: OutsiderDeps, cosignatures: readonly Cosignature[]): number {
  const names = new Set(cosignatures.map(({ witness }) => witness));
  const counted = policy.witnesses.filter(({ vkey, org }) => names.has(parseVkey(vkey).name) && (policy.class === 'lab' || org !== policy.operator));
  return new Set(counted.map(({ org }) => org)).size;
}

async function keep({ published }: OutsiderDeps, cosignature: Cosignature): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await published.cosignatures.all()).some(({ size, witness }) => size === cosignature.size && witness === cosignature.witness);
  while (!(await published.cosignatures.add(cosignature))) if (await isThere()) return;
}

function timeOf({ policy }: OutsiderDeps, { note }: PublishedCheckpoint, witness: string, line: string): number {
  const vkey = policy.witnesses.map((each) => parseVkey(each.vkey)).find(({ name }) => name === witness);
  if (!vkey) throw unnamed('witness');
  return verifyCosignature(parseNote(note).body, line, vkey).timeMs;
}

async function recordCosignature(deps: OutsiderDeps, checkpoint: PublishedCheckpoint, { witness, line, timeMs, size }: Cosignature): Promise<void> {
  const note = Buffer.from(cosignedNote(checkpoint, [{ witness, line, timeMs, size }]) ?? '');
  await say(deps, {
    event_id: eventId(deps.policy.project, 'log', `checkpoint-${size}`, `cosigned-${witness}`),
    event: 'witness.cosigned',
    actor: ledgerActor,
    unit: { kind: 'log', ref: witness },
    counts: { size, time: Math.floor(timeMs / 1000) },
    evidence: [{ name: 'cosigned', media_type: 'text/plain', sha256: await deps.depot.put(note), size_bytes: String(note.length) }],
  });
}

/** A token over the checkpoint: an earlier one serves again. Authorities are asked in the policy's order until one answers. */
async function dated(deps: OutsiderDeps, checkpoint: PublishedCheckpoint, how: 'any' | 'qualified', signal: AbortSignal): Promise<TimestampToken> {
  const fit = deps.policy.timestamps.filter(({ qualified }) => how === 'any' || qualified).map(({ name }) => name);
  const tokenFor = async (): Promise<TimestampToken | undefined> =>
    (await deps.published.tokens.all()).find(({ size, authority }) => size === checkpoint.size && fit.includes(authority));
  const failures: unknown[] = [];
  for (const authority of fit.flatMap((wanted) => deps.authorities.filter(({ name }) => name === wanted))) {
    if (await tokenFor()) break;
    try {
      const { query, response, genTimeMs } = await authority.stamp(Buffer.from(checkpoint.note), signal);
      const token = { size: checkpoint.size, authority: authority.name, query: query.toString('base64'), response: response.toString('base64'), genTimeMs };
      while (!(await deps.published.tokens.add(token))) if (await tokenFor()) break;
    } catch (error) {
      failures.push(error);
      await alarm(deps, authority.name, error);
    }
  }
  const token = await tokenFor();
  if (!token) throw worthTrying(failures) ?? unnamed('timestamp authority');
  await recordToken(deps, token);
  return token;
}

async function recordToken(deps: OutsiderDeps, { size, authority, query, response, genTimeMs }: TimestampToken): Promise<void> {
  const file = async (name: string, text: string) => {
    const bytes = Buffer.from(text, 'base64');
    return {
      name,
      media_type: `application/timestamp-${name === 'query' ? 'query' : 'reply'}`,
      sha256: await deps.depot.put(bytes),
      size_bytes: String(bytes.length),
    };
  };
  await say(deps, {
    event_id: eventId(deps.policy.project, 'log', `checkpoint-${size}`, `dated-${authority}`),
    event: 'tsa.token',
    actor: ledgerActor,
    unit: { kind: 'log', ref: authority },
    counts: { size, gen_time: Math.floor(genTimeMs / 1000) },
    evidence: [await file('query', query), await file('token', response)],
  });
}

const isAlarmed = (error: unknown): boolean => isMigrationError(error, 'TIMESTAMP_UNAVAILABLE', 'TIMESTAMP_REFUSED', 'CONFIG_INVALID');

const unnamed = (what: string): MigrationError =>
  new MigrationError('CONFIG_INVALID', { operation: 'seal', detail: `ecluse.yaml and the policy do not name the same ${what}: see docs/evidence.md` });

/** An outsider that is down for an hour is one alarm, not a thousand: by the hour. */
async function alarm(deps: OutsiderDeps, name: string, error: unknown): Promise<void> {
  const code = isMigrationError(error) ? error.code : 'UNEXPECTED';
  await say(deps, {
    event_id: eventId(deps.policy.project, 'log', `alarm-${name}`, code, new Date(deps.now()).toISOString().slice(0, 13)),
    event: 'log.alarm',
    actor: ledgerActor,
    unit: { kind: 'log', ref: name },
    reasons: [code],
  });
}

/** A closed log takes no word about its last checkpoint: what outsiders said of it stands in the journals, and in the bundle. */
async function say(deps: OutsiderDeps, draft: LedgerDraft): Promise<void> {
  const view: LogView = await deps.signer.view();
  if (view.decisions.at(-1)?.event !== 'log.closed') await deps.ledger.append([draft]);
}
