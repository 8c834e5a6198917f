import { createHash } from 'node:crypto';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { BundleFacts, BundlePage } from '../../ports/bundle-pages.ts';
import { csvLine, csvStart } from './csv.ts';
import { verdictOf, type WorkloadSums, workloadOf } from './workload-sums.ts';

const endStates = ['verified', 'vanished', 'excluded', 'withdrawn', 'changed', 'failed', 'unknown'] as const;
const placeHeads = ['provider', 'region', 'country', 'resource'] as const;

/** One line a workload. */
export function workloadsCsv(workloads: Iterable<WorkloadSums>): string {
  const heads = [
    ...['workload', 'file', 'verdict', 'pending', 'records', 'first_time', 'last_time'],
    ...placeHeads.map((head) => `source_${head}`),
    ...placeHeads.map((head) => `target_${head}`),
    ...['inventoried', 'inventoried_bytes', 'inventory_record'],
    ...endStates,
    ...['reconciliation_record', 'batches', 'rows_pass', 'rows_fail', 'rows_unknown', 'rows_bytes', 'cut_over', 'finalized', 'rolled_back', 'removed'],
  ];
  return csvStart + csvLine(heads) + [...workloads].map(workloadLine).join('');
}

function workloadLine(workload: WorkloadSums): string {
  const { name, isPending, records, from, to, source, target, inventory, final, batches, milestones } = workload;
  const place = (each: WorkloadSums['source']) => [each?.provider, each?.region, each?.country, each?.resource_ref];
  return csvLine([
    ...[name, fileOf(name), verdictOf(workload), isPending ? 'yes' : 'no', records, from, to],
    ...place(source),
    ...place(target),
    ...[inventory?.objects, inventory?.sizeBytes, inventory?.seq],
    ...endStates.map((state) => (final ? (final.counts[state] ?? 0) : undefined)),
    ...[final?.seq, batches.count, batches.pass, batches.fail, batches.unknown, batches.sizeBytes],
    ...(['cut over', 'finalized', 'rolled back', 'removed'] as const).map((milestone) => milestones.get(milestone)?.time),
  ]);
}

/** So many lines are kept in memory at once: a few dozen megabytes. */
const heldLines = 50_000;

/** One file a workload, one line a record. Small workloads share a reading of the log; one that is larger is written while it is read. */
export async function* recordCsvs(facts: BundleFacts, workloads: readonly WorkloadSums[]): AsyncGenerator<BundlePage> {
  for (const group of groupsOf(workloads)) {
    const [first] = group;
    if (first && first.records > heldLines) yield { path: fileOf(first.name), text: linesOf(facts, first.name) };
    else yield* heldCsvs(facts, group);
  }
}

function groupsOf(workloads: readonly WorkloadSums[]): readonly WorkloadSums[][] {
  const groups: WorkloadSums[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const workload of workloads) {
    held += workload.records;
    if (held > heldLines) {
      groups.push([]);
      held = workload.records;
    }
    groups.at(-1)?.push(workload);
  }
  return groups;
}

async function* heldCsvs(facts: BundleFacts, group: readonly WorkloadSums[]): AsyncGenerator<BundlePage> {
  const lines = new Map(group.map(({ name }) => [name, [recordHead]]));
  for await (const record of recordsOf(facts)) lines.get(workloadOf(record) ?? '')?.push(recordLine(record));
  for (const [name, all] of lines) yield { path: fileOf(name), text: all.join('') };
}

async function* linesOf(facts: BundleFacts, name: string): AsyncGenerator<string> {
  yield recordHead;
  for await (const record of recordsOf(facts)) if (workloadOf(record) === name) yield recordLine(record);
}

async function* recordsOf(facts: BundleFacts): AsyncGenerator<LedgerRecord> {
  for await (const line of facts.records()) yield JSON.parse(line) as LedgerRecord;
}

const recordHead =
  csvStart +
  csvLine([
    ...['seq', 'time', 'event', 'severity', 'act', 'run', 'pass', 'turn', 'verdict', 'objects', 'bytes', 'counts', 'reasons'],
    ...['actor', 'actor_type', 'auth', 'org', 'role', 'gate', 'approver', 'scope_sha256', 'evidence', 'event_id'],
  ]);

function recordLine({
  seq,
  time,
  event,
  severity,
  act,
  verdict,
  unit,
  counts = {},
  reasons = [],
  actor,
  approval,
  evidence = [],
  event_id,
}: LedgerRecord): string {
  return csvLine([
    ...[seq, time, event, severity, act?.name, act?.run, act?.pass, act?.turn, verdict, unit?.count],
    // A decimal string of the format, longer than a spreadsheet's numbers at times.
    unit?.size_bytes === undefined ? undefined : BigInt(unit.size_bytes),
    Object.entries(counts)
      .map(([name, count]) => `${name}=${count}`)
      .join(' '),
    reasons.join(' '),
    ...[actor.id, actor.type, actor.auth, actor.org, actor.role, approval?.gate, approval?.approver.id, approval?.scope_sha256],
    evidence.map(({ name, sha256 }) => `${name}:${sha256}`).join(' '),
    event_id,
  ]);
}

/** Names that Windows keeps for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** Where the records of a workload stand: under its name, or, where a file system or a reader could stumble over that, under the name's digest. */
export function fileOf(name: string): string {
  const isPlain = /^[a-z0-9][a-z0-9-]{0,62}$/.test(name) && !reserved.test(name);
  return `exports/workloads/${isPlain ? name : `name.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`}.csv`;
}
