import type { ObjectRow } from '../../../src/model/row.ts';
import { hardListing, leftAlone } from './sample-hard.ts';
import { finalRows, firstPass, listingOf, sealRows, sealSet, statesOf } from './sample-objects.ts';
import { samplePlace } from './sample-policy.ts';
import { acceptedLosses, type Story, tell } from './sample-tell.ts';

const { workload } = samplePlace;

/** `verify`: compared; the others tell rows again. */
type BatchName = 'verify' | 'salvage-copy' | 'tags';

export function batch(story: Story, planned: readonly ObjectRow[], shard: number, name: BatchName = 'verify'): void {
  const { log, edits, batches } = story;
  const objects = edits.rows?.(planned, batches.length) ?? planned;
  const rows = sealRows(log.put, objects);
  const counted = { fail: 0, pass: 0, unknown: 0 };
  for (const { verdict } of objects) counted[verdict.toLowerCase() as keyof typeof counted] += 1;
  const size = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const seq = tell(story, name === 'verify' ? 'batch.verified' : 'batch.restated', `${name}/${shard}`, {
    unit: { kind: 'bucket', ref: workload, count: objects.length, size_bytes: String(size) },
    counts: counted,
    verdict: counted.fail > 0 ? 'FAIL' : counted.unknown > 0 ? 'UNKNOWN' : 'PASS',
    reasons: [...new Set(objects.flatMap(({ reason }) => reason ?? []))].sort(),
    evidence: [
      log.file('rows', log.files.get(rows) ?? '', 'application/x-ndjson'),
      log.file('entries', objects.map(({ ref }) => `{"key":"behind ${ref}"}\n`).join(''), 'application/x-ndjson', true),
    ],
  });
  batches.push({ rows, objects, seq });
}

export function sealInventory(story: Story, which: number): void {
  const { log, edits, batches, hard } = story;
  const seen = firstPass.map((objects) => ({
    rows: '',
    objects: objects.map((row) => (row.outcome === 'vanished' ? { ...row, outcome: 'copied' as const } : row)),
  }));
  const plain = listingOf(which === 0 ? seen : batches);
  const listed = hard ? hardListing(plain, which, hard === 'contradicted') : plain;
  const rows = edits.inventory?.(listed, which) ?? listed;
  const index = sealSet(log.put, 'inventory', rows);
  const size = rows.reduce((sum, { size_bytes }) => sum + BigInt(size_bytes), 0n);
  const manifest = log.file('manifest', `{"v":1,"shards":[],"made":${which}}`, 'application/json', true);
  const seq = tell(story, 'inventory.sealed', which === 0 ? 'inventory' : 'inventory-closing', {
    unit: { kind: 'inventory', ref: workload, count: rows.length, size_bytes: String(size) },
    evidence: [log.file('inventory-set', log.files.get(index) ?? ''), manifest],
  });
  story.inventories.push({ seq, rows: listed });
}

export function reconcile(story: Story, withdrawn?: 'left' | 'removed'): void {
  const { log, edits, inventories, hard } = story;
  const left = withdrawn === 'left' ? 'all' : withdrawn && (hard ? leftAlone : new Set<string>());
  const followed = finalRows(story, acceptedLosses, left);
  const rows = edits.final?.(followed) ?? followed;
  const index = sealSet(log.put, 'final', rows);
  const states = new Set(rows.map(({ state }) => state));
  const counts = Object.fromEntries(Object.entries(statesOf(rows)).map(([state, { count }]) => [state, count]));
  tell(story, 'reconciliation.closed', withdrawn ? `reconcile-${withdrawn}` : 'reconcile', {
    ...(withdrawn ? { reasons: ['WITHDRAWN'] } : {}),
    counts: { ...counts, inventoried: inventories.at(-1)?.rows.length ?? 0 },
    verdict: states.has('failed') ? 'FAIL' : states.has('unknown') || states.has('changed') ? 'UNKNOWN' : 'PASS',
    evidence: [log.file('final-set', log.files.get(index) ?? '')],
  });
}

export const catalogue = ({ batches }: Story): string[] => batches.map(({ rows }) => rows);
