import type { Digest } from '../model/digest.ts';
import type { RunRef } from '../model/manifest.ts';
import type { ObjectRow } from '../model/row.ts';
import type { Depot } from '../ports/depot.ts';
import { linesOf } from './json-lines.ts';
import { corrupt, readIndex } from './manifest-files.ts';
import { startTotals, type Totals } from './shard-totals.ts';

/** One rows file of a run and what it says in numbers: what the record of a batch tells. */
export interface RunBatch {
  readonly shard: number;
  readonly rows: Digest;
  readonly rowsBytes: number;
  readonly totals: Totals;
}

/** Every rows file of a run, for one that no seals tell of (`salvageRun`). Memory holds one. */
export async function* runBatches(depot: Depot, { digest }: RunRef): AsyncGenerator<RunBatch> {
  for (const [shard, { rows }] of (await readIndex(depot, digest)).shards.entries()) {
    if (rows === undefined) throw corrupt('a run has no rows file');
    const bytes = await depot.get(rows);
    const lines = linesOf(bytes);
    lines.next(); // the salt
    const tallying = startTotals();
    for (const line of lines) tallying.count(JSON.parse(line) as ObjectRow);
    yield { shard, rows, rowsBytes: bytes.length, totals: tallying.totals };
  }
}
