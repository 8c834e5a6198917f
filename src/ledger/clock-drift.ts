import { eventId } from '../core/ids.ts';
import { isMigrationError } from '../core/migration-error.ts';
import type { LedgerRecord } from '../model/ledger-record.ts';
import type { Policy } from '../model/policy.ts';
import type { Ledger } from '../ports/ledger.ts';
import { ledgerActor } from './ledger-actor.ts';

export type ClockState = NonNullable<LedgerRecord['clock']>;

export interface DriftWatch {
  /** Notes how far the clock was off when `error` is a LEDGER_CLOCK. */
  saw(error: unknown): void;
  readonly isPending: boolean;
  /** Once the clock is right again: one record says how far it was off. */
  tell(): Promise<void>;
}

/** While the clock is off nothing is written, so that it was off is told afterwards. A process that ends meanwhile takes the knowledge with it. */
export function watchDrift({ ledger, policy, now }: { readonly ledger: Ledger; readonly policy: Policy; readonly now: () => number }): DriftWatch {
  let off: ClockState | undefined;
  return {
    saw: (error) => {
      if (!isMigrationError(error, 'LEDGER_CLOCK')) return;
      const { source, offsetMs = 0 } = error.context;
      off = { source: source === undefined ? 'system' : `ntp:${source}`, offset_ms: Math.round(offsetMs), checked_at: new Date(now()).toISOString() };
    },
    get isPending() {
      return off !== undefined;
    },
    tell: async () => {
      const told = off;
      if (!told) return;
      const event_id = eventId(policy.project, 'log', 'clock', 'drift', told.checked_at);
      await ledger.append([{ event_id, event: 'clock.drift', actor: ledgerActor, unit: { kind: 'log', ref: policy.log }, clock: told }]);
      off = undefined;
    },
  };
}
