import type { CheckId, CheckResult } from '../../src/ledger/checks/findings.ts';
import type { Sample, SampleOptions } from '../support/evidence/sample.ts';

/** Rows of the threat model (ARCHITECTURE.md names the same parties). */
export type Attacker =
  | 'outsider with the folder'
  | 'database admin'
  | 'consultant'
  | 'operator with log keys'
  | 'operator, witness and authority together'
  | 'approver'
  | 'project manager'
  | 'compromised worker';

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
  readonly sample?: (honest: Sample) => SampleOptions;
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
