import type { GateRule, Policy } from '../model/policy.ts';

export interface FirstPolicyInput {
  readonly class: Policy['class'];
  readonly project: string;
  readonly log: string;
  readonly keys: Policy['keys'];
}

/**
 * What `ecluse ledger init` writes to be edited. `lab` asks for nothing, so that a first try needs no second person, and is no evidence.
 * `production` asks the minimum that docs/bundle-format.md §3 names; who the people, the witness and the authority are is for the controller to fill in.
 */
export function firstPolicy({ class: kind, project, log, keys }: FirstPolicyInput): Policy {
  const shared = {
    v: 1 as const,
    class: kind,
    project,
    log,
    controller: 'controller',
    operator: 'operator',
    keys,
    checkpoint: { every_records: 1000, every_seconds: 3600 },
    witnesses: [],
    timestamps: [],
    approvers: [],
    deputies: [],
    retention: { purpose: 'evidence of a data transfer', years: 10 },
    demands: [],
  } satisfies Partial<Policy>;
  if (kind === 'lab') {
    const open: GateRule = { seats: [], witnessed: false, timestamp: 'none' };
    const gates = { loss: open, cutover: open, finalize: open, discard: open, gap: open };
    return { ...shared, witness_quorum: 0, gates, cooling_off_days: 0, temporal: { authorization: false } };
  }
  const owner = { role: 'data-owner', org: 'controller' };
  const lead = { role: 'migration-lead', org: 'operator' };
  const light: GateRule = { seats: [owner], witnessed: false, timestamp: 'none' };
  const heavy = { witnessed: true, timestamp: 'any' } as const;
  const gates = {
    loss: light,
    cutover: { seats: [owner], ...heavy },
    finalize: { seats: [owner, lead], ...heavy },
    discard: { seats: [owner, lead], ...heavy },
    gap: light,
  };
  return { ...shared, witness_quorum: 1, gates, cooling_off_days: 21, temporal: { authorization: true } };
}
