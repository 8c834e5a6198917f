import type { CommandDefinition } from './command.ts';
import { planDifference } from './plan-difference.ts';
import { runningPlan } from './running-plan.ts';
import { textTable } from './text-table.ts';

export const planDiff: CommandDefinition = {
  name: 'plan diff',
  summary: 'what plan.yaml changes against the plan that runs, and which approvals lapse',
  run: async (context) => {
    const status = await (await context.client()).status();
    const changes = planDifference(await runningPlan(context, status), context.plan(), status.workloads);
    const rows = changes.map(({ what, before, after, lapses }) => [
      what,
      before || '–',
      '→',
      after || '–',
      lapses ? context.words.lapses(context.words.nouns.gate[lapses]) : '',
    ]);
    return { exit: 0, text: changes.length === 0 ? context.words.samePlan : textTable(rows), json: { changes } };
  },
};
