import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ecluseFolder } from '../lab/folders.ts';
import { openPostgresLedger } from '../src/ledger/postgres.ts';
import { migratePostgresLedger } from '../src/ledger/postgres-schema.ts';
import { openSqliteLedger } from '../src/ledger/sqlite.ts';
import { ledgerLines, verifyLedger } from '../src/ledger/verify.ts';
import type { LedgerDraft } from '../src/model/ledger-record.ts';
import type { Ledger } from '../src/ports/ledger.ts';
import { findPostgres, startPostgres } from '../test/support/postgres.ts';
import { describeHost } from './host.ts';
import { median } from './statistics.ts';

/** Appends records one by one from four processes, each on the disk when it is answered; ends with 1 when the goal is missed. */
const processes = 4;
const recordsEach = 500;
const rounds = 5;
const goalPerSecond = 500;

/** Where a log is: a file, or a PostgreSQL URL. */
type Place = { readonly file: string } | { readonly server: string };

interface Order {
  readonly place: Place;
  readonly origin: string;
  readonly label: string;
}

const openLog = async (place: Place, origin: string): Promise<Ledger> => {
  const writer = { project: 'bench', origin, host: { id: hostname() }, software: { name: 'ecluse', version: '0', build: 'bench' } };
  return 'file' in place ? openSqliteLedger({ ...writer, ...place }) : openPostgresLedger({ ...writer, ...place });
};

const actor = { id: 'svc:bench', type: 'service', auth: 'client-asserted' } as const;

/** What a log holds most of: one shard's result. */
const shardDraft = (label: string, n: number): LedgerDraft => ({
  event_id: `bench/load/verify/${label}/${n}`,
  event: 'batch.verified',
  actor,
  refs: { workflow_id: 'bench/load', run_id: '0198a6f0-0000-7000-8000-000000000000', activity_id: String(n), attempt: 1 },
  unit: { kind: 'shard', ref: `load/1/1/${n}`, count: 10_000, size_bytes: '68719476736' },
  act: { name: 'verify', run: 1, pass: 1, turn: n },
  source: { provider: 's3', region: 'eu-west-3', endpoint: 'https://source.example', resource_ref: 'load' },
  target: { provider: 's3', region: 'fr-north', endpoint: 'https://target.example', resource_ref: 'load' },
  counts: { pass: 10_000, fail: 0, unknown: 0 },
  verdict: 'PASS',
  reasons: [],
  evidence: [{ name: 'rows', media_type: 'application/x-ndjson', sha256: 'd'.repeat(64), size_bytes: '4194304' }],
});

const openedDraft: LedgerDraft = {
  event_id: 'bench/log/opened',
  event: 'log.opened',
  actor,
  policy: { class: 'lab', sha256: 'c'.repeat(64) },
  clock: { source: 'system', offset_ms: 0, checked_at: '2026-12-01T08:00:00.000Z' },
  evidence: [{ name: 'policy', media_type: 'application/json', sha256: 'c'.repeat(64), size_bytes: '1' }],
};

async function main(): Promise<void> {
  const { processor, cores, node, platform, loadAverage } = describeHost();
  console.log(`${processor}, ${cores} cores, ${platform}, Node ${node}, load average ${loadAverage.map((value) => value.toFixed(2)).join(' ')}`);
  console.log(`${processes} processes, ${recordsEach} records each, appended one by one; medians of ${rounds} rounds`);
  mkdirSync(ecluseFolder, { recursive: true });
  // Beside the clone and not in the system's temporary folder, which may be memory.
  const folder = mkdtempSync(`${ecluseFolder}/bench-ledger-`);
  try {
    const rate = await measure('SQLite, synchronous = FULL', (round) => ({ file: `${folder}/${round}.db` }));
    await measurePostgres();
    const isMet = rate >= goalPerSecond;
    console.log(`${isMet ? 'PASS' : 'FAIL'}  SQLite: at least ${goalPerSecond} records/s from ${processes} processes`);
    if (!isMet) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measurePostgres(): Promise<void> {
  const found = findPostgres();
  if ('missing' in found) return console.log(`NOT MEASURED  PostgreSQL: ${found.missing}`);
  const postgres = await startPostgres({});
  try {
    const writer = { user: 'bench', password: 'bench' };
    await postgres.sql(`CREATE ROLE ${writer.user} LOGIN PASSWORD '${writer.password}'`);
    await migratePostgresLedger(postgres.url(), { writerRole: writer.user });
    await measure('PostgreSQL, synchronous_commit = on', () => ({ server: postgres.url(writer) }));
  } finally {
    await postgres.end();
  }
}

/** Median records per second over rounds, each in a log of its own that must verify. */
async function measure(title: string, placeOf: (round: number) => Place): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) rates.push(await runRound(placeOf(round), `bench/${round}`));
  const shown = rates.map((rate) => rate.toFixed(0)).join(' ');
  console.log(`${title}: ${median(rates).toFixed(0)} records/s (${shown})`);
  return median(rates);
}

async function runRound(place: Place, origin: string): Promise<number> {
  const ledger = await openLog(place, origin);
  await ledger.append([openedDraft]);
  const writers = await Promise.all(Array.from({ length: processes }, (_, n) => readyWriter({ place, origin, label: `w${n}` })));
  const startedMs = performance.now();
  for (const writer of writers) writer.send('go');
  const ends = await Promise.all(writers.map((writer) => once(writer, 'exit')));
  const seconds = (performance.now() - startedMs) / 1000;
  if (ends.some(([code]) => code !== 0)) throw new Error('a writer failed');
  const { verdict, size } = await verifyLedger(ledgerLines(ledger), origin);
  await ledger.close();
  if (verdict !== 'PASS' || size !== processes * recordsEach + 1) throw new Error(`the log does not hold what was appended: ${verdict}, ${size} records`);
  return (processes * recordsEach) / seconds;
}

/** A process that has the log open and waits for its start. */
async function readyWriter(order: Order): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['writer']);
  child.send(order);
  await once(child, 'message');
  return child;
}

/** The part of a writer's process. */
async function write(): Promise<void> {
  const [{ place, origin, label }] = (await once(process, 'message')) as [Order];
  const ledger = await openLog(place, origin);
  await ledger.head();
  const started = once(process, 'message');
  process.send?.('ready');
  await started;
  for (let n = 0; n < recordsEach; n += 1) await ledger.append([shardDraft(label, n)]);
  await ledger.close();
  process.disconnect();
}

(process.argv[2] === 'writer' ? write() : main()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
