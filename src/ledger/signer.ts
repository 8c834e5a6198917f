import { createHash } from 'node:crypto';
import { eventId } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { Policy } from '../model/policy.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger } from '../ports/ledger.ts';
import { recordGap } from './gap.ts';
import type { LogKeys, LogKeyStore } from './log-keys.ts';
import { followLog, type LogView } from './log-view.ts';
import type { Published, PublishedCheckpoint } from './published.ts';
import { checkpointBody, noteOf } from './signed-note.ts';
import { readSignedState, type SignedState, writeSignedState } from './signed-state.ts';
import { merkleRoot } from './tree.ts';

export type ClockState = NonNullable<LedgerRecord['clock']>;

export interface SignerDeps {
  readonly ledger: Ledger;
  readonly depot: Depot;
  readonly published: Published;
  readonly policy: Policy;
  /** The bytes of policy.json, which `log.opened` binds. */
  readonly policyBytes: Buffer;
  readonly keys: LogKeyStore;
  /** Holds the keys and how far they have signed. */
  readonly keyFolder: string;
  /** How the clock stands against its source. LEDGER_CLOCK when it is more than five minutes off. */
  readonly checkClock: () => Promise<ClockState>;
  readonly now: () => number;
}

export interface Signer {
  /** Everything that is in the log now is under the answered checkpoint. A log that has not grown is not signed again. */
  publish(): Promise<PublishedCheckpoint>;
  view(): Promise<LogView>;
  /** Ends the log: its last record, and a checkpoint over it. A log that is closed is answered as it is. */
  close(draft: (view: LogView) => LedgerDraft): Promise<PublishedCheckpoint>;
  /** Publishes when the policy's count of records or its time has come. */
  publishWhenDue(): Promise<PublishedCheckpoint | undefined>;
}

export const ledgerActor = { id: 'svc:ledger', type: 'service', auth: 'client-asserted' } as const;

/**
 * The one that signs. Its durable steps, in this order: rows are committed → the state says which root may be signed → the checkpoint is
 * published → the log says so. It refuses what is not an extension of all it signed before, on this host or, by the journal, on any other.
 */
export function openSigner(deps: SignerDeps): Signer {
  const follow = followLog(deps.ledger);
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: two gates that close at once share a checkpoint or follow each other. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.catch(() => undefined).then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    view: follow,
    publish: () => alone(() => publish(deps, follow)),
    close: (draft) =>
      alone(async () => {
        const view = await follow();
        if (!isClosed(view)) await deps.ledger.append([draft(view)], { size: view.leaves.length, head: view.head });
        return publish(deps, follow);
      }),
    publishWhenDue: () =>
      alone(async () => {
        const view = await follow();
        if (view.decisions.length === 0 || isClosed(view)) return undefined;
        const size = (await deps.published.checkpoints.all()).at(-1)?.size ?? 0;
        const { every_records, every_seconds } = deps.policy.checkpoint;
        const isTime = deps.now() - (view.publishedAtMs ?? 0) >= every_seconds * 1000;
        return isTime || view.wanting(size) >= every_records ? publish(deps, follow) : undefined;
      }),
  };
}

const isClosed = ({ decisions }: LogView): boolean => decisions.at(-1)?.event === 'log.closed';

async function publish(deps: SignerDeps, follow: () => Promise<LogView>): Promise<PublishedCheckpoint> {
  for (;;) {
    await refuseShrunk(deps.ledger, follow);
    const before = await follow();
    const known = (await deps.published.checkpoints.all()).at(-1);
    refuseOther(before, known);
    refuseOther(before, readSignedState(deps.keyFolder));
    // A crash after the last publication left a checkpoint that the log does not mention yet.
    if (known) await recordPublished(deps, before, known);
    if (known && known.size === before.leaves.length) return known;
    const view = await prepared(deps, follow, before);
    const signed = await sign(deps, view, known?.size ?? 0);
    if (!(await deps.published.checkpoints.add(signed))) continue; // another ledger worker published meanwhile: look at what it did
    // Published, and the log does not say so yet. A crash here leaves that to the next call.
    await recordPublished(deps, view, signed);
    return signed;
  }
}

/** What must stand in the log before it is signed: a gap that ends now, and keys that take the place of others. */
async function prepared(deps: SignerDeps, follow: () => Promise<LogView>, view: LogView): Promise<LogView> {
  if (isClosed(view)) return view;
  await recordGap(deps, view);
  const { current } = deps.keys;
  if (!view.decisions.some((each) => ceremonyOf(each) === digestOf(current.ceremony))) await recordCeremony(deps, current);
  return follow();
}

async function sign(deps: SignerDeps, view: LogView, publishedSize: number): Promise<PublishedCheckpoint> {
  const size = view.leaves.length;
  const root = view.root();
  // Before the signature exists: from here on this host signs nothing that does not hold these records.
  await writeSignedState(deps.keyFolder, { size, root: root.toString('hex') });
  const body = checkpointBody({ origin: deps.policy.log, size, root });
  const signers = keysFor(deps, view, publishedSize);
  const note = noteOf(
    body,
    signers.map((key) => key.sign(body)),
  );
  const p256 = (signers[0] as LogKeys).signP256(Buffer.from(note)).toString('base64');
  return { size, root: root.toString('hex'), note, p256, at: new Date(deps.now()).toISOString() };
}

/** The keys in force, first; behind them those that a rotation since the last checkpoint replaced: they vouch for their successor. */
function keysFor({ keys }: SignerDeps, view: LogView, publishedSize: number): readonly LogKeys[] {
  const ceremonies = view.decisions.filter(({ event }) => event === 'key.ceremony');
  const known = (record: LedgerRecord | undefined): LogKeys => {
    const found = keys.generations.find(({ ceremony }) => record !== undefined && digestOf(ceremony) === ceremonyOf(record));
    if (!found) throw new MigrationError('LEDGER_KEYS', { operation: 'sign', detail: 'the keys that the log names are not in the folder of keys' });
    return found;
  };
  const fresh = ceremonies.filter(({ seq }, n) => n > 0 && seq >= publishedSize);
  const replaced = fresh.map((record) => known(ceremonies[ceremonies.indexOf(record) - 1]));
  return [known(ceremonies.at(-1)), ...replaced.reverse()];
}

const ceremonyOf = ({ event, evidence }: LedgerRecord): Digest | undefined =>
  event === 'key.ceremony' ? evidence?.find(({ name }) => name === 'ceremony')?.sha256 : undefined;

const digestOf = (bytes: Buffer): Digest => createHash('sha256').update(bytes).digest('hex');

/** The first keys are on record with the opening; others when they begin to sign. */
export async function recordCeremony({ ledger, depot, policy }: Pick<SignerDeps, 'ledger' | 'depot' | 'policy'>, keys: LogKeys): Promise<void> {
  const sha256 = await depot.put(keys.ceremony);
  await ledger.append([
    {
      event_id: eventId(policy.project, 'log', 'ceremony', sha256.slice(0, 16)),
      event: 'key.ceremony',
      actor: ledgerActor,
      evidence: [{ name: 'ceremony', media_type: 'application/json', sha256, size_bytes: String(keys.ceremony.length) }],
    },
  ]);
}

async function recordPublished(deps: SignerDeps, view: LogView, { size, note, p256 }: PublishedCheckpoint): Promise<void> {
  // A closed log takes no word any more, not even about its last checkpoint.
  if (isClosed(view)) return;
  const file = async (name: string, mediaType: string, bytes: Buffer) => ({
    name,
    media_type: mediaType,
    sha256: await deps.depot.put(bytes),
    size_bytes: String(bytes.length),
  });
  const draft: LedgerDraft = {
    event_id: eventId(deps.policy.project, 'log', `checkpoint-${size}`, 'published'),
    event: 'checkpoint.published',
    actor: ledgerActor,
    unit: { kind: 'log', ref: deps.policy.log },
    counts: { size },
    clock: await deps.checkClock(),
    evidence: [await file('checkpoint', 'text/plain', Buffer.from(note)), await file('p256', 'application/octet-stream', Buffer.from(p256, 'base64'))],
  };
  await deps.ledger.append([draft]);
}

/** A store that lost records it once showed: an older copy was put in its place while we ran. */
async function refuseShrunk(ledger: Ledger, follow: () => Promise<LogView>): Promise<void> {
  const seen = (await follow()).leaves.length;
  const { size } = await ledger.head();
  if (size < seen) throw truncated(size, seen);
}

function refuseOther({ leaves }: LogView, signed: SignedState | undefined): void {
  if (!signed) return;
  if (leaves.length < signed.size) throw truncated(leaves.length, signed.size);
  if (merkleRoot(leaves.slice(0, signed.size)).toString('hex') !== signed.root)
    throw new MigrationError('LEDGER_FORKED', { operation: 'sign', detail: `the first ${signed.size} records are not those that were signed` });
}

const truncated = (size: number, signed: number): MigrationError =>
  new MigrationError('LEDGER_TRUNCATED', { operation: 'sign', detail: `${size} records, but ${signed} were signed` });
