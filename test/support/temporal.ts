import type { TemporalAccess } from '../../lab/temporal-server.ts';

import { loudSuite } from './loud-suite.ts';
import { accessTo, sharedServers } from './run.ts';

/** The run's Temporal dev server with its Web UI, its data in memory. Suites share it: each uses a project name of its own. */
export const sharedTemporal = (): TemporalAccess => accessTo(sharedServers().temporal);

/** A `describe` for suites that need Temporal; without it the suite is skipped, and says why. */
export const describeTemporal = loudSuite(() => sharedServers().temporal);
