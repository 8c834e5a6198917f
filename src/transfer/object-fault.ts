import type { ErrorCode } from '../core/error-codes.ts';
import { isMigrationError } from '../core/migration-error.ts';

/** Codes that tell of one object and say nothing about the next one. */
const aboutOneObject: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BODY_LENGTH',
  'SOURCE_CHANGED',
  'OBJECT_MISSING',
  'OBJECT_ARCHIVED',
  'KEYS_MERGED',
  'TARGET_NOT_EMPTY',
  'TARGET_DIFFERS',
  'TARGET_INVALID',
  'TARGET_CONDITION',
  'UPLOAD_MISSING',
  'UNSUPPORTED',
]);

const fruitlessAttempts = 2;

/** Tells a store that is down from an object that a running store cannot serve (a lost volume answers 500 for ever). */
export interface Watch {
  /** Called at every failed try of the object. */
  readonly failed: () => void;
  isStoreUp(): Promise<boolean>;
}

export interface WatchOptions {
  /** How many objects this attempt has brought to a good end. */
  readonly served: () => number;
  /** How many attempts at this shard ended without one row, see JournalState. */
  readonly fruitless: number;
  /** Asks the stores for an object that they served before; rejects when there is none, or they do not answer. */
  readonly ask: () => Promise<unknown>;
}

/**
 * The store is up when others were served between the object's last two failures. Where only such objects are left, nobody is served any more:
 * then the shard is tried again as a whole, and after two fruitless attempts it is enough that the stores answer about another object.
 */
export function startWatch({ served, fruitless, ask }: WatchOptions): Watch {
  let former = Number.POSITIVE_INFINITY;
  let latest = Number.POSITIVE_INFINITY;
  return {
    failed: () => {
      former = latest;
      latest = served();
    },
    isStoreUp: async () => {
      if (latest > former) return true;
      if (fruitless < fruitlessAttempts) return false;
      return await ask().then(
        () => true,
        () => false,
      );
    },
  };
}

/** The reason that goes into the object's row; anything that is not about one object is thrown again and stops the shard. */
export async function objectFault(error: unknown, signal: AbortSignal, watch?: Watch): Promise<ErrorCode> {
  if (signal.aborted || !isMigrationError(error)) throw error;
  if (aboutOneObject.has(error.code)) return error.code;
  if (error.code === 'UNAVAILABLE' && (await watch?.isStoreUp())) return error.code;
  throw error;
}
