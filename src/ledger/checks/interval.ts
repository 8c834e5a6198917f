import { type Bundle, type RecordCheck, type Seen, toleranceMs } from './record-check.ts';

interface Late {
  readonly seq: number;
  readonly sinceMs: number;
  untilMs: number;
}
/** A gap of the log whose approvals fill the seats of gate `gap`. */
export interface ApprovedGap {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * C11: between two checkpoints, and from the last one to every later record, there lies no more than the policy's interval. What is late
 * is kept until the end, when it is known which gaps were approved.
 */
export function intervalCheck({ findings, policy }: Bundle, approvedGaps: () => readonly ApprovedGap[]): RecordCheck {
  const limitMs = (policy?.checkpoint.every_seconds ?? 0) * 1000 + toleranceMs;
  const late: Late[] = [];
  let sinceMs: number | undefined;
  const note = (seen: Seen): void => {
    if (sinceMs === undefined || seen.timeMs - sinceMs <= limitMs) return;
    const open = late.at(-1);
    if (open?.sinceMs === sinceMs) open.untilMs = seen.timeMs;
    else late.push({ seq: seen.seq, sinceMs, untilMs: seen.timeMs });
  };
  return {
    sees: (seen) => {
      note(seen);
      const { gap } = seen.record;
      if (gap && Date.parse(gap.to) > seen.timeMs + toleranceMs) findings.fail('C11', 'a gap that ends after its own record', seen.seq);
      if (seen.record.event === 'log.opened') sinceMs ??= seen.timeMs;
      if (seen.record.event !== 'checkpoint.published') return;
      findings.looked('C11');
      sinceMs = Math.max(sinceMs ?? 0, seen.timeMs);
    },
    ends: () => {
      if (!policy) findings.fail('C11', 'no policy says how often');
      else findings.looked('C11');
      for (const { seq, sinceMs: fromMs, untilMs } of late)
        if (endOfGaps(fromMs, approvedGaps(), limitMs) + limitMs < untilMs)
          findings.fail('C11', `no checkpoint was published from ${new Date(fromMs).toISOString()} to ${new Date(untilMs).toISOString()}`, seq);
    },
  };
}

/** The interval counts anew from the end of an approved gap that begins before the next checkpoint was due. */
function endOfGaps(fromMs: number, gaps: readonly ApprovedGap[], limitMs: number): number {
  let untilMs = fromMs;
  for (const gap of [...gaps].sort((a, b) => a.fromMs - b.fromMs)) if (gap.fromMs <= untilMs + limitMs) untilMs = Math.max(untilMs, gap.toMs);
  return untilMs;
}
