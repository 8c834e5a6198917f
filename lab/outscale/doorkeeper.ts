import type { Cloud } from './cloud.ts';
import { refused } from './oapi-error.ts';
import { judgeSignature, type SignedCall } from './signature.ts';

export interface Counts {
  readonly requests: number;
  readonly byAction: Readonly<Record<string, number>>;
  /** By the stand-in's own limit; those of faults are not in it. */
  readonly throttled: number;
  readonly badSignatures: number;
  /** Requests of one account, the throttled ones included. */
  readonly largestIn1s: number;
  readonly largestIn10s: number;
}

export interface Doorkeeper {
  /** Whose call it is. Throws 401 for a wrong signature or a locked key, 429 beyond the account's rate. */
  admit(call: SignedCall, action: string): string;
  lock(accessKey: string): void;
  counts(): Counts;
  resetCounts(): void;
}

/** Signatures, lockout and rate. A locked key is answered like a wrong signature: the vendor does not tell them apart either. */
export function createDoorkeeper(cloud: Cloud): Doorkeeper {
  const bad = new Map<string, number>();
  const lockedUntilMs = new Map<string, number>();
  const arrivals = new Map<string, number[]>();
  const taken = new Map<string, number[]>();
  let counts = noCounts();

  const lock = (accessKey: string): void => {
    lockedUntilMs.set(accessKey, cloud.nowMs() + cloud.settings.times.lock);
    bad.delete(accessKey);
  };

  function identify(call: SignedCall): string {
    const { accounts, region, signaturesUntilLock } = cloud.settings;
    const accountOf = (key: string) => accounts.find(({ accessKey }) => accessKey === key);
    const verdict = judgeSignature(call, { region, secretOf: (key) => accountOf(key)?.secretKey, nowMs: cloud.nowMs() });
    const { accessKey = '' } = verdict;
    const isLocked = (lockedUntilMs.get(accessKey) ?? 0) > cloud.nowMs();
    if (!verdict.isRight && !isLocked) {
      counts.badSignatures += 1;
      bad.set(accessKey, (bad.get(accessKey) ?? 0) + 1);
      if ((bad.get(accessKey) ?? 0) >= signaturesUntilLock) lock(accessKey);
    }
    if (isLocked || !verdict.isRight) throw refused(1, '');
    bad.delete(accessKey);
    return accountOf(accessKey)?.accountId ?? '';
  }

  return {
    admit(call, action) {
      counts.requests += 1;
      counts.byAction[action] = (counts.byAction[action] ?? 0) + 1;
      const account = identify(call);
      const now = cloud.nowMs();
      const seen = withinLast(arrivals, account, now, 10_000);
      seen.push(now);
      counts.largestIn10s = Math.max(counts.largestIn10s, seen.length);
      counts.largestIn1s = Math.max(counts.largestIn1s, seen.filter((at) => at > now - 1_000).length);
      const recent = withinLast(taken, account, now, 1_000);
      if (recent.length >= cloud.settings.requestsPerSecond) {
        counts.throttled += 1;
        throw refused(24, 'The account makes too many requests.');
      }
      recent.push(now);
      return account;
    },
    lock,
    counts: () => structuredClone(counts),
    resetCounts() {
      counts = noCounts();
      arrivals.clear();
    },
  };
}

const noCounts = () => ({ requests: 0, byAction: {} as Record<string, number>, throttled: 0, badSignatures: 0, largestIn1s: 0, largestIn10s: 0 });

/** The account's times of the last `spanMs`; what is older is forgotten. */
function withinLast(times: Map<string, number[]>, account: string, now: number, spanMs: number): number[] {
  const kept = (times.get(account) ?? []).filter((at) => at > now - spanMs);
  times.set(account, kept);
  return kept;
}
