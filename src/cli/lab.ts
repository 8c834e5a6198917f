import { type Lab, type LabStatus, up as labUp, status as statusOf, down as stopLab } from '../../lab/lab.ts';
import { LabError } from '../../lab/lab-error.ts';

export type LabAction = 'up' | 'down' | 'status';

/**
 * `ecluse lab up|down|status`: the stand-ins for the outside, on this machine. Prints what it did, or one JSON value.
 * Answers the exit code; Ctrl-C stops what this call started and leaves what ran before.
 */
export async function labCommand(action: LabAction, { json }: { readonly json: boolean }): Promise<number> {
  try {
    if (action === 'up') return await up(json);
    if (action === 'down') return await down(json);
    return await status(json);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`lab ${action}: ${error.message}\n`);
    return 1;
  }
}

async function up(json: boolean): Promise<number> {
  const interrupted = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const abort = (): void => interrupted.abort();
  for (const signal of signals) process.on(signal, abort);
  try {
    const lab = await labUp({ workers: true, signal: interrupted.signal, say: (line) => process.stderr.write(`lab: ${line}\n`) });
    process.stdout.write(json ? `${JSON.stringify(publicPart(lab))}\n` : `${labPage(lab)}\n`);
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write('lab up: interrupted; what it had started is stopped\n');
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, abort);
  }
}

async function down(json: boolean): Promise<number> {
  await stopLab();
  process.stdout.write(
    json ? '{"up":false}\n' : 'The lab is stopped. Its data stays in .ecluse/lab for the next `npx ecluse lab up`; to forget it: rm -rf .ecluse/lab\n',
  );
  return 0;
}

async function status(json: boolean): Promise<number> {
  const found = await statusOf();
  const isUp = found.servers.length > 0 && found.servers.every((server) => server.isUp) && found.workers.every((worker) => worker.isUp);
  const { servers, workers } = found;
  process.stdout.write(
    json ? `${JSON.stringify({ up: isUp, servers, workers, ...(found.lab ? { lab: publicPart(found.lab) } : {}) })}\n` : `${statusPage(found)}\n`,
  );
  return isUp ? 0 : 1;
}

/** What a person needs to look around and to stop it. */
export function labPage(lab: Lab): string {
  const stores = Object.entries(lab.stores).map(([name, { endpoint }]) => `  ${`lab-${name}`.padEnd(14)} ${endpoint}`);
  return [
    'The lab is up.',
    `  Temporal UI    ${lab.temporal.ui}`,
    `  Temporal       ${lab.temporal.address}`,
    ...stores,
    `  workers        ${lab.workers.map(({ role, record }) => `${role} (${record.pid})`).join(', ') || 'none'}`,
    `  project        ${lab.config}`,
    'Stop it with: npx ecluse lab down',
  ].join('\n');
}

function statusPage({ servers, workers }: LabStatus): string {
  if (servers.length === 0) return 'The lab was never started here. Start it with: npx ecluse lab up';
  const line = (name: string, isUp: boolean, where: string): string => `  ${name.padEnd(14)} ${isUp ? 'up  ' : 'down'}  ${where}`;
  return [
    ...servers.map(({ name, isUp, address }) => line(name, isUp, address)),
    ...workers.map(({ role, isUp, pid }) => line(role, isUp, `process ${pid}`)),
  ].join('\n');
}

/** Without the keys. */
const publicPart = ({ temporal, stores, config, workers }: Lab) => ({
  config,
  temporal,
  stores: Object.fromEntries(Object.entries(stores).map(([name, { endpoint, region }]) => [name, { endpoint, region }])),
  workers: workers.map(({ role, record }) => ({ role, pid: record.pid })),
});
