import type { ObjectSource, ObjectTarget } from './object-store.ts';

/** The stores of a project, by the name they have in `ecluse.yaml`. Opening costs nothing; credentials are found at the first call. */
export interface Stores {
  names(): readonly string[];
  /** CONFIG_INVALID when the configuration has no store of that name. */
  open(at: string, bucket: string): ObjectSource & ObjectTarget;
  buckets(at: string, signal?: AbortSignal): Promise<readonly { readonly bucket: string; readonly createdAt?: string; readonly region?: string }[]>;
  /** How the ledger names a bucket there: provider, region, country, endpoint; no secret. */
  place(at: string, bucket: string): StorePlace;
}

export interface StorePlace {
  readonly provider: string;
  readonly region: string;
  readonly country?: string;
  readonly endpoint?: string;
  readonly resource_ref: string;
}
