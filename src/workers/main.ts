import { createControlActivities } from '../activities/control.ts';
import { createEvidenceActivities } from '../activities/evidence.ts';
import { createLedgerActivities } from '../activities/ledger.ts';
import { createTransferActivities } from '../activities/transfer.ts';
import type { Role } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { createFlightBudget, referenceKeyOf } from '../transfer/index.ts';
import { bundleWorkflows } from './bundle.ts';
import { serve } from './connect.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { keepPublishing, ledgerRoom } from './ledger-room.ts';
import { readReferenceKey } from './reference-key.ts';

interface Serving {
  readonly options: Parameters<typeof serve>[4];
  /** Runs as long as the worker serves. */
  readonly beside?: (logger: Logger, signal: AbortSignal) => Promise<void>;
}

const roles: Readonly<Record<Role, (environment: Environment, env: NodeJS.ProcessEnv) => Promise<Serving>>> = {
  control: async (environment, env) => ({
    options: {
      ...(env.ECLUSE_WORKFLOW_BUNDLE ? { workflowBundle: { codePath: env.ECLUSE_WORKFLOW_BUNDLE } } : { workflowBundle: await bundleWorkflows() }),
      activities: createControlActivities({ ...environment, role: 'control' }),
      maxCachedWorkflows: 200,
    },
  }),
  transfer: async (environment, env) => ({
    options: {
      activities: createTransferActivities({
        ...environment,
        role: 'transfer',
        flight: createFlightBudget(flightOf(env)),
        referenceKey: referenceKeyOf(readReferenceKey(environment.config.referenceKey)),
      }),
      // One process a core; memory is bounded by the bytes in flight, which all shards of the process share.
      maxConcurrentActivityTaskExecutions: 4,
    },
  }),
  ledger: async (environment) => {
    const room = ledgerRoom(environment);
    const activities = { ...createLedgerActivities(environment), ...createEvidenceActivities(room) };
    return { options: { activities, maxConcurrentActivityTaskExecutions: 8 }, beside: (logger, signal) => keepPublishing(room, logger, signal) };
  },
};

/** Journals fence a stalled worker by creating a segment only if absent: a store that cannot do that must not hold them. */
async function refuseUnfencedDepot({ config: { depot }, stores }: Environment): Promise<void> {
  if ('folder' in depot) return;
  const { ifNoneMatch } = await stores.open(depot.at, depot.bucket).probe(`${depot.prefix}.ecluse-probe/`);
  if (!ifNoneMatch)
    throw new MigrationError('CONFIG_INVALID', {
      operation: 'open depot',
      target: `${depot.at}/${depot.bucket}`,
      detail: 'the store has no conditional create (If-None-Match): put the depot in a folder or another store',
    });
}

/** `ECLUSE_FLIGHT_MIB`: bytes in flight of this process, which bound its memory and what its death costs. Absent: the engine's own default. */
function flightOf({ ECLUSE_FLIGHT_MIB: text }: NodeJS.ProcessEnv): { bytes?: number } {
  if (!text) return {};
  const mebibytes = Number(text);
  if (!Number.isInteger(mebibytes) || mebibytes < 16 || mebibytes > 4096)
    throw new MigrationError('CONFIG_INVALID', { operation: 'start', detail: `ECLUSE_FLIGHT_MIB must be a whole number from 16 to 4096, not "${text}"` });
  return { bytes: mebibytes * 2 ** 20 };
}

/** One process, one role, one project. Exits 2 on a role that does not exist. */
export async function runWorker(role: string, env: NodeJS.ProcessEnv): Promise<number> {
  if (!Object.hasOwn(roles, role)) {
    process.stderr.write(`there is no role "${role}": use one of ${Object.keys(roles).join(', ')}\n`);
    return 2;
  }
  const known = role as Role;
  const environment = await openEnvironment(env);
  const logger = createLogger({ level: env.ECLUSE_LOG, bindings: { project: environment.config.project, role } });
  try {
    await refuseUnfencedDepot(environment);
    const { options, beside } = await roles[known](environment, env);
    const ended = new AbortController();
    const besides = beside?.(logger, ended.signal);
    try {
      await serve(known, environment.config, env, logger, options);
    } finally {
      ended.abort();
      await besides;
    }
    return 0;
  } finally {
    await environment.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  void runWorker(process.argv[2] ?? '', process.env).then((code) => {
    process.exitCode = code;
  });
}
