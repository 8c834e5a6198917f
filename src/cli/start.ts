import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { byOption, personOf } from './person.ts';
import { planDigest } from './plan-file.ts';
import type { ProjectClient } from './project-client.ts';
import { projectInput } from './running-plan.ts';

export const start: CommandDefinition = {
  name: 'start',
  summary: 'begin the project: assess, then replicate wave by wave; nothing is cut over without its gate',
  details: 'A project that runs already is left as it is.',
  options: [byOption],
  run: async (context, given) => {
    const { words } = context;
    const input = await projectInput(context, personOf(context, given));
    const client = await context.client();
    const outcome = await client.start(input);
    const polling = await client.pollers();
    const isServed = Object.values(polling).every((count) => count > 0);
    const isOtherPlan = outcome === 'runs already' && (await followsOtherPlan(context, client));
    const lines = [
      outcome === 'started' ? words.started(input.project, input.workloads.length) : words.runsAlready(input.project),
      ...(isOtherPlan ? [words.otherPlanRuns] : []),
      ...(isServed ? [] : [words.noWorkerYet]),
    ];
    return {
      exit: 0,
      text: lines.join('\n'),
      json: { outcome, project: input.project, planDigest: input.planDigest, workloads: input.workloads.length, workers: polling, otherPlanRuns: isOtherPlan },
    };
  },
};

/** False also when nobody can tell: without a worker the plan that runs is not known. */
async function followsOtherPlan(context: CommandContext, client: ProjectClient): Promise<boolean> {
  const status = await client.status().catch(() => undefined);
  return status?.planDigest !== undefined && status.planDigest !== planDigest(context.plan());
}
