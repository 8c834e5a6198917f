import { createHash } from 'node:crypto';
import { eventId } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerDraft, LedgerRecord } from '../model/ledger-record.ts';
import type { Policy } from '../model/policy.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger, LedgerHead } from '../ports/ledger.ts';
import { type ClockState, type DriftWatch, watchDrift } from './clock-drift.ts';
import { recordGap } from './gap.ts';
import { ledgerActor } from './ledger-actor.ts';
import type { LogKeyStore, LogKeys } from './log-keys.ts';
import { followLog, type LogView } from './log-view.ts';
import type { Published, PublishedCheckpoint } from './published.ts';
import { checkpointBody, noteOf } from './signed-note.ts';
import { readSignedState, type SignedState, writeSignedState } from './signed-state.ts';

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
  /**
   * All work that is in the log now is under the answered checkpoint, though records about checkpoints may not be: what waits for a witness
   * shows it the same one at every try, else each try would ask for another.
   */
  cover(): Promise<PublishedCheckpoint>;
  view(): Promise<LogView>;
  /** Ends the log: its last record, and a checkpoint over it. A log that is closed is answered as it is. LEDGER_MOVED: it grew under the draft. */
  close(draft: (view: LogView) => Promise<LedgerDraft>): Promise<PublishedCheckpoint>;
  /** Publishes when the policy's count of records or its time has come. */
  publishWhenDue(): Promise<PublishedCheckpoint | undefined>;
}

/** The signer's own: what it was given, how it reads the log, and what it knows of its clock. */
interface Desk extends SignerDeps {
  readonly follow: () => Promise<LogView>;
  readonly drift: DriftWatch;
}

/**
 * The one that signs. Its durable steps, in this order: rows are committed → the state says which root may be signed → the checkpoint is
 * published → the log says so. It refuses what is not an extension of all it signed before, on this host or, by the journal, on any other.
 */
export function openSigner(deps: SignerDeps): Signer {
  const desk: Desk = { ...deps, follow: underPolicy(deps, followLog(deps.ledger)), drift: watchDrift(deps) };
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: two gates that close at once share a checkpoint or follow each other. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(desk.drift.saw);
    return result;
  };
  return {
    view: desk.follow,
    publish: () => alone(() => publish(desk, isWhole)),
    cover: () => alone(() => publish(desk, isWorkUnder)),
    close: (draft) => alone(() => close(desk, draft)),
    publishWhenDue: () => alone(async () => ((await isDue(desk)) ? publish(desk, isWhole) : undefined)),
  };
}

/** A log keeps the rules it was opened under: an edited policy.json signs nothing, admits nothing and opens nothing. */
function underPolicy({ policyBytes }: SignerDeps, follow: () => Promise<LogView>): () => Promise<LogView> {
  const sha256 = createHash('sha256').update(policyBytes).digest('hex');
  return async () => {
    const view = await follow();
    const [opened] = view.decisions;
    if (opened && opened.policy?.sha256 !== sha256)
      throw new MigrationError('CONFIG_INVALID', {
        operation: 'read policy.json',
        detail: 'it is not the policy that this log was opened under: put that back, and start the worker again',
      });
    return view;
  };
}

const isClosed = ({ decisions }: LogView): boolean => decisions.at(-1)?.event === 'log.closed';
const isWhole = (view: LogView, size: number): boolean => view.leaves.length === size;
const isWorkUnder = (view: LogView, size: number): boolean => view.wanting(size) === 0;

async function isDue({ follow, drift, checkClock, published, policy, now }: Desk): Promise<boolean> {
  const view = await follow();
  if (view.decisions.length === 0) return false;
  const size = (await published.checkpoints.all()).at(-1)?.size ?? 0;
  // A crash while it closed.
  if (isClosed(view)) return size < view.leaves.length;
  if (drift.isPending) {
    await checkClock();
    await drift.tell();
  }
  const { every_records, every_seconds } = policy.checkpoint;
  return now() - (view.publishedAtMs ?? 0) >= every_seconds * 1000 || view.wanting(size) >= every_records;
}

async function close(desk: Desk, draft: (view: LogView) => Promise<LedgerDraft>): Promise<PublishedCheckpoint> {
  if (!isClosed(await desk.follow())) {
    // A gap, other keys, a publication that a crash left unsaid: after the last record nothing can be said of them.
    await publish(desk, isWhole);
    const view = await desk.follow();
    const head: LedgerHead = { size: view.leaves.length, head: view.head };
    if (!isClosed(view)) await desk.ledger.append([await draft(view)], head);
  }
  return publish(desk, isWhole);
}

async function publish(desk: Desk, isEnough: (view: LogView, size: number) => boolean): Promise<PublishedCheckpoint> {
  const { published, keyFolder, follow, checkClock, drift } = desk;
  for (;;) {
    const clock = await checkClock();
    // Before the log is read: what another ledger worker publishes meanwhile must not look like more than the log holds.
    const known = (await published.checkpoints.all()).at(-1);
    const view = await follow();
    refuseOther(view, known);
    refuseOther(view, readSignedState(keyFolder));
    refuseOtherKeys(desk, view);
    const isDone = known !== undefined && isEnough(view, known.size);
    if (!isClosed(view)) await drift.tell();
    // What must stand in the log before it is signed: a gap that ends now, and keys that take the place of others.
    const isLate = !isClosed(view) && (await recordGap(desk, view));
    // A crash after the last publication left a checkpoint that the log does not mention yet.
    if (known) await recordPublished(desk, view, known, clock);
    if (isDone && !isLate) return known;
    if (!isClosed(view)) await recordCeremonies(desk, view);
    const signed = await sign(desk, await follow(), known?.size ?? 0);
    if (!(await published.checkpoints.add(signed))) continue; // another ledger worker published meanwhile: look at what it did
    // Published, and the log does not say so yet. A crash here leaves that to the next call.
    await recordPublished(desk, view, signed, clock);
    return signed;
  }
}

async function sign(desk: Desk, view: LogView, publishedSize: number): Promise<PublishedCheckpoint> {
  // At one moment: the view grows while the state is written.
  const size = view.leaves.length;
  const root = view.root();
  const signers = keysFor(desk, view, publishedSize);
  // Before the signature exists: from here on this host signs nothing that does not hold these records.
  await writeSignedState(desk.keyFolder, { size, root: root.toString('hex') });
  const body = checkpointBody({ origin: desk.policy.log, size, root });
  const note = noteOf(
    body,
    signers.map((key) => key.sign(body)),
  );
  const p256 = (signers[0] as LogKeys).signP256(Buffer.from(note)).toString('base64');
  return { size, root: root.toString('hex'), note, p256, at: new Date(desk.now()).toISOString() };
}

const ceremoniesOf = ({ decisions }: LogView): readonly LedgerRecord[] => decisions.filter(({ event }) => event === 'key.ceremony');
const digestIn = ({ evidence }: LedgerRecord): Digest | undefined => evidence?.find(({ name }) => name === 'ceremony')?.sha256;

/** The generations that the log names are the first ones of the folder: other keys must not even be put on record. */
function refuseOtherKeys({ keys: { generations } }: Desk, view: LogView): void {
  if (ceremoniesOf(view).some((record, n) => generations[n]?.ceremonyDigest !== digestIn(record)))
    throw new MigrationError('LEDGER_KEYS', { operation: 'sign', detail: 'the keys that the log names are not in the folder of keys' });
}

/** Each generation in its turn, also one that never signed: the next one names it. */
async function recordCeremonies(desk: Desk, view: LogView): Promise<void> {
  for (const keys of desk.keys.generations.slice(ceremoniesOf(view).length)) await desk.ledger.append([await ceremonyDraft(desk, keys)]);
}

/** The keys in force, first; behind them those that a rotation since the last checkpoint replaced: they vouch for their successor. */
function keysFor(desk: Desk, view: LogView, publishedSize: number): readonly LogKeys[] {
  refuseOtherKeys(desk, view);
  const ceremonies = ceremoniesOf(view);
  const replaced = ceremonies.flatMap(({ seq }, n) => (n > 0 && seq >= publishedSize ? (desk.keys.generations[n - 1] ?? []) : []));
  return [desk.keys.generations[ceremonies.length - 1] ?? desk.keys.current, ...replaced.reverse()];
}

/** The first keys are on record with the opening; others when they begin to sign. */
export async function ceremonyDraft({ depot, policy }: Pick<SignerDeps, 'depot' | 'policy'>, keys: LogKeys): Promise<LedgerDraft> {
  const sha256 = await depot.put(keys.ceremony);
  return {
    event_id: eventId(policy.project, 'log', 'ceremony', sha256.slice(0, 16)),
    event: 'key.ceremony',
    actor: ledgerActor,
    evidence: [{ name: 'ceremony', media_type: 'application/json', sha256, size_bytes: String(keys.ceremony.length) }],
  };
}

async function recordPublished(desk: Desk, view: LogView, { size, note, p256 }: PublishedCheckpoint, clock: ClockState): Promise<void> {
  // A closed log takes no word any more, not even about its last checkpoint.
  if (view.publishedSize >= size || isClosed(view)) return;
  const file = async (name: string, mediaType: string, bytes: Buffer) => ({
    name,
    media_type: mediaType,
    sha256: await desk.depot.put(bytes),
    size_bytes: String(bytes.length),
  });
  const draft: LedgerDraft = {
    event_id: eventId(desk.policy.project, 'log', `checkpoint-${size}`, 'published'),
    event: 'checkpoint.published',
    actor: ledgerActor,
    unit: { kind: 'log', ref: desk.policy.log },
    counts: { size },
    clock,
    evidence: [await file('checkpoint', 'text/plain', Buffer.from(note)), await file('p256', 'application/octet-stream', Buffer.from(p256, 'base64'))],
  };
  await desk.ledger.append([draft]);
}

function refuseOther(view: LogView, signed: SignedState | undefined): void {
  if (!signed) return;
  const { length } = view.leaves;
  if (length < signed.size) throw new MigrationError('LEDGER_TRUNCATED', { operation: 'sign', detail: `${length} records, but ${signed.size} were signed` });
  if (view.rootAt(signed.size) !== signed.root)
    throw new MigrationError('LEDGER_FORKED', { operation: 'sign', detail: `the first ${signed.size} records are not those that were signed` });
}
