import type { CheckId, CheckResult } from '../../src/ledger/checks/findings.ts';
import type { Sample, SampleOptions } from '../support/evidence/sample.ts';

/** Who attacks, and what they own. Whoever makes a log anew makes it right: chain, roots, counts and signatures fit. */
export const attackers = {
  'outsider with the folder': 'has the exported folder and no key',
  'database admin': 'owns every row of the store and no key',
  'operator with log keys': 'owns signer and store, and so makes the whole log anew',
  'operator, witness and authority together': 'own every key of the log and of those who watch it',
  consultant: 'owns workers, plan and command: what they record is chained and signed like anything else',
  'project manager': 'owns the Temporal UI: may terminate and reset',
  'compromised worker': 'owns the bytes and the report of them',
} as const;
export type Attacker = keyof typeof attackers;

/** What an auditor has of their own: files of checkpoints, and values of the controller's paper. */
export interface Brought {
  readonly checkpoints?: readonly string[];
  readonly fingerprints?: readonly string[];
}

/** A bundle, where it lies, and the honest one of the same keys. */
export interface Scene {
  readonly folder: string;
  readonly attacked: Sample;
  readonly honest: Sample;
}

/**
 * One attack. Who owns keys changes the log while it is made (`sample`), and all that follows from the change is right again; who has the
 * folder only changes that (`perform`), and SHA256SUMS is made anew unless `keepsSums`.
 */
export interface Attack {
  readonly id: string;
  readonly title: string;
  readonly who: Attacker;
  /** One sentence. */
  readonly how: string;
  /** A bundle of its own; without it, a copy of the honest one. */
  readonly sample?: () => SampleOptions;
  readonly perform?: (scene: Scene) => void;
  readonly keepsSums?: true;
  /** What each verifier that makes the check must answer. Empty: no offline check can see it, and `residual` says so. */
  readonly expected: readonly { readonly check: CheckId; readonly result: Extract<CheckResult, 'FAIL' | 'UNKNOWN'> }[];
  /** What remains, for the reader. */
  readonly residual?: string;
  /** Answers the names of files and the values that make the difference, written beside the bundle. */
  readonly brings?: (scene: Scene, save: (name: string, bytes: string) => string) => Brought;
  /** Nothing is seen without what the auditor brings: that is asserted, too. */
  readonly isBlindWithout?: true;
  /** The object store tells: `rehash.py` is run against it, honest and with these bytes in the place of an object. */
  readonly isSeenByRehash?: true;
}

export const fails = (...checks: readonly CheckId[]): Attack['expected'] => checks.map((check) => ({ check, result: 'FAIL' }));
export const isUnknown = (check: CheckId): Attack['expected'] => [{ check, result: 'UNKNOWN' }];
