import type { LedgerRecord } from '../../model/ledger-record.ts';
import { type PolicyGate, policyGates } from '../../model/policy.ts';
import type { Bundle, RecordCheck, Seen } from './record-check.ts';

/** Seq of the newest of each thing that the table of section 5 asks about; −1: never. */
interface Passed {
  readonly reached: Map<PolicyGate, number>;
  readonly opened: Map<PolicyGate, number>;
  readonly compared: Map<'source' | 'target', number>;
  reconciled: number;
  frozen: number;
  cutOver: number;
  rolledBack: number;
}

const freeze = 'freeze-source';
const cutOver = 'cut-over';

/** C17: the table of docs/bundle-format.md §5. */
export function orderCheck({ findings }: Bundle): RecordCheck {
  const workloads = new Map<string, Passed>();
  const glass = { opened: -1, closed: -1, reviewed: -1 };
  return {
    sees: (seen) => {
      const { seq, record } = seen;
      const workload = record.unit?.ref ?? '';
      const passed = workloads.get(workload) ?? nothingPassed();
      workloads.set(workload, passed);
      for (const [isAct, mayPass, sentence] of rules(record, passed)) {
        if (!isAct) continue;
        findings.looked('C17', seq);
        if (!mayPass) findings.fail('C17', sentence, seq);
      }
      enter(passed, seen);
      if (record.event === 'breakglass.opened') glass.opened = seq;
      if (record.event === 'breakglass.closed') glass.closed = seq;
      if (record.event === 'breakglass.reviewed') glass.reviewed = seq;
    },
    ends: ({ isFinal }) => {
      if (glass.opened < 0) return;
      findings.looked('C17', glass.opened);
      if (isFinal && glass.closed < glass.opened) findings.fail('C17', 'the emergency right was not given back', glass.opened);
      if (isFinal && glass.reviewed < glass.opened) findings.fail('C17', 'nobody reviewed the emergency right', glass.opened);
    },
  };
}

const nothingPassed = (): Passed => ({ reached: new Map(), opened: new Map(), compared: new Map(), reconciled: -1, frozen: -1, cutOver: -1, rolledBack: -1 });

/** [is the record this act?, may it stand here?, what to say if not] */
function rules(record: LedgerRecord, passed: Passed): readonly (readonly [boolean, boolean, string])[] {
  const { event, act, reasons } = record;
  const openedSeq = (gate: PolicyGate): number => passed.opened.get(gate) ?? -1;
  const comparedSeq = Math.min(passed.compared.get('source') ?? -1, passed.compared.get('target') ?? -1);
  const isDeletion = event === 'deletion.intent';
  const isUnwind = reasons?.includes('UNWIND') === true;
  return [
    [event === 'transfer.started', !passed.reached.has('loss') || openedSeq('loss') >= 0, 'bytes move before the losses were accepted'],
    [event === 'step.started' && act?.name === freeze, openedSeq('cutover') > passed.rolledBack, 'the source is frozen before gate cutover opened'],
    [
      event === 'step.succeeded' && act?.name === cutOver,
      comparedSeq > passed.frozen && passed.reconciled > passed.frozen,
      'cut over before both sides were listed, compared and reconciled after the freeze',
    ],
    [
      event === 'step.started' && act?.name === 'finalize',
      passed.cutOver >= 0 && openedSeq('finalize') > passed.cutOver,
      'finalized before gate finalize opened after the cutover',
    ],
    // What is neither ordered nor an undo has no rule that would let it pass.
    [isDeletion && !isUnwind, reasons?.includes('ORDERED') === true && openedSeq('discard') >= 0, 'removes copies before gate discard opened'],
    [isDeletion && isUnwind, passed.cutOver <= passed.rolledBack, 'an automatic undo removes what was cut over'],
  ];
}

function enter(passed: Passed, { seq, record }: Seen): void {
  const { event, act, approval, verdict } = record;
  const gate = policyGates.find((known) => known === approval?.gate);
  if (event === 'gate.reached' && gate) passed.reached.set(gate, seq);
  if (event === 'gate.opened' && gate) passed.opened.set(gate, seq);
  if (event === 'step.started' && act?.name === freeze) passed.frozen = seq;
  if (event === 'step.succeeded' && act?.name === cutOver) passed.cutOver = seq;
  if (event === 'rollback.finished') passed.rolledBack = seq;
  if (event === 'reconciliation.closed') passed.reconciled = seq;
  // The newest comparison of a side counts: one that finds differences takes back the one before.
  if (event === 'listing.compared') for (const side of sidesOf(record)) passed.compared.set(side, verdict === 'PASS' ? seq : -1);
}

/** The side that was listed stands between the slashes of the act's name. */
const sidesOf = ({ act }: LedgerRecord): readonly ('source' | 'target')[] =>
  (['source', 'target'] as const).filter((side) => act?.name.split('/').includes(side));
