import type { PolicyGate } from '../model/policy.ts';

/** The record that an approval of a gate becomes. */
export const approvedEvent = {
  loss: 'loss.accepted',
  cutover: 'cutover.approved',
  finalize: 'acceptance.signed',
  discard: 'deletion.approved',
  gap: 'gap.approved',
} as const satisfies Record<PolicyGate, string>;

/** What a `gap` is approved for: the record that told of it. */
export const gapSubject = (seq: number): string => `record ${seq}`;
