import type { WorkloadStatus } from '../../src/model/status.ts';

/** A workload's status with the fields that a test is about; the rest is a replication that has just begun. */
export const statusOf = (fields: Partial<WorkloadStatus> = {}): WorkloadStatus => ({
  workload: 'photos',
  wave: 1,
  state: 'replicating',
  condition: 'moving',
  verdict: 'UNKNOWN',
  pass: 0,
  progress: { totalObjects: 0, totalBytes: 0, copiedObjects: 0, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 },
  objects: 0,
  sizeBytes: 0,
  losses: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  evidence: {},
  sequence: 1,
  ...fields,
});
