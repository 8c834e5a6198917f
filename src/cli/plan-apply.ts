import type { CommandDefinition } from './command.ts';
import { byOption, personOf } from './person.ts';
import { planApplied } from './running-plan.ts';

export const planApply: CommandDefinition = {
  name: 'plan apply',
  summary: 'hand plan.yaml to the running project',
  details: 'What is in flight goes on; approvals whose scope changed lapse. A workload that has begun keeps its source and target.',
  options: [byOption],
  run: async (context, given) => {
    const applied = await planApplied(context, personOf(context, given));
    const status = await (await context.client()).applyPlan(applied);
    return { exit: 0, text: context.words.planApplied(applied.workloads.length), json: { planDigest: applied.planDigest, status } };
  },
};
