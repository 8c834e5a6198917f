import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { temporalPlace } from '../config/environment.ts';
import type { Role } from '../core/ids.ts';
import { taskQueue } from '../core/ids.ts';
import type { Config } from '../model/config.ts';
import { type Logger, runtimeLogger } from '../observability/logger.ts';

/**
 * Serves one role's queue until SIGTERM or SIGINT: polling stops at once, activities get 30 s to end by themselves, then their signal
 * fires and another worker resumes them from their journals; after 60 s the process goes. A container's stop timeout must be longer.
 */
export async function serve(role: Role, config: Config, env: NodeJS.ProcessEnv, logger: Logger, options: Partial<WorkerOptions>): Promise<void> {
  Runtime.install({ logger: runtimeLogger(logger), telemetryOptions: { logging: { forward: {} } } });
  const { address, namespace, apiKey, tls, metadata } = temporalPlace(config.temporal, env);
  const connection = await NativeConnection.connect({
    address,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  });
  try {
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: taskQueue(config.project, role),
      shutdownGraceTime: '30 seconds',
      shutdownForceTime: '60 seconds',
      // People read the counts of heartbeats; at the default of 60 s they would be old, and a cancellation would come late.
      maxHeartbeatThrottleInterval: '5 seconds',
      ...options,
    });
    logger.info({ role, address, namespace }, 'serving');
    await worker.run();
  } finally {
    await connection.close();
  }
}
