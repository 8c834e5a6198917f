import { Context } from '@temporalio/activity';
import { eventId, type Role } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { Digest } from '../model/digest.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { ManifestRef } from '../model/manifest.ts';
import type { BucketWorkload, Workload } from '../model/plan.ts';
import type { SetRef } from '../model/reference-set.ts';
import type { Clouds } from '../ports/clouds.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { StorePlace, Stores } from '../ports/stores.ts';
import type { Totals } from '../transfer/index.ts';

/** Which pass of which workload; counted in the workflow's state, so the same on every attempt. */
export interface PassPlace {
  readonly project: string;
  readonly workload: string;
  readonly run: number;
  readonly pass: number;
  /** Counts phases begun and holds mended: a repeated act of a new turn is a new act, with records and listings of its own. */
  readonly turn: number;
}
/** Of any workload: what a gate, a record or an end needs. */
export interface WorkloadTask {
  readonly place: PassPlace;
  readonly entry: Workload;
}
export interface BucketTask extends WorkloadTask {
  readonly entry: BucketWorkload;
}

export interface RecordDeps {
  readonly ledger: Ledger;
  readonly depot: Depot;
  readonly stores: Stores;
  readonly clouds: Clouds;
  readonly role: Role;
}

type Said = Partial<Omit<LedgerDraft, 'event_id' | 'event' | 'actor' | 'act'>>;

/** Once a pass, however often the workload was held meanwhile; other acts are counted by turn. */
const perPass: ReadonlySet<LedgerDraft['event']> = new Set(['batch.verified', 'batch.restated', 'transfer.started', 'disk.verified', 'snapshot.created']);

/**
 * Appends one record about a workload. The event id is made of place and step: a repeated activity finds the record it made before.
 * `more` tells apart several records of one kind about one step, such as two failures of it.
 */
export async function record(
  deps: RecordDeps,
  { place, entry }: WorkloadTask,
  event: LedgerDraft['event'],
  step: string,
  said: Said = {},
  { by, more = '' }: { readonly by?: string | undefined; readonly more?: string } = {},
): Promise<void> {
  // An errand's look is no step of the migration: the log may not even be open yet.
  if (place.run === 0) return;
  const [, phase = event] = event.split('.');
  const name = step.replaceAll(' ', '-');
  const act = { name, run: place.run, pass: place.pass, turn: perPass.has(event) ? 0 : place.turn };
  await deps.ledger.append([
    {
      event_id: eventId(place.project, place.workload, more ? `${name}/${more}` : name, phase, act.run, act.pass, act.turn),
      event,
      actor: by ? { id: by, type: 'person', auth: 'client-asserted' } : { id: `svc:${deps.role}`, type: 'service', auth: 'client-asserted' },
      refs: refs(),
      unit: { kind: entry.kind, ref: entry.name },
      ...placesOf(deps, entry),
      act,
      ...said,
    },
  ]);
}

/** Both ends of a workload, as the ledger names them. */
export const placesOf = ({ stores, clouds }: Pick<RecordDeps, 'stores' | 'clouds'>, entry: Workload): { source: StorePlace; target: StorePlace } =>
  entry.kind === 'bucket'
    ? { source: stores.place(entry.source.at, entry.source.bucket), target: stores.place(entry.target.at, entry.target.bucket) }
    : { source: clouds.place(entry.source.at, entry.source.instance, entry.source), target: clouds.place(entry.target.at, entry.name) };

/**
 * Intent before the act, outcome after. A crash between leaves an intent without outcome: UNKNOWN, until the next attempt finds its
 * earlier result and records it. A failure is recorded once per code. `by`: the person who ordered the act, in its intent.
 */
export async function recorded<T>(
  deps: RecordDeps,
  task: WorkloadTask,
  step: string,
  work: () => Promise<T>,
  { kind = 'do', by }: { readonly kind?: 'do' | 'undo'; readonly by?: string } = {},
): Promise<T> {
  const [started, succeeded, failed] =
    kind === 'do' ? (['step.started', 'step.succeeded', 'step.failed'] as const) : (['step.undo_started', 'step.undo_finished', 'step.undo_failed'] as const);
  await record(deps, task, started, step, {}, { by });
  try {
    const result = await work();
    await record(deps, task, succeeded, step);
    return result;
  } catch (error) {
    const code = error instanceof MigrationError ? error.code : 'UNEXPECTED';
    // The ledger may be what failed: then its own error says so, and nothing is lost by not recording it.
    if (!code.startsWith('LEDGER')) await record(deps, task, failed, step, { reasons: [code] }, { more: code });
    throw error;
  }
}

/**
 * The result of `work`, made once: a repeated activity answers what the first said. The result is a journal of one segment in the
 * depot; of two attempts at once the first to store wins, and both answer the same.
 */
export async function once<T>(depot: Depot, name: string, work: () => Promise<T>): Promise<T> {
  const journal = depot.journal(name);
  const [stored] = await journal.read();
  if (stored) return JSON.parse(stored.toString()) as T;
  const result = await work();
  try {
    await journal.append(0, Buffer.from(JSON.stringify(result)));
    return result;
  } catch (error) {
    if (!(error instanceof MigrationError && error.code === 'FENCED')) throw error;
    const [first] = await journal.read();
    return JSON.parse((first as Buffer).toString()) as T;
  }
}

/** Name of the journal that keeps the result of an act of this turn. */
export const turnName = ({ project, workload, run, pass, turn }: PassPlace, what: string): string => `${project}/${workload}/${run}/${pass}/${what}/${turn}`;

export function refs(): NonNullable<LedgerDraft['refs']> {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return { workflow_id: workflowExecution?.workflowId ?? 'none', run_id: workflowExecution?.runId ?? 'none', activity_id: activityId, attempt };
}

/** A depot file as a record binds it. */
export async function evidenceOf(
  depot: Depot,
  name: string,
  sha256: Digest,
  { mediaType = 'application/json', confidential = false }: { readonly mediaType?: string; readonly confidential?: boolean } = {},
): Promise<NonNullable<LedgerDraft['evidence']>[number]> {
  const size_bytes = String((await depot.get(sha256)).length);
  return { name, media_type: mediaType, sha256, size_bytes, ...(confidential ? { confidential: true as const } : {}) };
}

/** What a record says of a rows file. `entries` holds the names behind it, line by line: it stays with the data. */
export async function batchSaid(
  depot: Depot,
  { name: workload, kind }: Pick<Workload, 'name' | 'kind'>,
  rows: Digest,
  { objects, sizeBytes, verdicts: { PASS, FAIL, UNKNOWN }, reasons }: Totals,
  entries: Digest | undefined,
): Promise<Said> {
  return {
    unit: { kind, ref: workload, count: objects, size_bytes: String(sizeBytes) },
    counts: { pass: PASS, fail: FAIL, unknown: UNKNOWN },
    verdict: FAIL > 0 ? 'FAIL' : UNKNOWN > 0 ? 'UNKNOWN' : 'PASS',
    reasons: Object.keys(reasons).sort(),
    evidence: [
      await evidenceOf(depot, 'rows', rows, { mediaType: 'application/x-ndjson' }),
      ...(entries ? [await evidenceOf(depot, 'entries', entries, { mediaType: 'application/x-ndjson', confidential: true })] : []),
    ],
  };
}

/** The list of what is to be moved is closed: with names for who holds the depot, and without for everybody else. */
export async function recordInventory(
  deps: RecordDeps,
  task: WorkloadTask,
  { digest, count, sizeBytes }: ManifestRef,
  inventory: SetRef | undefined,
  step: string,
): Promise<void> {
  await record(deps, task, 'inventory.sealed', step, {
    unit: { kind: 'inventory', ref: task.place.workload, count, size_bytes: String(sizeBytes) },
    evidence: [
      ...(inventory ? [await evidenceOf(deps.depot, 'inventory-set', inventory.digest)] : []),
      await evidenceOf(deps.depot, 'manifest', digest, { confidential: true }),
    ],
  });
}
