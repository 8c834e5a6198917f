import { type Swept, sweptOf } from '../core/swept.ts';
import type { Digest } from '../model/digest.ts';
import type { MarkedThing, SweepFile } from '../model/errand.ts';
import type { WorkloadState } from '../model/status.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, usage } from './failure.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

type States = Readonly<Record<string, WorkloadState>>;
type Judged = MarkedThing & Swept;

export const sweep: CommandDefinition = {
  name: 'sweep',
  summary: 'list what carries this project’s mark on the clouds, and what keeps it; with --remove take away what nothing keeps',
  details: [
    'Machines, volumes, images, snapshots and networks on every cloud of ecluse.yaml, every account and region. Removable is what belongs to workloads',
    'that are discarded, or that the running project does not know. Never removed: what belongs to a workload under way, machines in service, and the',
    'snapshots that a rollback kept. Exit code 3: something is left that a person should look at.',
  ].join('\n'),
  options: [
    { flags: '--remove', summary: 'remove what nothing keeps' },
    { flags: '--yes', summary: 'do not ask' },
  ],
  run: async (context, given) => {
    const client = await context.client();
    const { project } = context.config();
    const isRemoving = given.flag('remove');
    if (isRemoving && !context.terminal.isInteractive && !given.flag('yes')) throw usage('--remove asks first: without a terminal say --yes');
    const { digest } = await patiently(context.terminal, 'sweep', client.errand('sweep', { project }));
    const states = await statesOf(context, isRemoving);
    const things = await judgedIn(context, digest, states);
    const doomed = things.filter(({ verdict }) => verdict === 'removable');
    if (!isRemoving || doomed.length === 0) return outcome(context, things);
    return remove(context, given, { listed: digest, things, doomed });
  },
};

/** Without a running project its states are not known: then everything is unknown to it, and nothing may be removed. */
async function statesOf(context: CommandContext, isRemoving: boolean): Promise<States> {
  try {
    const { workloads } = await (await context.client()).status();
    return Object.fromEntries(workloads.flatMap(({ kind, workload, state }) => (kind === 'vm' ? [[workload, state]] : [])));
  } catch (error) {
    if (isRemoving || !(error instanceof Failure) || !['NOT_STARTED', 'FINISHED'].includes(error.facts.code)) throw error;
    return {};
  }
}

async function judgedIn(context: CommandContext, digest: Digest, states: States): Promise<Judged[]> {
  const { things } = JSON.parse((await (await context.depot()).get(digest)).toString('utf8')) as SweepFile;
  const judged = things.map((thing) => ({ ...thing, ...sweptOf(thing, states) }));
  const place = ({ workload = '', cloud, kind, mark }: Judged): string => [workload, cloud, kind, mark].join(' ');
  return judged.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

interface Removal {
  readonly listed: Digest;
  readonly things: readonly Judged[];
  readonly doomed: readonly Judged[];
}

async function remove(context: CommandContext, given: Given, { listed, things, doomed }: Removal): Promise<Outcome> {
  const { words, terminal } = context;
  const said = words.machines.sweep;
  if (!given.flag('yes')) {
    terminal.say(`${said.mayGo(doomed.length)}\n${table(context, doomed)}`);
    if (!(await terminal.confirm(said.question(doomed.length)))) {
      const { text, json } = outcome(context, things);
      return { exit: 1, text: `${text}\n${words.notSent}`, json: { sent: false, ...(json as object) } };
    }
  }
  // Asked again: somebody may have started what was unknown while the person thought about it.
  const states = await statesOf(context, true);
  const { project } = context.config();
  const client = await context.client();
  const { digest, removed } = await patiently(
    terminal,
    'sweep --remove',
    client.errand('sweep', { project, remove: { listed, states } }, `sweep/${listed.slice(0, 16)}`),
  );
  return outcome(context, await judgedIn(context, digest, states), removed);
}

function outcome(context: CommandContext, things: readonly Judged[], removed?: number): Outcome {
  const said = context.words.machines.sweep;
  const looks = things.filter(({ verdict }) => verdict !== 'kept').length;
  const lines = [
    things.length === 0 ? said.nothing(context.config().project) : table(context, things),
    ...(removed === undefined ? [] : [said.removed(removed)]),
    ...(looks > 0 ? [said.look(looks)] : []),
  ];
  return { exit: looks > 0 ? 3 : 0, text: lines.join('\n'), json: { things, ...(removed === undefined ? {} : { removed }), looks } };
}

const table = ({ words }: CommandContext, things: readonly Judged[]): string =>
  textTable(
    things.map(({ workload, workloadState, cloud, region, kind, id, state, keeper }) => [
      workload ?? words.machines.sweep.shared,
      region === undefined ? cloud : `${cloud}/${region}`,
      kind,
      id,
      state,
      words.machines.sweep.keeper[keeper](workloadState === undefined ? '' : words.nouns.state[workloadState]),
    ]),
  );
