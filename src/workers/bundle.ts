import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

/**
 * The workflows in one file, as a worker loads them. Made in the process where nobody made it before; an image brings it ready
 * (`ECLUSE_WORKFLOW_BUNDLE`), which saves two seconds and a hundred MiB at each start. Must come from the same version as its worker.
 */
export const bundleWorkflows = (): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({ workflowsPath: path.join(import.meta.dirname, '../workflows/index.ts'), logger: quiet });

const drop = (): void => undefined;
const quiet = { log: drop, trace: drop, debug: drop, info: drop, warn: drop, error: drop };

if (process.argv[1] === import.meta.filename) {
  const [, , out = 'workflows.js'] = process.argv;
  void bundleWorkflows().then(({ code }) => writeFile(out, code));
}
