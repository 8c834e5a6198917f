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

/** An act taken up again in a later turn shows how the earlier one ended: run, pass and turn tell nothing apart. */
const actKey = (kind: string, record: LedgerRecord): string => `${kind} ${unitKey(record)} ${record.act?.name}`;

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

/** A removal after which nothing is left, until a listing shows that. */
interface Unobserved {
  readonly seq: number;
  readonly unit: string;
  /** The newest listing that did not show it. */
  seen?: LedgerRecord;
}

/** C22: removals of copies add up and were observed; certificates rest on what the log shows. */
export function deletionsCheck({ findings, policy }: Bundle): RecordCheck {
  const intended = new Map<string, number | undefined>();
  const accepted = new Map<string, number>();
  let unobserved: Unobserved[] = [];
  const outcome = ({ seq, record }: Seen): void => {
    findings.looked('C22', seq);
    const key = actKey('deletion', record);
    const { removed = 0, gone = 0, left = 0 } = record.counts ?? {};
    const count = intended.get(key);
    if (!intended.has(key)) findings.fail('C22', 'has no intent before it', seq);
    if (count !== undefined && removed + gone + left !== count) findings.fail('C22', `accounts for ${removed + gone + left} of ${count}`, seq);
    if (left === 0) unobserved.push({ seq, unit: unitKey(record) });
  };
  const absence = (record: LedgerRecord): void => {
    if (record.verdict === 'PASS') unobserved = unobserved.filter(({ unit }) => unit !== unitKey(record));
    for (const removal of unobserved) if (removal.unit === unitKey(record)) removal.seen = record;
  };
  return {
    sees: (seen) => {
      const { seq, record, timeMs } = seen;
      if (record.event === 'deletion.intent') intended.set(actKey('deletion', record), record.unit?.count);
      if (record.event === 'deletion.outcome') outcome(seen);
      if (record.event === 'deletion.absence') absence(record);
      if (record.event === 'acceptance.signed') accepted.set(unitKey(record), timeMs);
      if (record.event !== 'certificate.issued') return;
      findings.looked('C22', seq);
      const acceptedMs = accepted.get(unitKey(record));
      for (const problem of certificateProblems(record.deletion, acceptedMs, policy?.cooling_off_days)) findings.fail('C22', problem, seq);
    },
    ends: ({ isFinal }) => {
      if (!isFinal) return;
      for (const { seq, seen } of unobserved) {
        if (!seen) findings.fail('C22', 'nobody looked whether anything is left', seq);
        else if (seen.verdict === 'FAIL') findings.fail('C22', `record ${seen.seq} found something left`, seq);
        else findings.unknown('C22', `record ${seen.seq} could not show that nothing is left${isShared(seen) ? ': the bucket was there before' : ''}`, seq);
      }
    },
  };
}

const isShared = ({ reasons }: LedgerRecord): boolean => reasons?.includes('SHARED_BUCKET') === true;

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
