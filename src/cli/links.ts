import type { TemporalPlace } from '../config/environment.ts';
import { bucketWorkflowId, projectWorkflowId } from '../core/ids.ts';
import { Failure } from './failure.ts';

export interface Link {
  readonly title: string;
  readonly url: string;
  /** The visibility query of a list, for `temporal workflow list --query`. */
  readonly query?: string;
}

/** Prepared lists of the Temporal UI (filters on our search attributes), and the page of each workflow. */
export function projectLinks(
  { ui, namespace }: TemporalPlace,
  project: string,
  workloads: readonly { readonly workload: string; readonly wave: number }[],
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
  const ours = `EcluseProject = "${project}"`;
  const list = (title: string, condition: string): Link => {
    const query = condition ? `${ours} AND ${condition}` : ours;
    return { title, query, url: `${base}?query=${encodeURIComponent(query)}` };
  };
  const waves = [...new Set(workloads.map(({ wave }) => wave))].sort((a, b) => a - b);
  const page = (title: string, id: string): Link => ({ title, url: `${base}/${encodeURIComponent(id)}` });
  return {
    lists: [
      list('everything of the project', ''),
      list('waiting', 'EcluseCondition = "waiting" AND EcluseWorkload IS NOT NULL'),
      list('held or stuck', 'EcluseCondition IN ("held", "stuck")'),
      list('moving', 'EcluseCondition IN ("moving", "unwinding") AND EcluseWorkload IS NOT NULL'),
      list('verdict not PASS', 'EcluseVerdict != "PASS"'),
      list('ready for cutover', 'EcluseState = "ready for cutover"'),
      ...waves.map((wave) => list(`wave ${wave}`, `EcluseWave = ${wave}`)),
    ],
    pages: [page(`project ${project}`, projectWorkflowId(project)), ...workloads.map(({ workload }) => page(workload, bucketWorkflowId(project, workload)))],
  };
}
