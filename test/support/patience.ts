import { jest } from '@jest/globals';

/** A busy machine takes its time, and other suites run beside: one that hangs is still told, one that is only slow passes. */
jest.setTimeout(60_000);
