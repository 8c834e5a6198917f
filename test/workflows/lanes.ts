import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { projectWorkflowId, type Role, taskQueue, workloadWorkflowId } from '../../src/core/ids.ts';
import { bundleWorkflows } from '../../src/workers/bundle.ts';
import { accessTo, sharedServers } from '../support/run.ts';

export type Activities = Record<string, (task: never) => Promise<unknown>>;
export type Queues = Readonly<Record<Role, Activities>>;

/** Workers of one project's three queues. A lane plays one stage after another: starting workers costs more than a passage does. */
export interface Lane {
  readonly project: string;
  readonly client: Client;
  /** Ends what the stage left running, and gives the lane to the next one. */
  release(workloads: number): Promise<void>;
}

interface Crew extends Lane {
  queues: Queues;
  stop(): Promise<void>;
}

let shared: Promise<{ client: Client; native: NativeConnection; bundle: Awaited<ReturnType<typeof bundleWorkflows>>; close(): Promise<void> }> | undefined;
const crews: Crew[] = [];
const idle: Crew[] = [];

/** A lane whose workers serve the activities made for its project, until it is released. `isOwn`: of a project that no other stage had or will have. */
export async function takeLane(make: (project: string) => Queues, { isOwn = false } = {}): Promise<Lane> {
  const crew = isOwn ? undefined : idle.pop();
  if (!crew) return hire(make, isOwn);
  crew.queues = make(crew.project);
  return crew;
}

/** After the last stage of a test file. */
export async function disconnect(): Promise<void> {
  await Promise.all(crews.splice(0).map((crew) => crew.stop()));
  idle.length = 0;
  await (await shared)?.close();
  shared = undefined;
}

function connect(): NonNullable<typeof shared> {
  shared ??= (async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
    const { address, namespace } = accessTo(sharedServers().temporal);
    const plain = await Connection.connect({ address });
    const native = await NativeConnection.connect({ address });
    const close = async (): Promise<void> => {
      await plain.close();
      await native.close();
    };
    return { client: new Client({ connection: plain, namespace }), native, bundle: await bundleWorkflows(), close };
  })();
  return shared;
}

async function hire(make: (project: string) => Queues, isOwn: boolean): Promise<Crew> {
  const { client, native, bundle } = await connect();
  const project = `t${randomBytes(5).toString('hex')}`;
  const crew: Crew = {
    project,
    client,
    queues: make(project),
    release: async (workloads) => {
      const kinds = ['bucket', 'vm'] as const;
      const ids = [
        projectWorkflowId(project),
        ...Array.from({ length: workloads }, (_, n) => kinds.map((kind) => workloadWorkflowId(project, kind, `w${n}`))).flat(),
      ];
      // One that has ended, or never began, is as good as terminated.
      await Promise.all(
        ids.map((id) =>
          client.workflow
            .getHandle(id)
            .terminate('the stage is over')
            .catch(() => undefined),
        ),
      );
      if (isOwn) await crew.stop();
      else idle.push(crew);
    },
    stop: async () => undefined,
  };
  const workers = await Promise.all(
    (Object.keys(crew.queues) as Role[]).map((role) =>
      Worker.create({
        connection: native,
        namespace: client.options.namespace,
        taskQueue: taskQueue(project, role),
        activities: Object.fromEntries(Object.keys(crew.queues[role]).map((name) => [name, (task: never) => crew.queues[role][name]?.(task)])),
        ...(role === 'control' ? { workflowBundle: bundle } : {}),
        maxHeartbeatThrottleInterval: '500 ms',
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  crew.stop = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
  if (!isOwn) crews.push(crew);
  return crew;
}
