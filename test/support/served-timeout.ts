import { jest } from '@jest/globals';

/** Real servers on a busy machine take their time: a suite that hangs is still told, one that is only slow passes. */
jest.setTimeout(30_000);
