import { sha256Of } from './folder.ts';
import type { GateBook } from './gate-book.ts';
import { type Cosigned, isCosignedNote, type Sighting, type Token } from './outsiders.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen, toleranceMs } from './record-check.ts';

export interface Outsiders {
  readonly cosignatures: readonly Cosigned[];
  readonly tokens: readonly Token[];
  /** Size of the newest checkpoint in the bundle. */
  readonly newest: number | undefined;
}

/** C12: what a record binds of witnesses is there, and the quorum cosigned the newest checkpoint and each that a witnessed gate opened under. */
export function witnessesCheck(bundle: Bundle, book: GateBook, { cosignatures, newest }: Pick<Outsiders, 'cosignatures' | 'newest'>): RecordCheck {
  const { findings, policy } = bundle;
  const quorum = policy?.witness_quorum ?? 1;
  if (quorum === 0) return {};
  const orgs = (size: number): number => {
    // The operator's own witness is nobody outside: a policy of production does not count it.
    const counted = cosignatures.filter((one) => one.size === size && (policy?.class !== 'production' || one.org !== policy.operator));
    return new Set(counted.map(({ org }) => org)).size;
  };
  const checkQuorum = (size: number, seq: number): void => {
    findings.looked('C12', seq);
    if (orgs(size) < quorum) findings.fail('C12', `checkpoint ${size} is cosigned by ${orgs(size)} of ${quorum} organisations`, seq);
  };
  return {
    sees: ({ seq, record }) => {
      const size = record.counts?.size ?? 0;
      const by = record.event === 'witness.cosigned' ? record.unit?.ref : undefined;
      for (const { name, sha256 } of record.evidence ?? [])
        if (name === 'cosigned' && findings.guard('C12', () => isCosignedNote(bundle, { size, sha256, by }), seq) === false)
          findings.fail('C12', `log/cosigned/${size} does not hold what it binds`, seq);
      if (record.event !== 'gate.opened') return;
      const open = book.gateOf(record);
      if (!open || !policy?.gates[open.gate].witnessed) return;
      checkQuorum(size, seq);
      if (!evidenceNamed(record, 'cosigned')) findings.fail('C12', 'binds no cosigned checkpoint', seq);
      if (!open.approvals.every((approval) => approval.seq < size)) findings.fail('C12', 'its checkpoint does not cover its approvals', seq);
    },
    ends: () => {
      if (newest !== undefined) checkQuorum(newest, newest - 1);
    },
  };
}

/** C13: what a record binds of authorities is there, and each gate that asks for a timestamp binds one of its checkpoint. `tokens` are those that verify. */
export function timestampsCheck({ findings, folder, policy }: Bundle, book: GateBook, { tokens }: Pick<Outsiders, 'tokens'>): RecordCheck {
  const recorded = ({ seq, record }: Seen): void => {
    for (const [name, ending] of [
      ['query', 'tsq'],
      ['token', 'tsr'],
    ] as const) {
      const item = evidenceNamed(record, name);
      const file = `timestamps/${record.counts?.size}.${record.unit?.ref}.${ending}`;
      if (item && sha256Of(folder.bytes(file)) !== item.sha256) findings.fail('C13', `${file} is not what it binds as ${name}`, seq);
    }
  };
  const opened = ({ seq, record }: Seen): void => {
    const open = book.gateOf(record);
    const wanted = open ? (policy?.gates[open.gate].timestamp ?? 'none') : 'none';
    if (!open || wanted === 'none') return;
    findings.looked('C13', seq);
    const size = record.counts?.size ?? 0;
    const sha256 = evidenceNamed(record, 'token')?.sha256;
    const token = tokens.find((one) => one.sha256 === sha256 && one.size === size);
    if (!token) findings.fail('C13', 'binds no timestamp of its checkpoint that verifies', seq);
    else if (wanted === 'qualified' && !token.isQualified) findings.fail('C13', 'the policy asks for a qualified timestamp', seq);
    if (!open.approvals.every((approval) => approval.seq < size)) findings.fail('C13', 'its checkpoint does not cover its approvals', seq);
  };
  return {
    sees: (seen) => {
      if (seen.record.event === 'tsa.token') recorded(seen);
      if (seen.record.event === 'gate.opened') opened(seen);
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
