import type { TemporalPlace } from '../config/environment.ts';
import { projectWorkflowId, workloadWorkflowId } from '../core/ids.ts';
import { Failure } from './failure.ts';
import type { CommandWords } from './words.ts';

export interface Link {
  readonly title: string;
  readonly url: string;
  /** The visibility query of a list, for `temporal workflow list --query`. */
  readonly query?: string;
}

/** All but ContinuedAsNew: such a run stays in the list as it last stood, beside the one that goes on. The UI shows `!=` as if it were `=`. */
const shownStatuses = ['Running', 'Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut'] as const;

/** Prepared lists of the Temporal UI (filters on our search attributes), and the page of each workflow. */
export function projectLinks(
  { ui, namespace }: TemporalPlace,
  project: string,
  workloads: readonly { readonly workload: string; readonly wave: number; readonly kind?: 'vm' }[],
  titles: CommandWords['links'],
): { readonly lists: readonly Link[]; readonly pages: readonly Link[] } {
  if (ui === undefined)
    throw new Failure({
      code: 'CONFIG_INVALID',
      doing: 'prepare links into the Temporal UI',
      answer: 'the address of the UI is not known',
      next: ['write it as `temporal.ui` in ecluse.yaml'],
      exit: 2,
    });
  const base = `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  const ours = `EcluseProject = "${project}" AND (${shownStatuses.map((status) => `ExecutionStatus = "${status}"`).join(' OR ')})`;
  const list = (title: string, condition: string): Link => {
    const query = condition ? `${ours} AND ${condition}` : ours;
    return { title, query, url: `${base}?query=${encodeURIComponent(query)}` };
  };
  const waves = [...new Set(workloads.map(({ wave }) => wave))].sort((a, b) => a - b);
  const page = (title: string, id: string): Link => ({ title, url: `${base}/${encodeURIComponent(id)}` });
  return {
    lists: [
      list(titles.workloads, 'EcluseWorkload IS NOT NULL'),
      list(titles.waiting, 'EcluseCondition = "waiting" AND EcluseWorkload IS NOT NULL'),
      list(titles.held, 'EcluseCondition IN ("held", "stuck")'),
      list(titles.moving, 'EcluseCondition IN ("moving", "unwinding") AND EcluseWorkload IS NOT NULL'),
      list(titles.notPass, 'EcluseVerdict IN ("FAIL", "UNKNOWN")'),
      list(titles.readyForCutover, 'EcluseState = "ready for cutover"'),
      ...waves.map((wave) => list(titles.wave(wave), `EcluseWave = ${wave}`)),
      list(titles.everything, ''),
    ],
    pages: [
      page(titles.project(project), projectWorkflowId(project)),
      ...workloads.map(({ workload, kind }) => page(workload, workloadWorkflowId(project, kind ?? 'bucket', workload))),
    ],
  };
}
