import type { BootMode, SecurityRule } from '../model/machine.ts';

/**
 * The target cloud of virtual machines, one account and region. `mark` names what is made: the same mark is the same thing, in token, name or
 * description and in a tag, so that a repeated call finds what the first made, and a sweep finds all. What is found terminated or in error counts as
 * not there: the caller comes back with a new mark. Every failure is a MigrationError. Two matches of one mark: TARGET_AMBIGUOUS, a person's case.
 */
export interface MachineTarget {
  /** Imports a disk image from a URL that only the target reads; the URL is a secret. Answers at once; `snapshot` tells how it goes. */
  importSnapshot(request: { readonly mark: string; readonly url: string; readonly sizeBytes: number }, signal?: AbortSignal): Promise<TargetSnapshot>;
  /** By id, or by mark. Absent: there is none (an import may vanish). */
  snapshot(by: { readonly id: string } | { readonly mark: string }, signal?: AbortSignal): Promise<TargetSnapshot | undefined>;
  /** From a volume of a stopped machine. */
  snapshotVolume(request: { readonly mark: string; readonly volume: string }, signal?: AbortSignal): Promise<TargetSnapshot>;
  ensureImage(request: TargetImage, signal?: AbortSignal): Promise<{ readonly id: string; readonly state: 'pending' | 'available' | 'failed' }>;
  ensureNetwork(
    request: TargetNetwork,
    signal?: AbortSignal,
  ): Promise<{ readonly net: string; readonly subnet: string; readonly securityGroups: readonly string[] }>;
  /** Boots when it is made. Data disks straight from their snapshots; no disk is deleted with it. */
  ensureMachine(request: TargetMachineRequest, signal?: AbortSignal): Promise<TargetMachine>;
  /** By id, or by mark; absent when there is none or it is terminated. */
  machine(by: { readonly id: string } | { readonly mark: string }, signal?: AbortSignal): Promise<TargetMachine | undefined>;
  /** The last 64 KiB that it wrote on its first serial port; empty as long as there is none. */
  console(id: string, signal?: AbortSignal): Promise<Buffer>;
  stop(id: string, signal?: AbortSignal): Promise<void>;
  start(id: string, signal?: AbortSignal): Promise<void>;
  /** Removes what carries exactly this mark, and its volumes, in the order that the target demands. Gone already is success; what must wait is `waiting`. */
  remove(what: Removable, mark: string, signal?: AbortSignal): Promise<'gone' | 'waiting'>;
  /** Everything whose mark begins so. */
  marked(
    prefix: string,
    signal?: AbortSignal,
  ): Promise<readonly { readonly kind: Removable | 'volume'; readonly id: string; readonly mark: string; readonly state: string }[]>;
  /** Asked without doing: may this account do it, and do quotas leave room? */
  mayDo(request: TargetMachineRequest | undefined, signal?: AbortSignal): Promise<readonly TargetCheck[]>;
}

export type Removable = 'machine' | 'image' | 'snapshot' | 'network';

export interface TargetCheck {
  readonly id: string;
  readonly allowed: boolean | 'unknown';
  readonly detail: string;
}

export interface TargetSnapshot {
  readonly id: string;
  readonly state: 'pending' | 'completed' | 'error';
  readonly progress?: number;
  readonly sizeBytes: number;
}

export interface TargetImage {
  readonly mark: string;
  readonly rootSnapshot: string;
  readonly rootBytes: number;
  readonly bootMode: BootMode;
  readonly volumeType: VolumeType;
  readonly iops?: number;
}

export type VolumeType = 'standard' | 'gp2' | 'io1';

export interface TargetNetwork {
  /** Of the network itself: machines with the same share it. */
  readonly mark: string;
  /** An existing one by id, or one to be made. */
  readonly net: { readonly id: string } | { readonly range: string };
  readonly subnet: { readonly id: string } | { readonly range: string };
  readonly subregion: string;
  /** Made under this network's mark, or existing by id. A group without rules lets nothing in; outbound rules are exactly those given. */
  readonly securityGroups: readonly (
    | { readonly id: string }
    | { readonly name: string; readonly description: string; readonly rules: readonly SecurityRule[] }
  )[];
  /** No route leads out, and every rule that is not given is taken away: for rehearsals. */
  readonly isIsolated: boolean;
}

export interface TargetMachineRequest {
  readonly mark: string;
  readonly name: string;
  readonly image: string;
  readonly type: string;
  readonly bootMode: BootMode;
  readonly subregion: string;
  readonly subnet: string;
  readonly securityGroups: readonly string[];
  readonly privateAddress?: string;
  readonly keyPair?: string;
  readonly rootBytes: number;
  readonly volumeType: VolumeType;
  readonly iops?: number;
  readonly dataDisks: readonly {
    readonly device: string;
    readonly snapshot: string;
    readonly sizeBytes: number;
    readonly volumeType: VolumeType;
    readonly iops?: number;
  }[];
}

export interface TargetMachine {
  readonly id: string;
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped' | 'terminating' | 'terminated' | 'quarantine';
  readonly privateAddress?: string;
  readonly volumes: readonly { readonly id: string; readonly device: string; readonly sizeBytes?: number; readonly snapshot?: string }[];
  readonly subnet?: string;
}
