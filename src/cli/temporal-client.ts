import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type UpdateDefinition } from '@temporalio/common';
import type { TemporalPlace } from '../config/environment.ts';
import { errandWorkflowId, projectWorkflowId, taskQueue, workloadWorkflowId } from '../core/ids.ts';
import { searchAttributes } from '../core/search-attributes.ts';
import { projectPage } from '../core/static-page.ts';
import type { ProjectStatus } from '../model/status.ts';
import * as messages from '../workflows/messages.ts';
import { Failure } from './failure.ts';
import type { ErrandKind, Errands, ProjectClient } from './project-client.ts';
import { type Attempted, temporalFailure, unreachable } from './temporal-failure.ts';
import { pendingWork, pollersOf, recordedWorkloads, requiredRoles } from './temporal-reading.ts';
import type { TemporalWords } from './temporal-words.ts';

/** A person waits in front of it: what takes longer than this is told as unreachable. */
const connectTimeoutMs = 3_500;
const readTimeoutMs = 5_000;
/** An update is answered in milliseconds by a worker that is there; a busy one gets this long. */
const updateTimeoutMs = 15_000;

/** The real client. Throws TEMPORAL_UNREACHABLE within 5 s. */
export async function connectTemporal(place: TemporalPlace, project: string, words: TemporalWords): Promise<ProjectClient> {
  const { address, namespace, apiKey, tls, metadata } = place;
  try {
    const connection = await Connection.connect({
      address,
      connectTimeout: connectTimeoutMs,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
      ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    });
    return projectClient(new Client({ connection, namespace }), place, project, words);
  } catch (error) {
    throw unreachable({ doing: words.doing.connect, place, words }, error);
  }
}

export function projectClient(client: Client, place: TemporalPlace, project: string, words: TemporalWords): ProjectClient {
  const handle = client.workflow.getHandle(projectWorkflowId(project));
  const within = async <T>(doing: string, timeoutMs: number, needs: Attempted['needs'], call: () => Promise<T>): Promise<T> => {
    try {
      return await client.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      throw temporalFailure(error, { doing, place, words, needs });
    }
  };
  const read = <T>(doing: string, call: () => Promise<T>): Promise<T> => within(doing, readTimeoutMs, undefined, call);
  const update = <T, Input>(definition: UpdateDefinition<T, [Input]>) => {
    return (input: Input): Promise<T> =>
      within(words.doing.update(definition.name), updateTimeoutMs, 'update', () => handle.executeUpdate(definition, { args: [input] }));
  };
  return {
    start: async (input) => {
      const found = await read(words.doing.start, () => executionOf(handle));
      if (found === 'RUNNING') return 'runs already';
      await within(words.doing.start, updateTimeoutMs, undefined, () =>
        client.workflow.start('project', {
          workflowId: projectWorkflowId(project),
          taskQueue: taskQueue(project, 'control'),
          args: [input],
          // A project that ended well has left journals and marks: only one that was stopped by force may be begun again.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
          ...projectPage(project, input.workloads, input.language),
          typedSearchAttributes: [{ key: projectAttribute, value: project }],
        }),
      );
      return 'started';
    },
    status: () => projectStatus(handle, place, words, read, within),
    approve: update(messages.approve),
    reject: update(messages.reject),
    order: update(messages.order),
    resolve: update(messages.resolve),
    pause: update(messages.pause),
    resume: update(messages.resume),
    applyPlan: update(messages.applyPlan),
    errand: (kind, input, name) => runErrand(client, { kind, input, name: name ?? kind, project, place, words }),
    pendingWork: ({ workload, kind }) =>
      read(words.doing.pending, () => pendingWork(client.workflow.getHandle(workloadWorkflowId(project, kind ?? 'bucket', workload)))),
    recorded: () => read(words.doing.list, () => recordedWorkloads(client, project)),
    pollers: () => read(words.doing.pollers, () => pollersOf(client, project)),
    missingSearchAttributes: () =>
      read(words.doing.pollers, async () => {
        const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: place.namespace });
        return Object.keys(searchAttributes).filter((name) => !Object.hasOwn(customAttributes, name));
      }),
    close: () => client.connection.close(),
  };
}

const projectAttribute = defineSearchAttributeKey('EcluseProject', SearchAttributeType.KEYWORD);

/** RUNNING, COMPLETED, …; undefined when there is no such workflow. */
async function executionOf(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    return (await handle.describe()).status.name;
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
}

/** A running project answers by query; one that ended has its last status as its result, for which no worker is needed. */
async function projectStatus(
  handle: WorkflowHandle,
  place: TemporalPlace,
  words: TemporalWords,
  read: <T>(doing: string, call: () => Promise<T>) => Promise<T>,
  within: <T>(doing: string, timeoutMs: number, needs: Attempted['needs'], call: () => Promise<T>) => Promise<T>,
): Promise<ProjectStatus> {
  const { name } = (await read(words.doing.status, () => handle.describe())).status;
  if (name === 'RUNNING') return within(words.doing.status, readTimeoutMs, 'query', () => handle.query<ProjectStatus>(messages.projectStatus));
  if (name === 'COMPLETED') return read(words.doing.status, () => handle.result() as Promise<ProjectStatus>);
  const from = words.temporalAt(place.address, place.namespace);
  throw new Failure({ code: 'FINISHED', doing: words.doing.status, from, answer: words.closed(name.toLowerCase()), next: ['ecluse start', 'ecluse report'] });
}

interface Errand<Kind extends ErrandKind> {
  readonly kind: Kind;
  readonly input: Errands[Kind][0];
  readonly name: string;
  readonly project: string;
  readonly place: TemporalPlace;
  readonly words: TemporalWords;
}

/** Waits for the result as long as it takes: the person sees the seconds pass and may go, the errand stays. */
async function runErrand<Kind extends ErrandKind>(client: Client, { kind, input, name, project, place, words }: Errand<Kind>): Promise<Errands[Kind][1]> {
  const doing = words.doing.errand(name);
  try {
    const polling = await client.withDeadline(Date.now() + readTimeoutMs, () => pollersOf(client, project));
    const missing = requiredRoles[kind].find((role) => polling[role] === 0);
    if (missing) {
      const from = words.temporalAt(place.address, place.namespace);
      throw new Failure({ code: 'NO_WORKER', doing, from, answer: words.noPoller(taskQueue(project, missing)), next: [`ecluse worker ${missing}`] });
    }
    const started = await client.withDeadline(Date.now() + updateTimeoutMs, () =>
      client.workflow.start(kind, {
        workflowId: errandWorkflowId(project, name),
        taskQueue: taskQueue(project, 'control'),
        args: [input],
        // Asked twice at once: both wait for the same run.
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: name,
        typedSearchAttributes: [{ key: projectAttribute, value: project }],
      }),
    );
    return (await started.result()) as Errands[Kind][1];
  } catch (error) {
    throw temporalFailure(error, { doing, place, words });
  }
}
