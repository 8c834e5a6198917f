import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { eventId } from '../src/core/ids.ts';
import { openFolderDepot } from '../src/depot/folder.ts';
import { openSqliteLedger } from '../src/ledger/sqlite.ts';
import type { LedgerDraft } from '../src/model/ledger-record.ts';
import type { ManifestRef } from '../src/model/manifest.ts';
import { copyShard, createFlightBudget, listBucket, referenceKeyOf, type ShardResult, sealRun, systemClock, verifyShard } from '../src/transfer/index.ts';
import { createSocketTransport } from '../src/wire/socket-transport.ts';
import { software } from '../src/workers/software.ts';
import type { EcluseOrder } from './client.ts';
import { openEnds } from './ecluse-stores.ts';

const place = { project: 'bench', workload: 'load', run: 1, pass: 1 };
const cut = { objects: 10_000, sizeBytes: 64 * 1024 ** 3 }; // the plan's own default
const signal = new AbortController().signal;
const quiet = (): void => undefined;

/**
 * One bucket as a transfer worker moves it, in one process and without Temporal: list, copy every shard, verify it when asked, with depot,
 * journals and one ledger record a shard. Throws when a row did not end as it must.
 */
async function moveBucket({ source, target, folder, until, capabilities }: EcluseOrder): Promise<void> {
  const transport = createSocketTransport();
  const { config, stores } = openEnds(folder, source, target, transport);
  const depot = openFolderDepot(`${folder}/depot`);
  const writer = { project: config.project, origin: `ecluse/${config.project}`, host: { id: hostname() }, software: software(process.env) };
  const ledger = openSqliteLedger({ file: config.ledger.sqlite ?? '', ...writer });
  const from = stores.open('source', source.bucket);
  const to = stores.open('target', target.bucket);
  const both = { source: stores.place('source', source.bucket), target: stores.place('target', target.bucket) };
  const deps = { source: from, target: to, depot, clock: systemClock, flight: createFlightBudget(), referenceKey: referenceKeyOf(randomBytes(32)) };

  const record = async (event: LedgerDraft['event'], step: string, said: Partial<LedgerDraft>): Promise<void> => {
    const actor = { id: 'svc:transfer', type: 'service', auth: 'client-asserted' } as const;
    await ledger.append([{ event_id: eventId(place.project, place.workload, step, event), event, actor, ...both, ...said } as LedgerDraft]);
  };
  const recordShard = async (phase: string, shard: number, { rows, objects, sizeBytes, verdicts, reasons }: ShardResult): Promise<void> => {
    const counts = { pass: verdicts.PASS, fail: verdicts.FAIL, unknown: verdicts.UNKNOWN };
    const verdict = verdicts.FAIL > 0 ? 'FAIL' : verdicts.UNKNOWN > 0 ? 'UNKNOWN' : 'PASS';
    const unit = { kind: 'shard', ref: `load/1/1/${shard}`, count: objects, size_bytes: String(sizeBytes) } as const;
    const evidence = [{ name: 'rows', media_type: 'application/x-ndjson', sha256: rows, size_bytes: String((await depot.get(rows)).length) }];
    const act = { name: phase, run: place.run, pass: place.pass, turn: shard };
    await record('batch.verified', `${phase}-${shard}`, { unit, act, counts, verdict, reasons: Object.keys(reasons).sort(), evidence });
  };

  const sha256 = '0'.repeat(64); // of a policy that a bench has not
  const clock = { source: 'system', offset_ms: 0, checked_at: new Date().toISOString() };
  const policyFile = { name: 'policy', media_type: 'application/json', sha256, size_bytes: '0' };
  await record('log.opened', 'log', { policy: { class: 'lab', sha256 }, clock, evidence: [policyFile] });
  const { manifest } = await listBucket(deps, { versions: 'latest', cut }, quiet, signal);
  const done = async (): Promise<void> => {
    await ledger.close();
    await transport.close();
  };
  if (until === 'listed') return await done();
  await record('transfer.started', 'copy', { unit: { kind: 'bucket', ref: place.workload } });
  const input = { versions: 'latest', isFirstPass: true, sourceBucket: source.bucket, capabilities } as const;
  await eachShard(manifest, async (shard) => {
    const copied = await copyShard(deps, { ...place, phase: 'copy', shard }, { ...input, manifest: manifest.digest, shard }, quiet, signal);
    expectAll(copied.objects, copied.outcomes.copied, 'copied');
    if (until === 'copied') await recordShard('copy', shard, copied);
  });
  const { run } = await sealRun(depot, manifest, { ...place, phase: 'copy' });
  if (until === 'verified') {
    await eachShard(run, async (shard) => {
      const verified = await verifyShard(deps, { ...place, phase: 'verify', shard }, { run: run.digest, shard }, quiet, signal);
      expectAll(verified.objects, verified.verdicts.PASS, 'verified');
      await recordShard('verify', shard, verified);
    });
    await sealRun(depot, run, { ...place, phase: 'verify' });
  }
  await done();
}

/** Four at once, as a worker's activities are; the flight budget is shared. */
async function eachShard({ shards }: ManifestRef, work: (shard: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let shard = next++; shard < shards; shard = next++) await work(shard);
  };
  await Promise.all(Array.from({ length: 4 }, lane));
}

function expectAll(objects: number, done: number, what: string): void {
  if (done !== objects) throw new Error(`${done} of ${objects} objects were ${what}`);
}

/** What Temporal's native core weighs in a worker, idle: for the memory bench, where it counts. */
async function loadTemporal(): Promise<void> {
  const { Runtime } = await import('@temporalio/worker');
  Runtime.instance();
}

async function main(order: EcluseOrder): Promise<void> {
  if (order.withTemporal) await loadTemporal();
  await moveBucket(order);
  // The native core would keep the process alive.
  if (order.withTemporal) process.exit();
}

main(JSON.parse(process.argv[2] ?? '{}') as EcluseOrder).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
