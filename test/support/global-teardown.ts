import { runFolder } from './run.ts';
import { endRun } from './run-servers.ts';

/** Once after the suites: nothing of the run is left, neither process nor file. */
module.exports = (): Promise<void> => endRun(runFolder());
