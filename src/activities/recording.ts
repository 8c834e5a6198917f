import { Context } from '@temporalio/activity';
import { eventId, type Role } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { BucketWorkload } from '../model/plan.ts';
import type { Depot } from '../ports/depot.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Stores } from '../ports/stores.ts';

/** Which pass of which workload; counted in the workflow's state, so the same on every attempt. */
export interface PassPlace {
  readonly project: string;
  readonly workload: string;
  readonly run: number;
  readonly pass: number;
  /** Counts phases begun and holds mended: a repeated act of a new turn is a new act, with records and listings of its own. */
  readonly turn: number;
}
export interface BucketTask {
  readonly place: PassPlace;
  readonly entry: BucketWorkload;
}

export interface RecordDeps {
  readonly ledger: Ledger;
  readonly depot: Depot;
  readonly stores: Stores;
  readonly role: Role;
}

type Said = Partial<Omit<LedgerDraft, 'event_id' | 'event' | 'actor'>>;

/** Appends one record about a workload. The event id is made of place and step: a repeated activity finds the record it made before. */
export async function record(
  deps: RecordDeps,
  { place, entry }: BucketTask,
  event: LedgerDraft['event'],
  step: string,
  said: Said = {},
  by?: string,
): Promise<void> {
  const [, phase = event] = event.split('.');
  // A shard is copied and verified once a pass, however often its workload was held meanwhile; other acts are counted by turn.
  const counted = event === 'batch.verified' || event === 'transfer.started' ? [place.run, place.pass] : [place.run, place.pass, place.turn];
  await deps.ledger.append([
    {
      event_id: eventId(place.project, place.workload, step.replaceAll(' ', '-'), phase, ...counted),
      event,
      actor: by ? { id: by, type: 'person', auth: 'client-asserted' } : { id: `svc:${deps.role}`, type: 'service', auth: 'client-asserted' },
      refs: refs(),
      unit: { kind: 'bucket', ref: entry.name },
      source: deps.stores.place(entry.source.at, entry.source.bucket),
      target: deps.stores.place(entry.target.at, entry.target.bucket),
      ...said,
    },
  ]);
}

/**
 * Intent before the act, outcome after. A crash between leaves an intent without outcome: UNKNOWN, until the next attempt finds its
 * earlier result and records it. A failure is recorded once per code. `by`: the person who ordered the act, in its intent.
 */
export async function recorded<T>(
  deps: RecordDeps,
  task: BucketTask,
  step: string,
  work: () => Promise<T>,
  { kind = 'do', by }: { readonly kind?: 'do' | 'undo'; readonly by?: string } = {},
): Promise<T> {
  const [started, succeeded, failed] =
    kind === 'do' ? (['step.started', 'step.succeeded', 'step.failed'] as const) : (['step.undo_started', 'step.undo_finished', 'step.undo_failed'] as const);
  await record(deps, task, started, step, {}, by);
  try {
    const result = await work();
    await record(deps, task, succeeded, step);
    return result;
  } catch (error) {
    const code = error instanceof MigrationError ? error.code : 'UNEXPECTED';
    // The ledger may be what failed: then its own error says so, and nothing is lost by not recording it.
    if (!code.startsWith('LEDGER')) await record(deps, task, failed, `${step}/${code}`, { reasons: [code] });
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

function refs(): NonNullable<LedgerDraft['refs']> {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return { workflow_id: workflowExecution?.workflowId ?? 'none', run_id: workflowExecution?.runId ?? 'none', activity_id: activityId, attempt };
}
