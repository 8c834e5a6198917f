/** What goes wrong with a request that matches. */
export type FaultKind =
  /** The named error of the service. */
  | { readonly what: 'error'; readonly code: string; readonly status: number; readonly reason?: string }
  | { readonly what: 'throttle' | 'quota' | 'token expired' | 'key access revoked' | 'capacity' | 'internal error' }
  /** A byte of the body is another one; the header tells the true digest. */
  | { readonly what: 'wrong checksum' }
  /** Half of the body, under the whole one's length. */
  | { readonly what: 'truncated body' }
  /** The connection is reset before anything is done. */
  | { readonly what: 'reset' }
  /** It is done and the connection is reset. */
  | { readonly what: 'lost answer' }
  | { readonly what: 'slow'; readonly ms: number }
  /** CreateSnapshot(s): what it makes ends in `error`. */
  | { readonly what: 'snapshot fails' }
  /** Something happens first: see control.ts. */
  | { readonly what: 'meanwhile'; readonly act: Readonly<Record<string, unknown>> };

export type Fault = FaultKind & {
  /** `GetSnapshotBlock`, `StopInstances`; absent = every one. */
  readonly action?: string;
  /** A snapshot, instance or volume that the request names; absent = every one. */
  readonly id?: string;
  readonly block?: number;
  /** First match that it hits, from 1. Default 1. */
  readonly from?: number;
  /** Default 1. */
  readonly times?: number | 'always';
};

export interface Asked {
  readonly action: string;
  readonly ids: readonly string[];
  readonly block?: number;
}

export interface Faults {
  set(faults: readonly Fault[]): void;
  /** What this request meets, in the order of the list. */
  next(asked: Asked): readonly Fault[];
  hits(): readonly number[];
}

export function createFaults(): Faults {
  let armed: { readonly fault: Fault; matches: number; hits: number }[] = [];
  return {
    set(faults) {
      armed = faults.map((fault) => ({ fault, matches: 0, hits: 0 }));
    },
    next(asked) {
      return armed.filter((each) => isHit(each, asked)).map(({ fault }) => fault);
    },
    hits: () => armed.map(({ hits }) => hits),
  };
}

function isHit(armed: { readonly fault: Fault; matches: number; hits: number }, { action, ids, block }: Asked): boolean {
  const { fault } = armed;
  if (fault.action !== undefined && fault.action !== action) return false;
  if (fault.id !== undefined && !ids.includes(fault.id)) return false;
  if (fault.block !== undefined && fault.block !== block) return false;
  armed.matches += 1;
  if (armed.matches < (fault.from ?? 1) || (fault.times !== 'always' && armed.hits >= (fault.times ?? 1))) return false;
  armed.hits += 1;
  return true;
}
