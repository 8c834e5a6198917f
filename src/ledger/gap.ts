import { canonicalJson } from '../core/canonical-json.ts';
import { clockToleranceMs } from '../core/clock-tolerance.ts';
import { eventId } from '../core/ids.ts';
import { ledgerActor } from './ledger-actor.ts';
import type { LogView } from './log-view.ts';
import type { SignerDeps } from './signer.ts';

/** What a checkpoint may be late without being a gap: clocks, and starts of workers. */
export const toleranceMs = clockToleranceMs;

/** The file whose digest the controller's approval names. */
export const gapScope = (project: string, from: string, to: string, reason: string): Buffer =>
  Buffer.from(canonicalJson({ v: 1, project, gate: 'gap', from, to, reason }));

/**
 * When no checkpoint was published for longer than the policy allows, the log itself says so before the next one. Whoever reads it then looks for
 * the controller's approval of exactly this gap; without one it fails. Answers whether there was one.
 */
export async function recordGap({ ledger, depot, policy, now }: SignerDeps, view: LogView): Promise<boolean> {
  if (view.publishedAtMs === undefined) return false;
  // A crash before the checkpoint left a gap on record: the time counts anew from its end.
  const told = view.decisions.map(({ gap }) => (gap ? Date.parse(gap.to) : 0));
  const sinceMs = Math.max(view.publishedAtMs, ...told);
  if (now() - sinceMs <= policy.checkpoint.every_seconds * 1000 + toleranceMs) return false;
  const from = new Date(sinceMs).toISOString();
  const to = new Date(now()).toISOString();
  const scope = gapScope(policy.project, from, to, 'OUTAGE');
  const sha256 = await depot.put(scope);
  await ledger.append([
    {
      event_id: eventId(policy.project, 'log', 'gap', from, to),
      event: 'log.gap',
      actor: ledgerActor,
      unit: { kind: 'log', ref: policy.log },
      gap: { from, to },
      reasons: ['OUTAGE'],
      evidence: [{ name: 'scope', media_type: 'application/json', sha256, size_bytes: String(scope.length) }],
    },
  ]);
  return true;
}
