/** The checks of docs/bundle-format.md §7, in its order. */
export const checkIds = [
  'C1',
  'C2',
  'C3',
  'C4',
  'C5',
  'C6',
  'C7',
  'C8',
  'C9',
  'C10',
  'C11',
  'C12',
  'C13',
  'C14',
  'C15',
  'C16',
  'C17',
  'C18',
  'C19',
  'C20',
  'C21',
  'C22',
  'C23',
  'C24',
] as const;
export type CheckId = (typeof checkIds)[number];
/** UNKNOWN: what it needs is not there, or nobody looked. NA: nothing to check. YOURS: needs what only the auditor has. */
export type CheckResult = 'PASS' | 'FAIL' | 'UNKNOWN' | 'NA' | 'YOURS';

export interface CheckReport {
  readonly id: CheckId;
  readonly result: CheckResult;
  /** Of a failure those that failed, else those looked at: the first twenty. */
  readonly records: readonly number[];
  /** One line: what was found. Holds no name of an object. */
  readonly detail: string;
}

const recordLimit = 20;
/** The first findings of a check tell the story; a broken chain repeats itself in every later line. */
const sentenceLimit = 5;

interface Found {
  readonly sentences: string[];
  readonly records: Set<number>;
  count: number;
}

/** What the checks found so far: of each the first sentences and records, and how many there were. */
export class Findings {
  private readonly found = new Map<string, Found>();
  private readonly seen = new Map<CheckId, { records: Set<number>; count: number }>();

  fail(check: CheckId, sentence: string, seq?: number): void {
    this.add('FAIL', check, sentence, seq);
  }

  unknown(check: CheckId, sentence: string, seq?: number): void {
    this.add('UNKNOWN', check, sentence, seq);
  }

  /** Something was there to be checked: without it, a check that found nothing wrong had nothing to do. */
  looked(check: CheckId, seq?: number): void {
    const seen = this.seen.get(check) ?? { records: new Set<number>(), count: 0 };
    seen.count += 1;
    if (seq !== undefined && seen.records.size < recordLimit) seen.records.add(seq);
    this.seen.set(check, seen);
  }

  /** Whatever goes wrong inside a check is a failure of it: a verifier that stumbles has not verified. */
  guard<T>(check: CheckId, work: () => T, seq?: number): T | undefined {
    try {
      return work();
    } catch (error) {
      this.fail(check, sentenceOf(error), seq);
      return undefined;
    }
  }

  has(check: CheckId): boolean {
    return this.found.has(`FAIL ${check}`);
  }

  /** `idle`: what the check answers when nothing was there for it. `more`: said behind what it counted. */
  report(check: CheckId, idle: CheckResult, more = ''): CheckReport {
    const worst = this.found.get(`FAIL ${check}`) ?? this.found.get(`UNKNOWN ${check}`);
    if (worst) {
      const rest = worst.count - worst.sentences.length;
      const detail = `${worst.sentences.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
      return { id: check, result: this.has(check) ? 'FAIL' : 'UNKNOWN', records: [...worst.records], detail };
    }
    const seen = this.seen.get(check);
    if (!seen) return { id: check, result: idle, records: [], detail: more };
    return { id: check, result: 'PASS', records: [...seen.records], detail: `${seen.count} checked${more ? `, ${more}` : ''}` };
  }

  private add(result: 'FAIL' | 'UNKNOWN', check: CheckId, sentence: string, seq: number | undefined): void {
    const key = `${result} ${check}`;
    const found = this.found.get(key) ?? { sentences: [], records: new Set<number>(), count: 0 };
    found.count += 1;
    if (found.sentences.length < sentenceLimit) found.sentences.push(seq === undefined ? sentence : `record ${seq}: ${sentence}`);
    if (seq !== undefined && found.records.size < recordLimit) found.records.add(seq);
    this.found.set(key, found);
  }
}

/** An error in one bounded line without control characters: hostile files end up in its text. */
export function sentenceOf(error: unknown): string {
  if (isAbort(error)) throw error;
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 200);
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
