import { checkpointNote } from './checkpoints.ts';
import { sha256Of } from './folder.ts';
import type { GateBook } from './gate-book.ts';
import type { Cosigned, Sighting, Token } from './outsiders.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen, toleranceMs } from './record-check.ts';

export interface Outsiders {
  readonly cosignatures: readonly Cosigned[];
  readonly tokens: readonly Token[];
  /** Size of the newest checkpoint in the bundle. */
  readonly newest: number | undefined;
}

/** C12 and C13 where a gate opens and at the end of the log. */
export function outsidersCheck(bundle: Bundle, book: GateBook, { cosignatures, tokens, newest }: Outsiders): RecordCheck {
  const { findings, policy } = bundle;
  const quorum = policy?.witness_quorum ?? 1;
  const orgs = (size: number): number => {
    // The operator's own witness is nobody outside: a policy of production does not count it.
    const counted = cosignatures.filter((one) => one.size === size && (policy?.class !== 'production' || one.org !== policy.operator));
    return new Set(counted.map(({ org }) => org)).size;
  };
  const checkQuorum = (size: number, seq: number): void => {
    if (quorum === 0) return;
    findings.looked('C12', seq);
    if (orgs(size) < quorum) findings.fail('C12', `checkpoint ${size} is cosigned by ${orgs(size)} of ${quorum} organisations`, seq);
  };
  const opened = ({ seq, record }: Seen): void => {
    const open = book.gateOf(record);
    const rule = open && policy?.gates[open.gate];
    if (!open || !rule || (!rule.witnessed && rule.timestamp === 'none')) return;
    const size = record.counts?.size ?? 0;
    const check = rule.witnessed ? 'C12' : 'C13';
    findings.guard(
      check,
      () => {
        if (sha256Of(checkpointNote(bundle, size)) !== evidenceNamed(record, 'checkpoint')?.sha256) findings.fail(check, 'binds another checkpoint', seq);
      },
      seq,
    );
    const covered = open.approvals.every((approval) => approval.seq < size);
    if (rule.witnessed) {
      checkQuorum(size, seq);
      if (!covered) findings.fail('C12', 'its checkpoint does not cover its approvals', seq);
    }
    if (rule.timestamp === 'none') return;
    findings.looked('C13', seq);
    const sha256 = evidenceNamed(record, 'token')?.sha256;
    const token = tokens.find((one) => one.sha256 === sha256 && one.size === size);
    if (!token) findings.fail('C13', 'binds no timestamp of its checkpoint that verifies', seq);
    else if (rule.timestamp === 'qualified' && !token.isQualified) findings.fail('C13', 'the policy asks for a qualified timestamp', seq);
    if (!covered) findings.fail('C13', 'its checkpoint does not cover its approvals', seq);
  };
  return {
    sees: (seen) => {
      if (seen.record.event === 'gate.opened') opened(seen);
    },
    ends: () => {
      if (newest !== undefined) checkQuorum(newest, newest - 1);
    },
  };
}

/** C6: nobody can have seen a record before it was written, nor written of a sighting before it happened. */
export function sightingsCheck({ findings }: Bundle, { cosignatures, tokens }: Pick<Outsiders, 'cosignatures' | 'tokens'>): RecordCheck {
  const bySize = Map.groupBy<number, Sighting>([...cosignatures, ...tokens], ({ size }) => size);
  let latestMs = 0;
  return {
    sees: ({ seq, record, timeMs }) => {
      latestMs = Math.max(latestMs, timeMs);
      if (record.event !== 'tsa.token' && record.event !== 'witness.cosigned') return;
      const at = bySize.get(record.counts?.size ?? -1) ?? [];
      const named = at.filter(({ by }) => by === record.unit?.ref);
      const seenMs = Math.min(...(named.length > 0 ? named : at).map(({ atMs }) => atMs));
      if (timeMs < seenMs - toleranceMs && Number.isFinite(seenMs)) findings.fail('C6', 'tells of a sighting that came later', seq);
    },
    grown: (size) => {
      for (const { by, atMs } of bySize.get(size) ?? []) if (latestMs > atMs + toleranceMs) findings.fail('C6', `is later than ${by} saw it`, size - 1);
    },
  };
}
