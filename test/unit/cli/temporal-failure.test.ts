import { describe, expect, it } from '@jest/globals';
import {
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, RetryState, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { temporalFailure } from '../../../src/cli/temporal-failure.ts';
import { pendingWork } from '../../../src/cli/temporal-reading.ts';
import { temporalWords } from '../../../src/cli/temporal-words.ts';

const place = { address: 'h:7233', namespace: 'default' };
const attempted = { doing: 'ask', place, words: temporalWords('en') };
const grpc = (code: number): Error => new ServiceError('failed', { cause: Object.assign(new Error('x'), { code, details: '', metadata: {} }) });
const coded = (type: string): Error => ApplicationFailure.nonRetryable('PutObject to target/photos: refused', type);
const activity = (cause: Error): Error => new ActivityFailure('Activity task failed', 'admitApproval', 'a', RetryState.NON_RETRYABLE_FAILURE, 'w', cause);
const errand = (cause: Error): Error =>
  new WorkflowFailedError('failed', new ActivityFailure('failed', 'a', 'a', RetryState.NON_RETRYABLE_FAILURE, 'w', cause), RetryState.NON_RETRYABLE_FAILURE);

describe('Temporal’s errors', () => {
  it.each([
    ['no such workflow', new WorkflowNotFoundError('x', 'project/demo', undefined), undefined, 'NOT_STARTED'],
    ['a project that ended', new WorkflowExecutionAlreadyStartedError('x', 'project/demo', 'project'), undefined, 'FINISHED'],
    ['a validator', new WorkflowUpdateFailedError('x', coded('CONFIG_INVALID')), 'update', 'REFUSED'],
    ['an approval that the ledger role refused', new WorkflowUpdateFailedError('x', activity(coded('APPROVAL_REFUSED'))), 'update', 'APPROVAL_REFUSED'],
    ['an update that nobody took', new WorkflowUpdateRPCTimeoutOrCancelledError('x'), 'update', 'NO_WORKER'],
    ['a query that nobody answered', grpc(4), 'query', 'NO_WORKER'],
    ['a full buffer of queries', grpc(8), 'query', 'NO_WORKER'],
    ['no server', grpc(14), undefined, 'TEMPORAL_UNREACHABLE'],
    ['a server that is too slow', grpc(4), undefined, 'TEMPORAL_UNREACHABLE'],
    ['a wrong key', grpc(16), undefined, 'PERMISSION_DENIED'],
    ['no such namespace', grpc(5), undefined, 'NOT_STARTED'],
    ['an invalid request', grpc(3), undefined, 'REFUSED'],
    ['an errand that failed with a code', errand(coded('CREDENTIALS_REFUSED')), undefined, 'CREDENTIALS_REFUSED'],
    ['an errand that failed without one', errand(new Error('x')), undefined, 'UNEXPECTED'],
    ['anything else', new TypeError('x'), undefined, 'UNEXPECTED'],
  ] as const)('%s', (_, error, needs, code) => {
    const { facts } = temporalFailure(error, { ...attempted, needs });
    expect(facts).toMatchObject({ code, doing: 'ask', from: 'Temporal at h:7233, namespace default' });
    expect(facts.next.length).toBeGreaterThan(0);
  });

  it('carry the validator’s sentence and an errand’s message', () => {
    expect(temporalFailure(new WorkflowUpdateFailedError('x', coded('CONFIG_INVALID')), attempted).facts.answer).toBe('PutObject to target/photos: refused');
    expect(temporalFailure(errand(coded('PERMISSION_DENIED')), attempted).facts).toMatchObject({
      answer: 'PutObject to target/photos: refused',
      next: ['to act: operator'],
    });
    // Not "Activity task failed": the reason is what the approver must hear.
    const refusal = activity(ApplicationFailure.nonRetryable('admit approval: It has expired', 'APPROVAL_REFUSED'));
    expect(temporalFailure(new WorkflowUpdateFailedError('x', refusal), attempted).facts).toMatchObject({
      answer: 'admit approval: It has expired',
      next: ['to act: approver'],
    });
  });
});

describe('attempts under way', () => {
  it('are read with their times and their last failure', async () => {
    const time = (seconds: number) => ({ seconds, nanos: 500_000_000 });
    const activity = {
      activityType: { name: 'copyShard' },
      attempt: 2,
      state: 1,
      lastStartedTime: time(60),
      lastHeartbeatTime: null,
      scheduledTime: time(120),
      lastFailure: { message: 'm', applicationFailureInfo: { type: 'UNAVAILABLE' } },
    };
    const handle = { describe: async () => ({ raw: { pendingActivities: [activity] } }) } as unknown as Parameters<typeof pendingWork>[0];
    expect(await pendingWork(handle)).toEqual([
      {
        activity: 'copyShard',
        attempt: 2,
        isRunning: false,
        startedAt: '1970-01-01T00:01:00.500Z',
        nextAttemptAt: '1970-01-01T00:02:00.500Z',
        lastFailure: { code: 'UNAVAILABLE', message: 'm' },
      },
    ]);
  });
});
