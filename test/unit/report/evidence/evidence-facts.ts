import type { LedgerRecord } from '../../../../src/model/ledger-record.ts';
import { Policy } from '../../../../src/model/policy.ts';
import type { BundleFacts } from '../../../../src/ports/bundle-pages.ts';
import { ledgerRecord } from '../ledger-line.ts';

/** What would run, load or turn the direction of writing, if it were printed as it is. */
export const evil = `"><script>alert(1)</script><img src=x onerror='x'>\u202e&\u0000=1+1`;

const rule = { seats: [{ role: 'data-owner', org: 'hospital' }], witnessed: false, timestamp: 'none' as const };
const policy = Policy.parse({
  v: 1,
  class: 'production',
  project: 'demo',
  log: 'ecluse.example/log/demo',
  controller: 'hospital',
  operator: 'integrator',
  keys: { log: 'k', p256: 'k' },
  checkpoint: { every_records: 1000, every_seconds: 3600 },
  witnesses: [{ vkey: 'witness.example/w1+20324abe+k', org: 'hospital' }],
  witness_quorum: 1,
  timestamps: [{ name: 'tsa', ca: 'pem', qualified: true }],
  approvers: [
    { id: 'p-017', org: 'hospital', roles: ['data-owner'], key: 'ssh-ed25519 AAAA', valid_after: '2025-01-01T00:00:00Z', valid_before: '2027-01-01T00:00:00Z' },
  ],
  gates: { loss: rule, cutover: rule, finalize: rule, discard: rule, gap: rule },
  cooling_off_days: 21,
  temporal: { authorization: true },
  retention: { purpose: 'proof', years: 10 },
});

export type Said = Parameters<typeof ledgerRecord>[0];

/** A log of these records: numbers and times are given here. */
export function factsOf(
  said: Iterable<Said>,
  { policy: rules, ...more }: Partial<Omit<BundleFacts, 'policy'>> & { policy?: Partial<Policy> } = {},
): BundleFacts {
  return {
    policy: { ...policy, ...rules },
    kind: 'final',
    size: 7,
    root: 'ab'.repeat(32),
    confidential: 0,
    withheld: 0,
    async *records() {
      let seq = 0;
      for (const each of said) yield JSON.stringify(recordAt(each, seq++));
    },
    ...more,
  };
}

export const recordAt = (said: Said, seq: number): LedgerRecord =>
  ledgerRecord({ seq, time: new Date(Date.parse('2026-03-28T22:00:00.000Z') + seq * 60_000).toISOString(), host: { id: 'h1', country: 'FR' }, ...said });

export const bucket = (ref: string, more: object = {}): NonNullable<LedgerRecord['unit']> => ({ kind: 'bucket', ref, ...more });
export const source = { provider: 'aws', region: 'eu-west-3', country: 'FR', resource_ref: 'records' };
export const target = { provider: 'outscale', region: 'eu-west-2', country: 'FR', resource_ref: 'records' };

/** What no page may hold: it would run, or ask a network. */
export const loaded = [/<script/i, /\bsrc=/, /\bhref=/, /url\(/, /@import/, /\bon\w+=["']/, /<img/i, /<iframe/i, /<form/i];

export async function textOf(text: string | AsyncIterable<string>): Promise<string> {
  if (typeof text === 'string') return text;
  let all = '';
  for await (const piece of text) all += piece;
  return all;
}
