import type { ErrorCode } from '../../core/error-codes.ts';
import { MigrationError } from '../../core/migration-error.ts';
import type { OutscaleClient } from './call.ts';
import type { Asked } from './errors.ts';
import type { Operation } from './operations.ts';

/** What every part of the target works with. */
export interface Cloud {
  readonly client: OutscaleClient;
  /** What errors say was asked, and of whom. */
  asked(operation: Operation): Asked;
  failure(code: ErrorCode, operation: Operation, detail?: string): MigrationError;
}

export function cloudOf(client: OutscaleClient, place: string): Cloud {
  return {
    client,
    asked: (operation) => ({ operation, place }),
    failure: (code, operation, detail) => new MigrationError(code, { operation, target: place, detail }),
  };
}
