import { hash } from 'node:crypto';
import type { ErrorCode } from '../../core/error-codes.ts';
import type { OutscaleKey } from './credentials.ts';

/** What one process remembers of the keys it signs with: four bad signatures lock the account (facts: targets §1.8). */
export interface KeyMemory {
  /** The code to fail with instead of calling, or undefined: then call, and `settle`. A key that no answer has confirmed is tried by one call at a time. */
  admit(key: OutscaleKey): Promise<ErrorCode | undefined>;
  /** `unanswered`: the answer says nothing of the signature. Gives the code that a refusal is to be told by. */
  settle(key: OutscaleKey, outcome: 'accepted' | 'refused' | 'unanswered'): ErrorCode;
}

interface Known {
  isConfirmed: boolean;
  refusedAtMs: number[];
  /** The call that tries it first. */
  trial?: { readonly over: Promise<void>; readonly end: () => void };
}

/**
 * The fourth bad signature locks the account for one to ten minutes. So no retry goes out with a key that was refused: it rests a minute, and after
 * the third refusal until the first is ten minutes old. A person who resumes has a try, and cannot lock the account. Another secret is another key,
 * and goes out at once.
 */
const restMs = 60_000;
const countedMs = 10 * 60_000;
const lockingRefusals = 4;

export function createKeyMemory(nowMs: () => number = Date.now): KeyMemory {
  const keys = new Map<string, Known>();

  function knownOf({ accessKeyId, secretKey }: OutscaleKey): Known {
    const name = hash('sha256', `${accessKeyId}\n${secretKey.reveal()}`);
    const known = keys.get(name) ?? { isConfirmed: false, refusedAtMs: [] };
    keys.set(name, known);
    return known;
  }

  function refusalOf(known: Known): ErrorCode | undefined {
    const now = nowMs();
    known.refusedAtMs = known.refusedAtMs.filter((atMs) => now < atMs + countedMs);
    if (known.refusedAtMs.length >= lockingRefusals) return 'ACCOUNT_LOCKED';
    const rests = now < (known.refusedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY) + restMs;
    return rests || known.refusedAtMs.length === lockingRefusals - 1 ? 'CREDENTIALS_REFUSED' : undefined;
  }

  return {
    async admit(key) {
      const known = knownOf(key);
      for (;;) {
        const refusal = refusalOf(known);
        if (refusal || known.isConfirmed) return refusal;
        if (!known.trial) {
          known.trial = newTrial();
          return undefined;
        }
        await known.trial.over;
      }
    },
    settle(key, outcome) {
      const known = knownOf(key);
      if (outcome === 'accepted') known.isConfirmed = true;
      if (outcome === 'refused') {
        known.isConfirmed = false;
        known.refusedAtMs.push(nowMs());
      }
      known.trial?.end();
      delete known.trial;
      return refusalOf(known) ?? 'CREDENTIALS_REFUSED';
    },
  };
}

function newTrial(): NonNullable<Known['trial']> {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end };
}
