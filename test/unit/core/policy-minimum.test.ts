import { beforeAll, describe, expect, it } from '@jest/globals';
import { policyProblems, productionShortfalls } from '../../../src/core/policy-minimum.ts';
import type { Policy } from '../../../src/model/policy.ts';

const person = (id: string, org: string, role: string, key: string): Policy['approvers'][number] => ({
  id,
  org,
  roles: [role],
  key: `ssh-ed25519 ${key}`,
  valid_after: '2026-01-01T00:00:00Z',
  valid_before: '2027-01-01T00:00:00Z',
  presence: 'none',
});
const owner = { role: 'owner', org: 'hospital' };
const lead = { role: 'lead', org: 'integrator' };
const decisive = { seats: [owner, lead], witnessed: true, timestamp: 'any' as const };
const sound: Policy = {
  v: 1,
  class: 'production',
  project: 'demo',
  log: 'log.example/demo',
  controller: 'hospital',
  operator: 'integrator',
  keys: { log: 'k', p256: 'k' },
  checkpoint: { every_records: 1000, every_seconds: 3600 },
  witnesses: [{ vkey: 'w', org: 'hospital' }],
  witness_quorum: 1,
  timestamps: [{ name: 'tsa', ca: 'pem', qualified: false }],
  approvers: [person('p-1', 'hospital', 'owner', 'AAAA'), person('p-2', 'hospital', 'dpo', 'BBBB'), person('p-3', 'integrator', 'lead', 'CCCC')],
  deputies: [{ id: 'p-2', of: 'p-1', from: '2026-06-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }],
  gates: {
    loss: { seats: [owner], witnessed: false, timestamp: 'none' },
    cutover: { ...decisive, seats: [owner] },
    finalize: decisive,
    discard: decisive,
    gap: { seats: [owner], witnessed: false, timestamp: 'none' },
  },
  cooling_off_days: 21,
  temporal: { authorization: true },
  retention: { purpose: 'proof', years: 10 },
  demands: [],
};
const gates = (change: Partial<Policy['gates']>): Partial<Policy> => ({ gates: { ...sound.gates, ...change } });
const approvers = (change: (people: Policy['approvers']) => Policy['approvers']): Partial<Policy> => ({ approvers: change(sound.approvers) });

describe('a policy of production', () => {
  it('that asks the minimum has no problem', () => expect(policyProblems(sound)).toEqual([]));

  it.each<[string, Partial<Policy>]>([
    ['checkpoint.every_seconds', { checkpoint: { every_records: 1, every_seconds: 3601 } }],
    ['witness_quorum', { witness_quorum: 0, ...gates({ cutover: sound.gates.cutover }) }],
    ['witnesses', { witnesses: [{ vkey: 'w', org: 'integrator' }] }],
    ['gates.loss.seats', gates({ loss: { ...sound.gates.loss, seats: [] } })],
    ['gates.gap.seats', gates({ gap: { ...sound.gates.gap, seats: [] } })],
    ['gates.cutover.seats', gates({ cutover: { ...decisive, seats: [lead] } })],
    ['gates.cutover.seats', gates({ cutover: { ...decisive, seats: [{ role: 'owner' }] } })],
    ['gates.finalize.seats', gates({ finalize: { ...decisive, seats: [owner] } })],
    ['gates.discard.seats', gates({ discard: { ...decisive, seats: [owner] } })],
    ['gates.finalize.witnessed', gates({ finalize: { ...decisive, witnessed: false } })],
    ['gates.discard.timestamp', gates({ discard: { ...decisive, timestamp: 'none' } })],
    ['gates.cutover.timestamp', gates({ cutover: { ...sound.gates.cutover, timestamp: 'none' } })],
    ['cooling_off_days', { cooling_off_days: 20 }],
    ['temporal.authorization', { temporal: { authorization: false } }],
  ])('is told where it falls short: %s', (where, change) => {
    const problems = policyProblems({ ...sound, ...change });
    expect(problems.map((problem) => problem.split(':')[0])).toContain(where);
    expect(productionShortfalls({ ...sound, ...change, class: 'lab' })).toEqual([]);
  });
});

describe('a policy of any class', () => {
  let lab: Policy;
  beforeAll(() => {
    lab = { ...sound, class: 'lab' };
  });

  it.each<[string, Partial<Policy>]>([
    ['gates.loss.seats[0]', gates({ loss: { ...sound.gates.loss, seats: [{ role: 'owner', org: 'integrator' }] } })],
    ['gates.loss.seats[0]', gates({ loss: { ...sound.gates.loss, seats: [{ role: 'king' }] } })],
    ['gates.finalize.seats', gates({ finalize: { ...decisive, seats: [lead, lead] } })],
    ['gates.finalize.seats', approvers((people) => people.map((one) => ({ ...one, person: 'one-and-the-same' })))],
    ['deputies[0].id', { deputies: [{ id: 'p-9', of: 'p-1', from: '2026-06-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }] }],
    ['deputies[0].of', { deputies: [{ id: 'p-2', of: 'p-9', from: '2026-06-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }] }],
    ['deputies[0]', { deputies: [{ id: 'p-1', of: 'p-1', from: '2026-06-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }] }],
    ['deputies[0]', { deputies: [{ id: 'p-2', of: 'p-1', from: '2026-07-01T00:00:00.000Z', until: '2026-07-01T00:00:00Z' }] }],
    ['witness_quorum', { witness_quorum: 2, witnesses: [1, 2].map((n) => ({ vkey: `w${n}`, org: 'hospital' })) }],
    ['witnesses', { witnesses: [1, 2].map(() => ({ vkey: 'w', org: 'hospital' })) }],
    ['timestamps', { timestamps: [1, 2].map(() => ({ name: 'tsa', ca: 'pem', qualified: true })) }],
    ['approvers p-1', approvers((people) => people.map((one) => ({ ...one, valid_before: '2025-01-01T00:00:00Z' })))],
    ['approvers p-1', approvers((people) => people.map((one) => ({ ...one, presence: 'touch' as const })))],
    ['approvers', approvers((people) => people.map((one) => ({ ...one, id: 'p-1' })))],
    ['approvers', approvers((people) => people.map((one) => ({ ...one, key: 'ssh-ed25519 AAAA' })))],
    ['gates.cutover.witnessed', { witness_quorum: 0, witnesses: [] }],
    ['gates.cutover.timestamp', { timestamps: [] }],
    ['gates.cutover.timestamp', gates({ cutover: { ...decisive, timestamp: 'qualified' } })],
  ])('is told what cannot work: %s', (where, change) => {
    const problems = policyProblems({ ...lab, ...change });
    expect(problems.map((problem) => problem.split(': ')[0])).toContain(where);
  });

  it('may let one person’s deputy take the second of two seats of one role', () => {
    const two = gates({ finalize: { ...decisive, seats: [owner, owner] } });
    expect(policyProblems({ ...lab, ...two })).toEqual([]);
    expect(policyProblems({ ...lab, ...two, deputies: [] })).not.toEqual([]);
  });

  it('may have no seat, no witness and no timestamp in a lab', () => {
    const open = { seats: [], witnessed: false, timestamp: 'none' as const };
    const free = { witness_quorum: 0, witnesses: [], timestamps: [], approvers: [], deputies: [] };
    expect(policyProblems({ ...lab, ...free, gates: { loss: open, cutover: open, finalize: open, discard: open, gap: open } })).toEqual([]);
  });
});
