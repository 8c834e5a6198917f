import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import type { PolicyGate } from '../../../src/model/policy.ts';
import { Policy } from '../../../src/model/policy.ts';
import { type DatedAuthority, datedAuthority } from './dated-authority.ts';
import { makePersonKey, makeSampleLogKeys, makeSampleWitness, type PersonKey, type SampleLogKeys, type SampleWitness } from './test-keys.ts';

/** Everything that signs in a sample: what an attacker of each kind may own. */
export interface SampleKeys {
  /** Generations, the newest last. */
  readonly log: SampleLogKeys[];
  readonly witness: SampleWitness;
  readonly people: ReadonlyMap<string, PersonKey>;
  readonly authority: DatedAuthority | undefined;
  readonly authorityName: string;
}

/** Who takes a seat of a gate. */
export interface SampleSigner {
  readonly id: string;
  readonly org: string;
  readonly role: string;
  readonly onBehalfOf?: string;
  /** Of a hardware key: 01 touched, 04 PIN. */
  readonly flags?: number;
}

export const samplePlace = { project: 'demo', log: 'ecluse.example/log/demo', workload: 'records-archive' } as const;
const owner = { id: 'p-017', org: 'hospital', role: 'data-owner' } as const;
const lead = { id: 'p-031', org: 'integrator', role: 'migration-lead' } as const;

/** The owner is away when the loss is to be accepted: a deputy signs for them. */
export const sampleSigners: Readonly<Record<PolicyGate, readonly SampleSigner[]>> = {
  loss: [{ ...owner, id: 'p-019', onBehalfOf: owner.id }],
  cutover: [owner],
  finalize: [owner, { ...lead, flags: 1 }],
  discard: [owner, { ...lead, flags: 1 }],
  gap: [owner],
};

export function makeSampleKeys(madeAt: string): SampleKeys {
  const people = new Map([
    ['p-017', makePersonKey('ed25519')],
    ['p-019', makePersonKey('ecdsa')],
    ['p-031', makePersonKey('sk-ed25519')],
    ['p-032', makePersonKey('ed25519')],
  ]);
  const witness = makeSampleWitness('witness.example/hospital', 'hospital');
  return { log: [makeSampleLogKeys(samplePlace.log, madeAt)], witness, people, authority: datedAuthority(), authorityName: 'sample-tsa' };
}

/** Asks at least what `production` must ask; without openssl, and so without timestamps, only a `lab` can be. */
export function samplePolicy(keys: SampleKeys, year: number, policyClass: Policy['class']): Policy {
  const [first] = keys.log;
  const ownerSeat = { role: owner.role, org: owner.org };
  const leadSeat = { role: lead.role, org: lead.org };
  const timestamp = keys.authority ? ('any' as const) : ('none' as const);
  const validity = { valid_after: `${year - 1}-01-01T00:00:00Z`, valid_before: `${year + 2}-01-01T00:00:00Z` };
  const person = (id: string, org: string, roles: string[], presence: 'none' | 'touch' = 'none') => ({
    id,
    org,
    roles,
    key: keys.people.get(id)?.publicKey ?? '',
    ...validity,
    presence,
  });
  const decisive = { seats: [ownerSeat, leadSeat], witnessed: true, timestamp };
  return Policy.parse({
    v: 1,
    class: policyClass,
    project: samplePlace.project,
    log: samplePlace.log,
    controller: owner.org,
    operator: lead.org,
    keys: { log: first?.vkey.text, p256: first?.p256Spki.toString('base64') },
    checkpoint: { every_records: 1000, every_seconds: 3600 },
    witnesses: [{ vkey: keys.witness.vkey, org: keys.witness.org }],
    witness_quorum: 1,
    timestamps: keys.authority ? [{ name: keys.authorityName, ca: keys.authority.ca, qualified: false }] : [],
    approvers: [
      person('p-017', owner.org, [owner.role]),
      person('p-019', owner.org, ['data-protection']),
      person('p-031', lead.org, [lead.role], 'touch'),
      { ...person('p-032', lead.org, [lead.role, owner.role]), person: 'p-031' },
    ],
    deputies: [{ id: 'p-019', of: owner.id, from: `${year - 1}-06-01T00:00:00Z`, until: `${year + 1}-06-01T00:00:00Z` }],
    gates: {
      loss: { seats: [ownerSeat], witnessed: false, timestamp: 'none' },
      cutover: { seats: [ownerSeat], witnessed: true, timestamp },
      finalize: decisive,
      discard: decisive,
      gap: { seats: [ownerSeat], witnessed: false, timestamp: 'none' },
    },
    cooling_off_days: 21,
    temporal: { authorization: true },
    retention: { purpose: 'Proof of the transfer', years: 10 },
    demands: ['source.country', 'target.country'],
  } satisfies CanonicalValue | object);
}

export const policyBytes = (policy: Policy): Buffer => Buffer.from(`${canonicalJson(policy as CanonicalValue)}\n`);
