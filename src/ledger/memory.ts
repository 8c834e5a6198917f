import type { Ledger } from '../ports/ledger.ts';
import { appendDrafts, gatheringRows, tailOf } from './append.ts';
import { type ClockSources, guardedClock } from './clock-guard.ts';
import type { LedgerWriter } from './record.ts';

/** A ledger that lives as long as the process: for suites that need no disk. The same rules as the others, by the same function. */
export function openMemoryLedger({ now, monotonicMs, ...writer }: LedgerWriter & ClockSources): Ledger {
  const clock = guardedClock({ now, monotonicMs });
  const lines: string[] = [];
  const seqOf = new Map<string, number>();
  return {
    async append(drafts, expectedHead) {
      const rows = gatheringRows(lines.at(-1), (eventId) => lines[seqOf.get(eventId) ?? -1]);
      const records = appendDrafts(rows, drafts, writer, clock, expectedHead);
      for (const { eventId, line } of rows.added) seqOf.set(eventId, lines.push(line) - 1);
      return records;
    },
    read: async (fromSeq, limit) => lines.slice(fromSeq, fromSeq + limit),
    head: async () => {
      const { size, head } = tailOf(lines.at(-1));
      return { size, head };
    },
    close: async () => {},
  };
}
