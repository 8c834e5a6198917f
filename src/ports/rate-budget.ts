/**
 * Calls a second of one API of one account, shared by every worker process on every host: a table beside the ledger grants leases of 30 s.
 * The sum of what is granted at any moment never exceeds the capacity.
 */
export interface RateBudgets {
  /**
   * Asks for a share, or renews it; `wanted` and the answer are calls a second. A holder that wants less leaves the rest to others; one that has more
   * than its fair share while another waits gets less at its next renewal. The share of a holder that does not renew is free after `untilMs` (epoch).
   */
  lease(request: LeaseRequest): Promise<RateLease>;
  /** Gives a share back. */
  release(request: Pick<LeaseRequest, 'budget' | 'holder'>): Promise<void>;
}

export interface LeaseRequest {
  /** `aws/111122223333/eu-west-3/GetSnapshotBlock`. */
  readonly budget: string;
  /** One process: host, pid and start. */
  readonly holder: string;
  readonly wanted: number;
  readonly capacity: number;
}

export interface RateLease {
  readonly perSecond: number;
  readonly untilMs: number;
}

/** What a provider paces its calls by: resolves when the next call of that API may go out. */
export interface Pacer {
  /** Rejects with the signal's reason while waiting. `capacity`: calls a second of the whole account that are ours. */
  enter(budget: string, capacity: number, signal?: AbortSignal): Promise<void>;
  /** The service asked for less: slow down for a moment. */
  throttled(budget: string): void;
  close(): Promise<void>;
}
