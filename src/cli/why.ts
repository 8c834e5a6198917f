import { isErrorCode } from '../core/error-codes.ts';
import { errorSentence, whoActs } from '../core/error-words.ts';
import { localTime } from '../core/local-time.ts';
import { nextCommands, waitsForPerson } from '../core/next-command.ts';
import { percentDone } from '../core/progress.ts';
import { waitsFor } from '../core/project-words.ts';
import type { WorkloadStatus } from '../model/status.ts';
import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { workloadOf } from './orders.ts';
import type { PendingWork } from './project-client.ts';
import { textTable } from './text-table.ts';

export const why: CommandDefinition = {
  name: 'why',
  summary: 'what a workload waits for, since when, whose turn it is, and what its attempts say',
  details: 'Exit code 3 when it waits for a person.',
  arguments: [{ name: 'workload', summary: 'name of a workload', kind: 'required' }],
  run: async (context, given) => {
    const client = await context.client();
    const status = workloadOf(await client.status(), given.argument(0));
    const pending = status.startedAt === '' ? [] : await client.pendingWork(status);
    const next = nextCommands(status);
    const turn = whoseTurn(context, status);
    return {
      exit: waitsForPerson(status) ? 3 : 0,
      text: [
        textTable([...facts(context, status, turn), ...pending.flatMap((work) => attempt(context, work))]),
        ...(next.length === 0 ? [] : ['', context.words.next, ...next.map((command) => `  ${command}`)]),
      ].join('\n'),
      json: { ...status, turn, pending, next },
    };
  },
};

function facts({ words, config }: CommandContext, status: WorkloadStatus, turn: string): string[][] {
  const { nouns, language, why: labels } = words;
  const { state, condition, step, reason, updatedAt, verdict } = status;
  const percent = percentDone(status);
  const waits = waitsFor(status, language);
  return [
    [nouns.workload, status.workload],
    [nouns.stateHead, `${nouns.state[state]}, ${nouns.condition[condition]}`],
    ...(step ? [[labels.step, step]] : []),
    ...(waits ? [[nouns.waitsFor, waits]] : []),
    [labels.since, localTime(updatedAt, config().timezone)],
    [labels.turn, turn],
    ...(reason
      ? [
          [labels.reason, `${reason.code}: ${errorSentence(reason.code, language)}`],
          ['', reason.detail],
        ]
      : []),
    ...(percent === undefined ? [] : [[nouns.done, `${percent} %`]]),
    [nouns.verdictHead, nouns.verdict[verdict]],
  ];
}

function whoseTurn({ words }: CommandContext, status: WorkloadStatus): string {
  if (!waitsForPerson(status)) return words.why.nobody;
  const { reason, condition } = status;
  return reason && isErrorCode(reason.code) && ['held', 'stuck', 'waiting'].includes(condition) ? whoActs(reason.code, words.language) : words.why.person;
}

function attempt(
  { words, config }: CommandContext,
  { activity, attempt: number, startedAt, lastHeartbeatAt, nextAttemptAt, lastFailure }: PendingWork,
): string[][] {
  const { why: labels, language } = words;
  const time = (at: string): string => localTime(at, config().timezone);
  return [
    [labels.underWay(activity, number), startedAt ? `${labels.since} ${time(startedAt)}` : ''],
    ...(lastHeartbeatAt ? [[`  ${labels.heartbeat}`, time(lastHeartbeatAt)]] : []),
    ...(nextAttemptAt ? [[`  ${labels.nextAttempt}`, time(nextAttemptAt)]] : []),
    ...(lastFailure
      ? [
          [`  ${labels.lastFailure}`, `${lastFailure.code}: ${errorSentence(lastFailure.code, language)}`],
          ['', lastFailure.message],
        ]
      : []),
  ];
}
