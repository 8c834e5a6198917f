import { isMigrationError } from '../core/migration-error.ts';
import type { LedgerDraft } from '../model/ledger-record.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { LogView } from './log-view.ts';
import type { Signer } from './signer.ts';

/** So often the log may grow under a decision, which takes milliseconds, before the caller is told to come back. */
const mostTries = 50;

/**
 * Appends what `decide` makes of the log as it stands now. What grew meanwhile may have changed the answer (a gate shown anew, a nonce used, an
 * instruction by the approver), so it decides again: the record says what is true at its place in the log. Undefined: there is nothing to say.
 */
export async function appendDecided(
  { ledger, signer }: { readonly ledger: Ledger; readonly signer: Pick<Signer, 'view'> },
  decide: (view: LogView) => LedgerDraft | undefined | Promise<LedgerDraft>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const view = await signer.view();
    const head = { size: view.leaves.length, head: view.head };
    const draft = await decide(view);
    if (!draft) return;
    try {
      await ledger.append([draft], head);
      return;
    } catch (error) {
      if (!isMigrationError(error, 'LEDGER_MOVED') || tries === mostTries) throw error;
    }
  }
}
