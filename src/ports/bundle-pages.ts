import type { Policy } from '../model/policy.ts';

/** What the pages of a bundle are made of: the log that it carries, and what of its names it lacks. */
export interface BundleFacts {
  readonly policy: Policy;
  /** `final`: the last record is `log.closed`. */
  readonly kind: 'final' | 'interim';
  readonly size: number;
  /** Over all records, hex. */
  readonly root: string;
  /** Confidential files in the bundle, and those left out because no recipient was named. The list of names counts as one. */
  readonly confidential: number;
  readonly withheld: number;
  /** The records again, line by line, as often as wanted. */
  records(): AsyncIterable<string>;
}

/** A rendering: `README.md`, `reports/…`, `exports/…`. A long one comes piece by piece. */
export interface BundlePage {
  readonly path: string;
  readonly text: string | AsyncIterable<string>;
}

/** Writes what people read beside the evidence; none of it is evidence itself. Memory does not grow with the records. */
export type BundlePages = (facts: BundleFacts) => Iterable<BundlePage> | AsyncIterable<BundlePage>;
