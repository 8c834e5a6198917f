import { localTime } from '../core/local-time.ts';
import { nextCommands, waitsForPerson } from '../core/next-command.ts';
import { percentDone } from '../core/progress.ts';
import { byUrgency } from '../core/project-table.ts';
import { waitsFor } from '../core/project-words.ts';
import type { ProjectStatus, WorkloadStatus } from '../model/status.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, failureJson, failureText, usage } from './failure.ts';
import { projectLinks } from './links.ts';
import type { RecordedWorkload } from './project-client.ts';
import { textTable } from './text-table.ts';

const watchEveryMs = 2_000;

export const status: CommandDefinition = {
  name: 'status',
  summary: 'each workload’s state, what it waits for, how far it is, when it ends, and the command to type next',
  details: 'Exit code 3 when something waits for a person. Without a worker it shows what was last recorded. Ctrl-C ends the watching only.',
  options: [
    { flags: '--watch', summary: 'refresh until the project is done' },
    { flags: '--links', summary: 'print prepared lists and pages of the Temporal UI instead' },
    { flags: '--wave <number>', summary: 'this wave only' },
  ],
  run: async (context, given) => {
    if (given.flag('links') && given.flag('watch')) throw usage('--links and --watch exclude each other');
    if (given.flag('links')) return showLinks(context);
    return given.flag('watch') ? watch(context, given) : look(context, given);
  },
};

async function look(context: CommandContext, given: Given): Promise<Outcome> {
  const client = await context.client();
  try {
    return statusOutcome(context, await client.status(), given.whole('wave'));
  } catch (error) {
    if (!isNoWorker(error)) throw error;
    return recordedOutcome(context, await client.recorded());
  }
}

/** A server that is away for a moment does not end the watching; one that was never there does. */
async function watch(context: CommandContext, given: Given): Promise<Outcome> {
  let outcome = await look(context, given);
  for (;;) {
    if (isDone(outcome)) return outcome;
    context.terminal.redraw(context.isJson ? JSON.stringify(outcome.json) : outcome.text);
    await context.wait(watchEveryMs);
    outcome = await look(context, given).catch((error: unknown) => unreachableForNow(context, error));
  }
}

function unreachableForNow({ words }: CommandContext, error: unknown): Outcome {
  if (!(error instanceof Failure) || error.facts.code !== 'TEMPORAL_UNREACHABLE') throw error;
  return { exit: 1, text: failureText(error.facts, words.labels), json: failureJson(error.facts) };
}

const isDone = ({ json }: Outcome): boolean => typeof json === 'object' && json !== null && 'condition' in json && json.condition === 'done';

/** Links name the workloads of the plan that runs; while no worker answers, those that have begun. */
async function showLinks(context: CommandContext): Promise<Outcome> {
  const { project } = context.config();
  const client = await context.client();
  const workloads = await client.status().then(
    (told) => told.workloads,
    (error: unknown) => (isNoWorker(error) ? client.recorded() : Promise.reject(error)),
  );
  const links = projectLinks(context.place(), project, workloads, context.words.links);
  return { exit: 0, text: [...links.lists, ...links.pages].map(({ title, url }) => `${title}\n  ${url}`).join('\n'), json: links };
}

const isNoWorker = (error: unknown): boolean => error instanceof Failure && error.facts.code === 'NO_WORKER';

export function statusOutcome(context: CommandContext, whole: ProjectStatus, wave?: number): Outcome {
  const { words } = context;
  const { timezone } = context.config();
  const workloads = byUrgency(whole.workloads.filter((each) => wave === undefined || each.wave === wave));
  if (wave !== undefined && workloads.length === 0) throw usage(`the plan that runs has no wave ${wave}`);
  const waiting = workloads.filter(waitsForPerson);
  const text = [
    words.projectLine(whole.project, words.projectCondition[whole.condition], words.nouns.timesIn(timezone)),
    '',
    table(context, workloads, timezone),
    '',
    ...(waiting.length === 0 ? [words.nobodyWaits] : [words.next, ...steps(whole, waiting)]),
  ].join('\n');
  const next = waiting.map((each) => ({ workload: each.workload, commands: nextCommands(each) }));
  return { exit: waiting.length > 0 ? 3 : 0, text, json: { ...whole, workloads, next } };
}

function table(context: CommandContext, workloads: readonly WorkloadStatus[], timezone: string): string {
  const { nouns, language } = context.words;
  const heads = [nouns.wave, nouns.workload, nouns.stateHead, nouns.conditionHead, nouns.waitsFor, nouns.done, nouns.predictedEnd, nouns.verdictHead];
  const rows = workloads.map((each) => {
    const percent = percentDone(each);
    return [
      String(each.wave),
      each.workload,
      nouns.state[each.state],
      nouns.condition[each.condition],
      waitsFor(each, language),
      percent === undefined ? '–' : `${percent} %`,
      each.condition === 'moving' ? localTime(each.predictedEnd, timezone) : '',
      nouns.verdict[each.verdict],
    ];
  });
  return textTable([heads, ...rows]);
}

/** A paused project is resumed by one command, not by one for each workload. */
function steps({ condition }: ProjectStatus, waiting: readonly WorkloadStatus[]): string[] {
  const isPaused = condition === 'paused';
  const own = waiting.filter((each) => !isPaused || each.condition !== 'paused');
  return [
    ...(isPaused ? ['  ecluse resume'] : []),
    ...own.flatMap((each) => nextCommands(each).map((command, i) => `  ${i === 0 ? each.workload : ' '.repeat(each.workload.length)}  ${command}`)),
  ];
}

/** While no worker answers: the list of workflows still tells the story, marked as old news. Nobody may act on it, so it ends with 1. */
function recordedOutcome({ words, config }: CommandContext, recorded: readonly RecordedWorkload[]): Outcome {
  const { nouns } = words;
  const rows = recorded.map(({ wave, workload, state, condition, waitingFor, verdict }) => [String(wave), workload, state, condition, waitingFor, verdict]);
  return {
    exit: 1,
    text: [
      words.asRecorded,
      '',
      textTable([[nouns.wave, nouns.workload, nouns.stateHead, nouns.conditionHead, nouns.waitsFor, nouns.verdictHead], ...rows]),
    ].join('\n'),
    json: { project: config().project, noWorker: true, recorded },
  };
}
