import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ActivityFailure } from '@temporalio/common';
import type { TemporalPlace } from '../config/environment.ts';
import { isErrorCode } from '../core/error-codes.ts';
import { errorSentence, whoActs } from '../core/error-words.ts';
import { Failure } from './failure.ts';
import type { TemporalWords } from './temporal-words.ts';

/** gRPC status codes that tell something to a person. */
const grpc = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface Attempted {
  /** In words: `ask for the status of project demo`. */
  readonly doing: string;
  readonly place: TemporalPlace;
  readonly words: TemporalWords;
  /** A worker must answer this call, so a deadline means that none does. */
  readonly needs?: 'query' | 'update' | undefined;
}

/** How the server says that nobody answered: too late, no poller seen, or the buffer full of queries that nobody took (it holds very few). */
const answersOfNoWorker: readonly number[] = [grpc.cancelled, grpc.deadlineExceeded, grpc.failedPrecondition, grpc.resourceExhausted];

/** The SDK's errors as failures, by their class and status, never by their text. */
export function temporalFailure(error: unknown, attempted: Attempted): Failure {
  const { doing, place, words } = attempted;
  const from = words.temporalAt(place.address, place.namespace);
  const fail = (facts: Omit<ConstructorParameters<typeof Failure>[0], 'doing' | 'from' | 'cause'>): Failure =>
    new Failure({ doing, from, cause: error, ...facts });
  if (error instanceof Failure) return error;
  if (error instanceof WorkflowNotFoundError) return fail({ code: 'NOT_STARTED', answer: words.notStarted, next: ['ecluse start'] });
  if (error instanceof WorkflowExecutionAlreadyStartedError) return fail({ code: 'FINISHED', answer: words.finished, next: ['ecluse report'] });
  // An approval is looked at by an activity of the ledger role: its reason stands inside.
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ActivityFailure) return codedFailure(error, attempted, from);
  if (error instanceof WorkflowUpdateFailedError) return fail({ code: 'REFUSED', answer: error.cause?.message ?? error.message, next: ['ecluse status'] });
  if (error instanceof WorkflowFailedError) return codedFailure(error, attempted, from);
  const status = grpcStatus(error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || (attempted.needs && answersOfNoWorker.includes(status ?? -1)))
    return fail({
      code: 'NO_WORKER',
      answer: attempted.needs === 'update' ? words.noWorkerForOrder : words.noWorker,
      next: ['ecluse worker control', 'ecluse doctor'],
    });
  if (status === grpc.unavailable || status === grpc.deadlineExceeded || status === grpc.cancelled) return unreachable(attempted, error);
  if (status === grpc.permissionDenied || status === grpc.unauthenticated)
    return fail({ code: 'PERMISSION_DENIED', answer: words.mayNot, next: [words.checkKey] });
  if (status === grpc.notFound)
    return fail({
      code: 'NOT_STARTED',
      answer: words.noNamespace(place.namespace),
      next: [`temporal operator namespace create --namespace ${place.namespace} --retention 365d`],
    });
  if (status === grpc.invalidArgument) return fail({ code: 'REFUSED', answer: words.invalid, next: ['ecluse doctor'] });
  return fail({
    code: 'UNEXPECTED',
    answer: `${words.unexpected} (${status === undefined ? (error instanceof Error ? error.name : typeof error) : `gRPC ${status}`})`,
    next: ['ECLUSE_DEBUG=1'],
  });
}

export const unreachable = ({ doing, place, words }: Attempted, cause: unknown): Failure =>
  new Failure({
    code: 'TEMPORAL_UNREACHABLE',
    doing,
    from: words.temporalAt(place.address, place.namespace),
    answer: words.unreachable,
    next: place.ui && /127\.0\.0\.1|localhost|\[::1\]/.test(place.address) ? ['ecluse lab up', words.otherAddress] : [words.otherAddress],
    cause,
  });

/** An errand or update that ended in failure carries its code as the type of its innermost cause. */
function codedFailure(error: WorkflowFailedError | WorkflowUpdateFailedError, { doing, words }: Attempted, from: string): Failure {
  const causes: (Error & { type?: unknown })[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) causes.push(cause);
  const coded = causes.find(({ type }) => typeof type === 'string' && isErrorCode(type));
  const code = typeof coded?.type === 'string' && isErrorCode(coded.type) ? coded.type : 'UNEXPECTED';
  return new Failure({
    code,
    doing,
    from,
    answer: coded?.message ?? errorSentence(code, words.language),
    next: [`${words.turnOf}: ${whoActs(code, words.language)}`],
    cause: error,
  });
}

function grpcStatus(error: unknown): number | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) if (isGrpcServiceError(cause)) return cause.code;
  return undefined;
}
