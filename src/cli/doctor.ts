import type { Role } from '../core/ids.ts';
import type { Check } from '../model/errand.ts';
import { checksText, verdictExit } from './checks.ts';
import type { CommandDefinition, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { explain } from './explain.ts';
import { Failure, usage } from './failure.ts';
import { patiently } from './terminal.ts';

export const doctor: CommandDefinition = {
  name: 'doctor',
  summary: 'check this machine, the files, Temporal and the workers; with --source or --target a real store',
  details: 'A source is only read. A target is written to for a moment below a prefix of its own, and cleaned. Exit code 4 when a verdict is not PASS.',
  options: [
    { flags: '--source <store>', summary: 'ask this store as a source' },
    { flags: '--target <store>', summary: 'ask this store as a target' },
    { flags: '--bucket <name>', summary: 'with --source or --target: the bucket to ask' },
  ],
  run: async (context, given) => {
    const [source, target, bucket] = [given.text('source'), given.text('target'), given.text('bucket')];
    if (source !== undefined && target !== undefined) throw usage('one store at a time: --source or --target');
    const store = source ?? target;
    if (store === undefined) return localChecks(context);
    if (bucket === undefined)
      throw usage('--source and --target need the bucket to ask', [`ecluse doctor --${source ? 'source' : 'target'} ${store} --bucket NAME`]);
    const { project, stores } = context.config();
    if (!Object.hasOwn(stores, store)) throw usage(`ecluse.yaml has no store "${store}": ${Object.keys(stores).join(', ')}`);
    const client = await context.client();
    const side = source === undefined ? 'target' : 'source';
    const result = await patiently(context.terminal, `doctor ${store}`, client.errand('doctor', { project, store, bucket, side }, `doctor/${store}/${side}`));
    return { exit: verdictExit(result.checks), text: checksText(result.checks, context.words), json: result };
  },
};

/** Each check is asked although an earlier one failed, as far as it can be. */
async function localChecks(context: CommandContext): Promise<Outcome> {
  const checks = [
    { id: 'node', verdict: 'PASS', detail: `Node ${process.versions.node}` } as const,
    await check(context, 'ecluse.yaml', async () => context.config().project),
    await check(context, 'plan.yaml', async () =>
      context
        .plan()
        .waves.flatMap(({ workloads }) => workloads.map(({ name }) => name))
        .join(', '),
    ),
    await check(context, 'depot', async () => {
      await context.depot();
      return '';
    }),
    await check(context, 'temporal', async () => {
      await context.client();
      return context.place().address;
    }),
  ];
  const reached = checks.at(-1)?.verdict === 'PASS';
  const behind = reached ? await temporalChecks(context) : [];
  const all = [...checks, ...behind];
  return { exit: verdictExit(all), text: checksText(all, context.words), json: { checks: all } };
}

async function temporalChecks(context: CommandContext): Promise<Check[]> {
  const client = await context.client();
  const { project } = context.config();
  const polling = await client.pollers();
  const workers = (Object.keys(polling) as Role[]).map(
    (role): Check => ({
      id: `worker ${role}`,
      verdict: polling[role] > 0 ? 'PASS' : 'FAIL',
      detail: polling[role] > 0 ? `${polling[role]} on ${project}/${role}` : `none: ecluse worker ${role}`,
    }),
  );
  return [
    await check(context, 'search attributes', async () => {
      const missing = await client.missingSearchAttributes();
      if (missing.length > 0)
        throw new Failure({ code: 'CONFIG_INVALID', doing: 'look for search attributes', answer: `not registered: ${missing.join(', ')}`, next: [] });
      return '';
    }),
    ...workers,
  ];
}

async function check(context: CommandContext, id: string, ask: () => Promise<string>): Promise<Check> {
  try {
    return { id, verdict: 'PASS', detail: await ask() };
  } catch (error) {
    return { id, verdict: 'FAIL', detail: explain(error, context.words).facts.answer };
  }
}
