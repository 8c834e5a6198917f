/** One thing of a source's estate and what becomes of it. Goes into the depot, under its digest, never into a workflow: names may be personal. */
export interface Asset {
  /** `instance`, `volume`, `snapshot`, `image`, `vpc`, `subnet`, `security group`, `interface`, `address`, `key pair`, `instance profile`, `key`, `bucket`. */
  readonly kind: string;
  readonly account: string;
  readonly region: string;
  readonly id: string;
  readonly name?: string;
  /** What a planner and a person need to see; flat, JSON. */
  readonly facts: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** `moved` by a workload · `mapped` to something made on the target · `by hand` · `not carried`. */
  readonly disposition: 'moved' | 'mapped' | 'by hand' | 'not carried';
  readonly reason: string;
}
