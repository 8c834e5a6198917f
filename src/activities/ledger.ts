import { ledgerLines, verifyLedger } from '../ledger/verify.ts';
import type { LedgerShowErrand, LedgerShowResult, LedgerVerifyErrand, LedgerVerifyResult } from '../model/errand.ts';
import type { Ledger } from '../ports/ledger.ts';
import { attempt } from './boundary.ts';

export type LedgerActivities = ReturnType<typeof createLedgerActivities>;

/** The result of an errand must stay far below Temporal's 2 MiB; the longest record is 64 KiB. */
const longestAnswerBytes = 1_000_000;
const pageLines = 500;

/** What the `ledger` role answers. It holds no cloud credential; the signing key will live here and nowhere else. */
export const createLedgerActivities = ({ ledger }: { ledger: Ledger }) => ({
  showLedger: ({ fromSeq, limit }: LedgerShowErrand): Promise<LedgerShowResult> =>
    attempt(async () => {
      const lines: string[] = [];
      let sizeBytes = 0;
      for (const line of await ledger.read(fromSeq, Math.min(limit, pageLines))) {
        sizeBytes += Buffer.byteLength(line);
        if (sizeBytes > longestAnswerBytes) break;
        lines.push(line);
      }
      return { lines, size: (await ledger.head()).size };
    }),

  verifyLedger: (_: LedgerVerifyErrand): Promise<LedgerVerifyResult> => attempt(() => verifyLedger(ledgerLines(ledger))),
});
