import { canonicalJson } from '../../core/canonical-json.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import { type Bundle, type RecordCheck, type Seen, unitKey } from './record-check.ts';

type Event = LedgerRecord['event'];

const outcomes: Partial<Record<Event, 'step' | 'undo' | 'deletion'>> = {
  'step.succeeded': 'step',
  'step.failed': 'step',
  'step.undo_finished': 'undo',
  'step.undo_failed': 'undo',
  'deletion.outcome': 'deletion',
};
const intents: Partial<Record<Event, 'step' | 'undo' | 'deletion'>> = {
  'step.started': 'step',
  'step.undo_started': 'undo',
  'deletion.intent': 'deletion',
};
const dayMs = 86_400_000;

export interface ActsCheck extends RecordCheck {
  /** Intents without an outcome so far. */
  openActs(): number;
}

const actKey = (kind: string, record: LedgerRecord): string => `${kind} ${unitKey(record)} ${record.act ? canonicalJson(record.act) : ''}`;

/** C21: each intent has its outcome. Only what is open is kept. */
export function actsCheck({ findings }: Bundle): ActsCheck {
  const open = new Map<string, number>();
  return {
    openActs: () => open.size,
    sees: ({ seq, record }) => {
      const [intent, outcome] = [intents[record.event], outcomes[record.event]];
      if (intent) {
        findings.looked('C21', seq);
        open.set(actKey(intent, record), seq);
      }
      if (outcome) open.delete(actKey(outcome, record));
    },
    ends: ({ isFinal }) => {
      if (isFinal) for (const seq of open.values()) findings.unknown('C21', 'has no outcome', seq);
    },
  };
}

/** C22: removals of copies add up and were observed; certificates rest on what the log shows. */
export function deletionsCheck({ findings, policy }: Bundle): RecordCheck {
  const intended = new Map<string, number | undefined>();
  /** Removals after which nothing is left, that no listing has confirmed yet. */
  const unobserved = new Map<string, number>();
  const accepted = new Map<string, number>();
  const outcome = ({ seq, record }: Seen): void => {
    findings.looked('C22', seq);
    const key = actKey('deletion', record);
    const { removed = 0, gone = 0, left = 0 } = record.counts ?? {};
    const count = intended.get(key);
    if (!intended.has(key)) findings.fail('C22', 'has no intent before it', seq);
    if (count !== undefined && removed + gone + left !== count) findings.fail('C22', `accounts for ${removed + gone + left} of ${count}`, seq);
    intended.delete(key);
    if (left === 0) unobserved.set(unitKey(record), seq);
    else unobserved.delete(unitKey(record));
  };
  return {
    sees: (seen) => {
      const { seq, record, timeMs } = seen;
      if (record.event === 'deletion.intent') intended.set(actKey('deletion', record), record.unit?.count);
      if (record.event === 'deletion.outcome') outcome(seen);
      if (record.event === 'deletion.absence' && record.verdict === 'PASS') unobserved.delete(unitKey(record));
      if (record.event === 'acceptance.signed') accepted.set(unitKey(record), timeMs);
      if (record.event !== 'certificate.issued') return;
      findings.looked('C22', seq);
      const acceptedMs = accepted.get(unitKey(record));
      for (const problem of certificateProblems(record.deletion, acceptedMs, policy?.cooling_off_days)) findings.fail('C22', problem, seq);
    },
    ends: ({ isFinal }) => {
      if (isFinal) for (const seq of unobserved.values()) findings.fail('C22', 'no listing shows that nothing is left', seq);
    },
  };
}

function certificateProblems(deletion: LedgerRecord['deletion'], acceptedMs: number | undefined, coolingOffDays: number | undefined): readonly string[] {
  if (!deletion) return ['has no deletion'];
  const probed = new Set(deletion.absence.map(({ probe }) => probe));
  const unprobed = deletion.categories_checked.filter((category) => !probed.has(category));
  const isEarly = acceptedMs === undefined || coolingOffDays === undefined || Date.parse(deletion.ordered_at) < acceptedMs + coolingOffDays * dayMs;
  return [
    ...(deletion.categories_checked.length === 0 ? ['names no category'] : []),
    ...unprobed.map((category) => `has no absence probe of ${category}`),
    ...(isEarly ? ['was ordered before the cooling-off after the acceptance had passed'] : []),
  ];
}
