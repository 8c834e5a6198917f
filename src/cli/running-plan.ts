import { Plan } from '../model/plan.ts';
import type { ProjectStatus } from '../model/status.ts';
import type { PlanApplied, PlannedWorkload } from '../workflows/messages.ts';
import type { ProjectInput } from '../workflows/project.ts';
import type { CommandContext } from './context.ts';
import { Failure } from './failure.ts';
import { planBytes } from './plan-file.ts';

/** The plan that runs, read from the depot by the digest that the project tells. */
export async function runningPlan(context: CommandContext, { project, planDigest }: ProjectStatus): Promise<Plan> {
  if (!planDigest)
    throw new Failure({
      code: 'DEPOT_MISSING',
      doing: `read the plan that runs in project ${project}`,
      answer: 'the project does not tell which plan it follows',
      next: ['ecluse plan apply'],
    });
  return Plan.parse(JSON.parse((await (await context.depot()).get(planDigest)).toString('utf8')));
}

/** Workloads in the order in which they start: by wave, then as they stand in the file. */
export const plannedWorkloads = ({ waves }: Plan): PlannedWorkload[] =>
  [...waves].sort((a, b) => a.wave - b.wave).flatMap(({ wave, workloads }) => workloads.map((entry) => ({ wave, entry })));

/** Puts the plan into the depot, so that the workers and the record can name it by its digest. */
export async function planApplied(context: CommandContext, by: string): Promise<PlanApplied> {
  const plan = context.plan();
  const planDigest = await (await context.depot()).put(planBytes(plan));
  return { planDigest, window: plan.window, parallelWorkloads: plan.parallelWorkloads, workloads: plannedWorkloads(plan), by };
}

export async function projectInput(context: CommandContext, by: string): Promise<ProjectInput> {
  const { project, language, timezone } = context.config();
  const { shard, patience } = context.plan();
  return {
    project,
    language,
    timezone,
    patience,
    shard: { objects: shard.objects, sizeBytes: shard.gibibytes * 2 ** 30 },
    ...(await planApplied(context, by)),
  };
}
