import { readFileSync } from 'node:fs';
import { openSqliteRateBudgets } from '../../src/ledger/rate-budgets-sqlite.ts';
import { Config } from '../../src/model/config.ts';
import { createPacer } from '../../src/wire/pacer.ts';
import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { openClouds } from '../../src/workers/clouds.ts';

/** A worker process that reads a snapshot's blocks over and over, as fast as it may: `block-reader.ts CONFIG RATES NAME LOOPS SNAPSHOT BLOCKS INSTANCE`. */
const [config = '', file = '', name = '', loops = '', snapshot = '', blocks = '', instance = ''] = process.argv.slice(2);
const budgets = openSqliteRateBudgets({ file, leaseMs: 3_000 });
const pacer = createPacer({ budgets, holder: `${name}/${process.pid}` });
const clouds = openClouds(Config.parse(JSON.parse(readFileSync(config, 'utf8'))), { transport: createSocketTransport(), pacer, env: process.env });
const { machines, disks } = clouds.source('aws');
const reader = disks.open(snapshot);

/** Says a line for each block. */
async function readOn(from: number): Promise<never> {
  const into = Buffer.alloc(524_288);
  for (let n = from; ; n += Number(loops)) {
    await reader.read(n % Number(blocks), into);
    process.stdout.write('.');
    // The control process has other things to do in between.
    if (name === 'control') await machines.state(instance);
  }
}

for (let loop = 0; loop < Number(loops); loop++) void readOn(loop);
