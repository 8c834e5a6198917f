import type { Ledger } from '../ports/ledger.ts';
import { appendDrafts, tailOf } from './append.ts';
import type { LedgerWriter } from './record.ts';

/** A ledger that lives as long as the process: for suites that need no disk. The same rules as the others, by the same function. */
export function openMemoryLedger({ now = Date.now, ...writer }: LedgerWriter & { readonly now?: () => number }): Ledger {
  const lines: string[] = [];
  const seqOf = new Map<string, number>();
  return {
    async append(drafts, expectedHead) {
      const added: { readonly eventId: string; readonly line: string }[] = [];
      const lineOf = (eventId: string): string | undefined => {
        const seq = seqOf.get(eventId);
        return seq === undefined ? added.find((one) => one.eventId === eventId)?.line : lines[seq];
      };
      const rows = { lastLine: () => lines.at(-1), lineOf, add: (_seq: number, eventId: string, line: string) => void added.push({ eventId, line }) };
      const records = appendDrafts(rows, drafts, writer, now, expectedHead);
      for (const { eventId, line } of added) seqOf.set(eventId, lines.push(line) - 1);
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
