import type { LedgerRecord } from '../model/ledger-record.ts';

/** The workloads that have begun and not ended: not finalized, not discarded. A log that closed over one of them could never tell its end. */
export async function openWorkloads(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const open = new Set<string>();
  for await (const line of lines) {
    const { event, unit, act, reasons } = JSON.parse(line) as LedgerRecord;
    if (!unit) continue;
    if (event === 'inventory.sealed' || event === 'transfer.started') open.add(unit.ref);
    if (event === 'step.succeeded' && act?.name === 'finalize') open.delete(unit.ref);
    if (event === 'deletion.outcome' && reasons?.includes('ORDERED')) open.delete(unit.ref);
  }
  return [...open].sort();
}
