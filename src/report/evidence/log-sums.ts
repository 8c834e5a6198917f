import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { addGate, type GateSums } from './gate-sums.ts';
import { addNamed, addNumber, noNumbers, type RecordNumbers } from './record-numbers.ts';
import { type RequirementId, requirements } from './requirement-list.ts';
import { addToWorkload, type Moment, type Place, type WorkloadSums, workloadOf, workloadSums } from './workload-sums.ts';

/** The whole log in one reading: per workload, per event and per requirement; never a list of all records. */
export interface LogSums {
  opened?: Moment;
  closed?: Moment;
  newest?: Moment;
  instruction?: Moment & { readonly sha256: string | undefined; readonly by: string; readonly org: string | undefined; readonly auth: string };
  /** The newest, and how many. */
  checkpoint?: Moment & { readonly size: number | undefined };
  readonly witnesses: Map<string, RecordNumbers>;
  readonly authorities: Map<string, RecordNumbers>;
  readonly events: Map<string, RecordNumbers>;
  /** Codes of `log.alarm` and `step.failed`, `log.alarm WITNESS_UNAVAILABLE`. */
  readonly reasons: Map<string, RecordNumbers>;
  readonly gaps: (Moment & {
    readonly from: string;
    readonly to: string;
    readonly reasons: readonly string[];
    readonly scope: string | undefined;
    readonly approvals: GateSums[];
  })[];
  readonly hosts: Map<string, RecordNumbers>;
  readonly software: Map<string, RecordNumbers>;
  /** Acts of persons, by how sure the record is of who acted. */
  readonly acts: Map<string, RecordNumbers>;
  readonly qualifications: Map<string, { readonly place: Place; readonly numbers: RecordNumbers }>;
  readonly requirements: ReadonlyMap<RequirementId, RecordNumbers>;
  readonly workloads: Map<string, WorkloadSums>;
}

/** Above so many, gaps and qualifications are only counted with their event. */
const named = 50;

export async function sumLog(facts: BundleFacts): Promise<LogSums> {
  const sums: LogSums = {
    witnesses: new Map(),
    authorities: new Map(),
    events: new Map(),
    reasons: new Map(),
    gaps: [],
    hosts: new Map(),
    software: new Map(),
    acts: new Map(),
    qualifications: new Map(),
    requirements: new Map(requirements.map(({ id }) => [id, noNumbers()])),
    workloads: new Map(),
  };
  for await (const line of facts.records()) addRecord(sums, JSON.parse(line) as LedgerRecord);
  return sums;
}

function addRecord(sums: LogSums, record: LedgerRecord): void {
  const { event, seq, time, host, software } = record;
  addNamed(sums.events, event, seq);
  addNamed(sums.hosts, host.country ? `${host.id} (${host.country})` : host.id, seq);
  addNamed(sums.software, `${software.name} ${software.version} ${software.build}`, seq);
  for (const { id, isAnsweredBy } of requirements) if (isAnsweredBy(record)) addNumber(sums.requirements.get(id) ?? noNumbers(), seq);
  sums.newest = { seq, time };
  addLogEvent(sums, record);
  addException(sums, record);
  addPlaces(sums, record);
  if (record.actor.type === 'person') addNamed(sums.acts, record.actor.auth, seq);
  const workload = workloadOf(record);
  if (workload === undefined || event === 'gap.approved') return;
  const known = sums.workloads.get(workload) ?? workloadSums(workload);
  sums.workloads.set(workload, known);
  addToWorkload(known, record);
}

function addLogEvent(sums: LogSums, { event, seq, time, counts, unit, evidence = [], actor }: LedgerRecord): void {
  if (event === 'log.opened') sums.opened = { seq, time };
  if (event === 'log.closed') sums.closed = { seq, time };
  if (event === 'checkpoint.published') sums.checkpoint = { seq, time, size: counts?.size };
  if (event === 'witness.cosigned') addNamed(sums.witnesses, unit?.ref ?? '?', seq);
  if (event === 'tsa.token') addNamed(sums.authorities, unit?.ref ?? '?', seq);
  if (event !== 'instruction.received') return;
  const sha256 = evidence.find(({ name }) => name === 'plan')?.sha256 ?? evidence[0]?.sha256;
  sums.instruction = { seq, time, sha256, by: actor.id, org: actor.org, auth: actor.auth };
}

function addException(sums: LogSums, record: LedgerRecord): void {
  const { event, seq, time, gap, reasons = [], evidence = [] } = record;
  if (event === 'log.alarm' || event === 'step.failed') for (const reason of reasons) addNamed(sums.reasons, `${event} ${reason}`, seq);
  const scope = evidence.find(({ name }) => name === 'scope')?.sha256;
  if (event === 'log.gap' && gap && sums.gaps.length < named) sums.gaps.push({ seq, time, ...gap, reasons, scope, approvals: [] });
  if (event === 'gap.approved') addGate(gapOf(sums, record)?.approvals ?? [], record);
}

/** The scope of a gap names its two ends, so no other gap has it. */
const gapOf = ({ gaps }: LogSums, { approval }: LedgerRecord) => gaps.find(({ scope }) => scope !== undefined && scope === approval?.scope_sha256);

function addPlaces(sums: LogSums, { source, target, seq }: LedgerRecord): void {
  for (const place of [source, target]) {
    if (!place?.qualification) continue;
    const key = JSON.stringify([place.provider, place.region, place.country, place.qualification]);
    const known = sums.qualifications.get(key) ?? { place, numbers: noNumbers() };
    if (sums.qualifications.has(key) || sums.qualifications.size < named) sums.qualifications.set(key, known);
    addNumber(known.numbers, seq);
  }
}
