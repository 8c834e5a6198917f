import { isLossCode, losses } from '../core/loss.ts';
import { numberText, sizeText } from '../core/sizes.ts';
import type { Assessment, Finding } from '../model/errand.ts';
import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { plannedArgument, plannedEntries, plannedOptions } from './planned.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

export const assess: CommandDefinition = {
  name: 'assess',
  summary: 'list a bucket and say what its target cannot hold: blockers, losses, advice, with counts',
  details: 'Reads the source only. Exit code 4 when there is a blocker. Samples of names stay in the depot.',
  arguments: [plannedArgument],
  options: plannedOptions,
  run: async (context, given) => {
    const client = await context.client();
    const { project } = context.config();
    const assessments: Assessment[] = [];
    for (const entry of plannedEntries(context, given))
      assessments.push(await patiently(context.terminal, `assess ${entry.name}`, client.errand('assess', { project, entry }, `assess/${entry.name}`)));
    const isBlocked = assessments.some(({ findings }) => findings.some(({ level }) => level === 'blocker'));
    return { exit: isBlocked ? 4 : 0, text: assessments.map((each) => assessmentText(context, each)).join('\n\n'), json: { assessments } };
  },
};

const levels: readonly Finding['level'][] = ['blocker', 'warning', 'advice'];

function assessmentText({ words }: CommandContext, { workload, objects, sizeBytes, findings, losses: lost }: Assessment): string {
  const { language } = words;
  const sorted = [...findings].sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const sentence = (code: string): string => (isLossCode(code) ? losses[code][language] : '');
  const rows = [
    ...sorted.map(({ level, id, count, detail }) => [level, id, count === undefined ? '' : numberText(count, language), sentence(id) || detail]),
    ...lost
      .filter(({ code }) => !findings.some(({ id }) => id === code))
      .map(({ code, count }) => ['warning', code, numberText(count, language), sentence(code)]),
  ];
  const head = `${workload}: ${numberText(objects, language)} objects, ${sizeText(sizeBytes, language)}`;
  return rows.length === 0 ? head : `${head}\n${textTable(rows)}`;
}
