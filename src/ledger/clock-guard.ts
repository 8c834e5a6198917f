import { clockToleranceMs } from '../core/clock-tolerance.ts';
import { MigrationError } from '../core/migration-error.ts';

/** The time to write behind a record of `tailMs`; LEDGER_CLOCK when this machine's clock cannot be believed. */
export type LedgerClock = (tailMs: number) => number;

export interface ClockSources {
  /** Wall clock, milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Never set by anybody; its zero means nothing. Absent beside a given `now`: that one, so that no jump is seen. */
  readonly monotonicMs?: (() => number) | undefined;
}

/** What the format tolerates between clocks. */
const toleranceMs = clockToleranceMs;

/**
 * A wall clock that is refused when it moved more than five minutes against the monotonic one since this process last looked, either
 * way, or stands more than five minutes before the log's last record. A clock set right is believed again; one that is right
 * *after* its jump only by a new process, since this one cannot know which side of the jump was wrong.
 */
export function guardedClock({ now, monotonicMs = now ?? (() => performance.now()) }: ClockSources = {}): LedgerClock {
  const wallMs = now ?? Date.now;
  // How far the two stand apart; a slow drift moves it, a refused jump does not.
  let apartMs = wallMs() - monotonicMs();
  return (tailMs) => {
    const nowMs = wallMs();
    const moved = nowMs - monotonicMs() - apartMs;
    if (Math.abs(moved) > toleranceMs)
      throw refused(`it moved ${seconds(moved)} s against the time that passed; where it is right now, start this process again`, -moved);
    if (tailMs - nowMs > toleranceMs) throw refused(`it stands ${seconds(tailMs - nowMs)} s before the last record`, tailMs - nowMs);
    apartMs += moved;
    return Math.max(nowMs, tailMs);
  };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(0);

const refused = (detail: string, offsetMs: number): MigrationError => new MigrationError('LEDGER_CLOCK', { operation: 'append', detail, offsetMs });
