import type { LedgerRecord } from '../../model/ledger-record.ts';
import { type PolicyGate, policyGates } from '../../model/policy.ts';
import { BundleFault, sha256Of } from './folder.ts';
import { type Bundle, evidenceNamed, type Seen } from './record-check.ts';

/** Records by which a person approves, and the gate that each is for. */
const approvalEvents: Partial<Record<LedgerRecord['event'], PolicyGate>> = {
  'loss.accepted': 'loss',
  'cutover.approved': 'cutover',
  'acceptance.signed': 'finalize',
  'deletion.approved': 'discard',
  'gap.approved': 'gap',
};

export const approvalGate = ({ event }: LedgerRecord): PolicyGate | undefined => approvalEvents[event];

/** What a gate showed, and who approved exactly that since. */
export interface OpenGate {
  readonly gate: PolicyGate;
  /** The workload, or `record N` of a gap. */
  readonly subject: string;
  readonly reachedSeq: number;
  readonly scope: string;
  readonly catalogue: readonly string[] | undefined;
  /** Codes that its approval accepts. */
  readonly losses: readonly string[];
  /** Of a gap. */
  readonly gap: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly approvals: Seen[];
  /** Actor of the newest `instruction.received` before the newest of them. */
  instructedBy: string | undefined;
}

export interface GateBook {
  /** Enters `gate.reached`, `log.gap` and the approvals of it; to be called before the checks see the record. */
  enter(seen: Seen): void;
  /** What the record, an approval or a `gate.opened`, belongs to; undefined when its gate was never reached. */
  gateOf(record: LedgerRecord): OpenGate | undefined;
  readonly gaps: readonly OpenGate[];
  /** Actor of the newest `instruction.received`. */
  instructedBy(): string | undefined;
  /** Codes accepted for a workload so far. */
  acceptedLosses(workload: string): ReadonlySet<string>;
}

const scopeLimitBytes = 16 * 1024 * 1024;

/** Keeps, of each workload and gate, the newest `gate.reached` and its approvals. A scope that is missing or says otherwise fails C15. */
export function gateBook(bundle: Bundle): GateBook {
  const gates = new Map<string, OpenGate>();
  const gaps: OpenGate[] = [];
  const losses = new Map<string, Set<string>>();
  let instructedBy: string | undefined;
  const gateOf = (record: LedgerRecord): OpenGate | undefined => {
    const gate = approvalGate(record) ?? record.approval?.gate;
    return gate === 'gap' ? gaps.findLast(({ scope }) => scope === record.approval?.scope_sha256) : gates.get(`${gate} ${record.unit?.ref}`);
  };
  const approve = (seen: Seen): void => {
    const open = gateOf(seen.record);
    if (!open || open.scope !== seen.record.approval?.scope_sha256) return;
    open.approvals.push(seen);
    open.instructedBy = instructedBy;
    if (open.gate !== 'loss') return;
    const accepted = losses.get(open.subject) ?? new Set<string>();
    for (const code of open.losses) accepted.add(code);
    losses.set(open.subject, accepted);
  };
  return {
    gateOf,
    gaps,
    instructedBy: () => instructedBy,
    acceptedLosses: (workload) => losses.get(workload) ?? new Set(),
    enter: (seen) => {
      const { record } = seen;
      if (record.event === 'instruction.received') instructedBy = record.actor.id;
      else if (record.event === 'gate.reached') {
        const open = reached(bundle, seen);
        if (open) gates.set(`${open.gate} ${open.subject}`, open);
      } else if (record.event === 'log.gap') gaps.push(gapOf(bundle, seen));
      else if (approvalGate(record)) approve(seen);
    },
  };
}

function reached(bundle: Bundle, { seq, record }: Seen): OpenGate | undefined {
  const { findings } = bundle;
  const gate = policyGates.find((known) => known === record.approval?.gate);
  const sha256 = evidenceNamed(record, 'scope')?.sha256;
  const subject = record.unit?.ref ?? '';
  findings.looked('C15');
  if (!gate) {
    findings.fail('C15', 'is a gate of no known name', seq);
    return undefined;
  }
  if (!sha256 || sha256 !== record.approval?.scope_sha256) findings.fail('C15', 'does not bind the scope that it shows', seq);
  const scope = findings.guard('C15', () => readScope(bundle, record.approval?.scope_sha256), seq);
  if (scope && (scope.project !== record.project || scope.workload !== subject || scope.gate !== gate))
    findings.fail('C15', 'its scope is of another project, workload or gate', seq);
  const needsCatalogue = gate === 'finalize' || gate === 'discard';
  return {
    gate,
    subject,
    reachedSeq: seq,
    scope: record.approval?.scope_sha256 ?? '',
    catalogue: needsCatalogue ? texts(scope?.catalogue) : undefined,
    losses: texts(scope?.losses),
    gap: undefined,
    approvals: [],
    instructedBy: undefined,
  };
}

function gapOf(bundle: Bundle, { seq, record }: Seen): OpenGate {
  const { findings } = bundle;
  const sha256 = evidenceNamed(record, 'scope')?.sha256 ?? '';
  const { from = '', to = '' } = record.gap ?? {};
  findings.looked('C15');
  const scope = findings.guard('C15', () => readScope(bundle, sha256), seq);
  if (scope && (scope.project !== record.project || scope.gate !== 'gap' || scope.from !== from || scope.to !== to))
    findings.fail('C15', 'its scope is of another gap', seq);
  const gap = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  return {
    gate: 'gap',
    subject: `record ${seq}`,
    reachedSeq: seq,
    scope: sha256,
    catalogue: undefined,
    losses: [],
    gap,
    approvals: [],
    instructedBy: undefined,
  };
}

function readScope({ folder }: Bundle, sha256: string | undefined): Readonly<Record<string, unknown>> {
  if (!sha256) throw new BundleFault('binds no scope');
  const bytes = folder.bytes(`evidence/${sha256}`, scopeLimitBytes);
  if (sha256Of(bytes) !== sha256) throw new BundleFault('the file of its scope has another digest');
  const scope: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof scope !== 'object' || scope === null || (scope as { v?: unknown }).v !== 1) throw new BundleFault('its scope is not of version 1');
  return scope as Readonly<Record<string, unknown>>;
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
