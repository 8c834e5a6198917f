import { hash } from 'node:crypto';
import fc from 'fast-check';
import { setVerdict } from '../../../src/core/end-state.ts';
import { openMemoryDepot } from '../../../src/depot/memory.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { FinalRow } from '../../../src/model/reference-set.ts';
import type { ObjectRow } from '../../../src/model/row.ts';
import { type FinalSetInput, readFinalSet, sealFinalSet } from '../../../src/transfer/index.ts';
import type { LogHand } from '../../support/evidence/sample-edits.ts';
import { sealSet, statesOf } from '../../support/evidence/sample-objects.ts';

type Said = Pick<ObjectRow, 'outcome' | 'verdict' | 'sizeBytes' | 'reason'> & { readonly name: number };
/** What the log tells of one workload, in its order. */
export type Event = { readonly inventory: ReadonlyMap<number, number> } | { readonly batch: readonly Said[] } | { readonly unwind: true };
export interface World {
  readonly log: readonly Event[];
  readonly accepted: readonly string[];
  /** Rolled back: all copies are left. Discarded: those of these objects that the log knows. */
  readonly withdrawn?: 'all' | readonly number[];
}

const name = fc.nat(14);
const size = fc.constantFrom(0, 1, 2 ** 52);
const reasons = ['OBJECT_ARCHIVED', 'TARGET_DIFFERS'];
const said: fc.Arbitrary<Said> = fc.record(
  {
    name,
    outcome: fc.constantFrom('copied', 'copied', 'adopted', 'deleted', 'vanished', 'changed', 'failed'),
    verdict: fc.constantFrom('PASS', 'PASS', 'FAIL', 'UNKNOWN'),
    sizeBytes: size,
    reason: fc.constantFrom(...reasons),
  },
  { requiredKeys: ['name', 'outcome', 'verdict', 'sizeBytes'] },
);
const inventory: fc.Arbitrary<Event> = fc.array(fc.tuple(name, size)).map((objects) => ({ inventory: new Map(objects) }));
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: inventory },
  { weight: 8, arbitrary: fc.array(said, { maxLength: 12 }).map((batch) => ({ batch })) },
  { weight: 1, arbitrary: fc.constant({ unwind: true as const }) },
);
export const world: fc.Arbitrary<World> = fc.record(
  {
    log: fc.tuple(inventory, fc.array(event, { maxLength: 7 })).map(([first, rest]) => [first, ...rest]),
    accepted: fc.subarray(reasons),
    withdrawn: fc.oneof(fc.constant('all' as const), fc.array(name, { maxLength: 5 })),
  },
  { requiredKeys: ['log', 'accepted'] },
);

export const refOf = (object: number): string => hash('sha256', `object ${object}`, 'hex');
export const isReferenceOf = (ref: string) => (object: number) => refOf(object) === ref;

/** A world with its files, and the final set that the product seals over it. */
export interface SealedWorld {
  readonly workload: string;
  readonly world: World;
  readonly files: ReadonlyMap<string, Buffer>;
  /** Digests, one an event: of the inventory's index, or of the rows. */
  readonly digests: readonly string[];
  readonly final: readonly FinalRow[];
  readonly inventoried: number;
}

export async function sealWorld(world: World, workload: string, bucketRows: number): Promise<SealedWorld> {
  const depot = openMemoryDepot();
  const files = new Map<string, Buffer>();
  const put = (bytes: Uint8Array): string => {
    const digest = hash('sha256', bytes, 'hex');
    files.set(digest, Buffer.from(bytes));
    return digest;
  };
  const digests = world.log.map((each, at) =>
    'inventory' in each ? putInventory(put, each.inventory, workload) : 'batch' in each ? putRows(put, each.batch, at) : '',
  );
  for (const bytes of files.values()) await depot.put(bytes);
  const unwound = world.log.findLastIndex((each) => 'unwind' in each);
  const of = (kind: 'inventory' | 'batch') => world.log.flatMap((each, seq) => (kind in each ? [{ digest: digests[seq] ?? '', seq, each }] : []));
  const batches = of('batch').filter(({ seq }) => seq > unwound);
  const input: FinalSetInput = {
    workload,
    inventories: of('inventory'),
    batches: batches.map(({ digest, seq, each }) => ({ rows: digest, seq, count: 'batch' in each ? each.batch.length : 0 })),
    acceptedLosses: world.accepted,
    ...(world.withdrawn === undefined
      ? {}
      : { withdrawn: { left: world.withdrawn === 'all' ? 'all' : refsOf(world.withdrawn.filter(isKnown(world, unwound))) } }),
  };
  const set = await sealFinalSet({ depot, bucketRows }, input, () => undefined, new AbortController().signal);
  const final: FinalRow[] = [];
  for await (const row of readFinalSet(depot, set.digest)) final.push(row);
  return { workload, world, files, digests, final, inventoried: set.inventoried };
}

const isKnown =
  ({ log }: World, unwound: number) =>
  (object: number): boolean =>
    log.some((each, at) =>
      'inventory' in each ? each.inventory.has(object) : 'batch' in each && at > unwound && each.batch.some((row) => row.name === object),
    );

async function* refsOf(names: readonly number[]): AsyncGenerator<string> {
  for (const each of names) yield refOf(each);
}

type Put = (bytes: Uint8Array) => string;

const putInventory = (put: Put, objects: ReadonlyMap<number, number>, workload: string): string =>
  sealSet(
    put,
    'inventory',
    [...objects].map(([object, bytes]) => ({ ref: refOf(object), size_bytes: String(bytes) })).sort((a, b) => (a.ref < b.ref ? -1 : 1)),
    workload,
  );

function putRows(put: Put, batch: readonly Said[], at: number): string {
  const salt = hash('sha256', `batch ${at}`, 'buffer').subarray(0, 16).toString('base64url');
  const digest = hash('sha256', 'bytes', 'hex');
  const rows = batch.map(({ name: object, ...row }, i) => ({
    i,
    ref: refOf(object),
    ...row,
    sourceEtag: 'e',
    sourceLastModified: '2025-01-01T00:00:00Z',
    ...(row.verdict === 'PASS' ? { sha256: digest, targetSha256: digest } : {}),
  }));
  return put(Buffer.from([{ salt }, ...rows].map((row) => `${JSON.stringify(row)}\n`).join('')));
}

/** Writes the records of a world into a log under way. */
export function tellWorld(log: LogHand, { workload, world, files, digests, final, inventoried }: SealedWorld): void {
  for (const bytes of files.values()) log.put(bytes);
  let turn = 0;
  const tell = (event: LedgerDraft['event'], said: Partial<LedgerDraft> = {}): void => {
    turn += 1;
    const unit = { kind: 'bucket' as const, ref: workload, ...said.unit };
    const place = { provider: 's3', country: 'FR' };
    const actor = { id: 'svc:test', type: 'service' as const, auth: 'client-asserted' as const };
    const act = { name: `act-${event}`, run: 1, pass: 0, turn };
    log.append({ event_id: `demo/${workload}/${event}/${turn}`, event, actor, source: place, target: place, act, ...said, unit });
  };
  const file = (name: string, digest: string) => ({ name, media_type: 'application/json', sha256: digest, size_bytes: String(files.get(digest)?.length ?? 0) });
  accept(log, workload, world.accepted, tell);
  for (const [at, each] of world.log.entries()) {
    const digest = digests[at] ?? '';
    if ('inventory' in each)
      tell('inventory.sealed', { unit: { kind: 'inventory', ref: workload, count: each.inventory.size }, evidence: [file('inventory-set', digest)] });
    else if ('batch' in each) tellBatch(each.batch, workload, file('rows', digest), tell);
    else {
      for (const event of ['deletion.intent', 'deletion.outcome', 'deletion.absence'] as const)
        tell(event, { reasons: ['UNWIND'], counts: { removed: 0, gone: 0, left: 0 }, verdict: 'PASS', act: { name: 'remove', run: 1, pass: 0, turn: at } });
    }
  }
  if (world.withdrawn === 'all') tell('rollback.ordered');
  else if (world.withdrawn) tell('deletion.intent', { reasons: ['ORDERED'] });
  const states = statesOf(final);
  const put = (bytes: Uint8Array): string => log.put(bytes);
  const index = sealSet(put, 'final', final, workload);
  tell('reconciliation.closed', {
    counts: { ...Object.fromEntries(Object.entries(states).map(([state, { count }]) => [state, count])), inventoried },
    verdict: setVerdict(final.map(({ state }) => state)),
    ...(world.withdrawn ? { reasons: ['WITHDRAWN'] } : {}),
    evidence: [{ name: 'final-set', media_type: 'application/json', sha256: index, size_bytes: '1000000' }],
  });
}

type Tell = (event: LedgerDraft['event'], said?: Partial<LedgerDraft>) => void;

function accept(log: LogHand, workload: string, losses: readonly string[], tell: Tell): void {
  const scope = Buffer.from(JSON.stringify({ gate: 'loss', losses, project: 'demo', v: 1, workload }));
  const digest = log.put(scope);
  const approval = { approver: { id: 'p-017' }, gate: 'loss', scope_sha256: digest };
  tell('gate.reached', { approval, evidence: [{ name: 'scope', media_type: 'application/json', sha256: digest, size_bytes: String(scope.length) }] });
  tell('loss.accepted', { approval });
}

function tellBatch(batch: readonly Said[], workload: string, rows: NonNullable<LedgerDraft['evidence']>[number], tell: Tell): void {
  const counts = { pass: 0, fail: 0, unknown: 0 };
  for (const { verdict } of batch) counts[verdict.toLowerCase() as keyof typeof counts] += 1;
  const verdict = counts.fail > 0 ? 'FAIL' : counts.unknown > 0 ? 'UNKNOWN' : 'PASS';
  tell('batch.verified', { unit: { kind: 'bucket', ref: workload, count: batch.length }, counts, verdict, evidence: [rows] });
}
