import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { type ErrorCode, errorCodes, isErrorCode } from '../core/error-codes.ts';

/** Fails a step from within the workflow, with a code and what a person needs to know. */
export const failure = (code: ErrorCode, detail: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`${errorCodes[code].sentence} (${detail})`, code);

/** The code that an activity or this workflow failed with; a lost worker or an answer that never came is UNAVAILABLE. Undefined = a defect. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof ActivityFailure)
    return error.cause instanceof ApplicationFailure ? (isErrorCode(error.cause.type) ? error.cause.type : 'UNEXPECTED') : 'UNAVAILABLE';
  return error instanceof ApplicationFailure && isErrorCode(error.type) ? error.type : undefined;
}

/** What a status tells about a failure. */
export function reasonOf(error: unknown): { code: ErrorCode; detail: string } {
  const inner = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return { code: codeOf(error) ?? 'UNEXPECTED', detail: inner instanceof Error ? inner.message.slice(0, 500) : '' };
}
