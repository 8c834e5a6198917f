import type { DiskSource } from './disk-source.ts';
import type { Estate } from './estate.ts';
import type { MachineSource } from './machine-source.ts';
import type { MachineTarget } from './machine-target.ts';
import type { StorePlace } from './stores.ts';

/** The clouds of a project, by the name they have in `ecluse.yaml`. Opening costs nothing; credentials are found at the first call. */
export interface Clouds {
  names(): readonly { readonly cloud: string; readonly side: 'source' | 'target' }[];
  /** CONFIG_INVALID when the configuration has no such source. Without account and region: the cloud's own. */
  source(at: string, where?: SourceWhere): SourceCloud;
  /** CONFIG_INVALID when the configuration has no such target. */
  target(at: string): TargetCloud;
  /** How the ledger names a machine there; no secret. */
  place(at: string, machine: string, where?: SourceWhere): StorePlace;
}

export interface SourceWhere {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

export interface SourceCloud {
  readonly machines: MachineSource;
  readonly disks: DiskSource;
  readonly estate: Estate;
}

export interface TargetCloud {
  readonly machines: MachineTarget;
  /** Where images stand until they are imported. */
  readonly staging: { readonly at: string; readonly bucket: string };
  /** The longest that an import may take, and the life of the address that it reads. */
  readonly importHours: number;
}
