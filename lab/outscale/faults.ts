import type { ErrorShape } from './oapi-error.ts';

/**
 * What goes wrong, and with which calls. `lost answer`: done, then the connection is cut. The three other shapes of errors are sent with status 500
 * before anything is done. `import …`, `stuck pending` and `no boot` are kept by the snapshot or VM that the call makes; `quota` and `capacity`
 * refuse it.
 */
export type FaultKind =
  | 'lost answer'
  | 'internal error'
  | 'problem error'
  | 'amazon error'
  | 'empty error'
  | 'throttled account'
  | 'throttled call'
  | 'unavailable'
  | 'lockout'
  | 'denied'
  | 'quota'
  | 'capacity'
  | 'slow'
  | 'import error'
  | 'import vanishes'
  | 'stuck pending'
  | 'no boot';

export interface OutscaleFault {
  /** Such as `CreateSnapshot`; absent: any. */
  readonly action?: string;
  readonly what: FaultKind;
  /** Absent: until the table is replaced. */
  readonly times?: number;
}

export interface FaultBook {
  set(faults: readonly OutscaleFault[]): void;
  /** Counts and tells the fault of this call: the first of the table that fits and is not used up. */
  take(action: string): FaultKind | undefined;
  /** How often each of the table was handed out. */
  hits(): readonly number[];
}

export function createFaultBook(): FaultBook {
  let faults: readonly OutscaleFault[] = [];
  let hits: number[] = [];
  return {
    set(next) {
      faults = next;
      hits = next.map(() => 0);
    },
    take(action) {
      const at = faults.findIndex(({ action: wanted = action, times = Number.POSITIVE_INFINITY }, index) => wanted === action && (hits[index] ?? 0) < times);
      if (at >= 0) hits[at] = (hits[at] ?? 0) + 1;
      return faults[at]?.what;
    },
    hits: () => [...hits],
  };
}

/** The code and shape of a fault that refuses a call before anything is done. `quota`'s code depends on the call. */
export function refusalOf(fault: FaultKind | undefined, action: string): { readonly code: number; readonly shape: ErrorShape } | undefined {
  const code = fault && codes[fault];
  if (fault === undefined || code === undefined) return undefined;
  return { code: fault === 'quota' ? (quotaCodes[action] ?? code) : code, shape: shapes[fault] ?? 'oapi' };
}

const codes: Partial<Record<FaultKind, number>> = {
  'internal error': 2000,
  'problem error': 2000,
  'amazon error': 2000,
  'empty error': 2000,
  'throttled account': 24,
  'throttled call': 25,
  unavailable: 6,
  denied: 4,
  quota: 10_026,
  capacity: 10_001,
};
const shapes: Partial<Record<FaultKind, ErrorShape>> = { 'problem error': 'problem', 'amazon error': 'amazon', 'empty error': 'empty' };
const quotaCodes: Readonly<Record<string, number>> = {
  CreateVolume: 10_018,
  CreateVms: 10_029,
  CreateNet: 10_022,
  CreateSecurityGroup: 10_038,
  CreateSnapshot: 10_026,
};
