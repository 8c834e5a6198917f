/** What a source cloud tells of one virtual machine and what hangs on it. Read only; no user data is ever read: it may hold secrets. */
export interface Machine {
  /** `i-…`. */
  readonly id: string;
  /** Its name tag; absent where it has none. */
  readonly name?: string;
  readonly state: MachineState;
  /** When it last started, RFC 3339: another one after a stop means that somebody started it. */
  readonly launchedAt: string;
  /** The mode that it runs in, not the one that its image asks for. */
  readonly bootMode: BootMode;
  readonly architecture: string;
  readonly platform: 'linux' | 'windows';
  readonly type: string;
  readonly virtualCpus?: number;
  readonly memoryBytes?: number;
  readonly zone: string;
  /** Root first, then by device name. Only disks that can be snapshotted. */
  readonly disks: readonly MachineDisk[];
  readonly interfaces: readonly MachineInterface[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly tags: Readonly<Record<string, string>>;
  /** What an assessment judges beside the above; each absent or false where it is not so. */
  readonly traits: MachineTraits;
}

export type MachineState = 'pending' | 'running' | 'stopping' | 'stopped' | 'terminating' | 'terminated';
export type BootMode = 'legacy' | 'uefi';

export interface MachineDisk {
  /** `vol-…`. */
  readonly id: string;
  /** As the source's API names it: `/dev/xvda`. The guest may see another name. */
  readonly device: string;
  readonly isRoot: boolean;
  readonly sizeBytes: number;
  /** `gp3`, `io2`, … */
  readonly type: string;
  readonly iops?: number;
  readonly isEncrypted: boolean;
  /** Absent = not encrypted. An identifier, no secret. */
  readonly keyId?: string;
  readonly isShared: boolean;
}

export interface MachineInterface {
  readonly id: string;
  readonly subnet: string;
  readonly subnetRange?: string;
  readonly net: string;
  readonly netRange?: string;
  readonly privateAddress?: string;
  readonly publicAddress?: string;
  readonly securityGroups: readonly string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityRule[];
  /** Rules that name prefix lists, other groups of other accounts or service tags: the plan must say what becomes of them. */
  readonly unmapped: number;
}

export interface SecurityRule {
  readonly flow: 'inbound' | 'outbound';
  /** `tcp`, `udp`, `icmp`, or `-1` for all. */
  readonly protocol: string;
  /** Absent for `-1`. */
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
  /** CIDR blocks. */
  readonly ranges: readonly string[];
  /** Another group of the same machine's net, by name. */
  readonly group?: string | undefined;
}

export interface MachineTraits {
  readonly productCodes?: readonly string[];
  readonly instanceStoreDisks?: number;
  readonly hasTpm?: boolean;
  readonly hibernates?: boolean;
  readonly isSpot?: boolean;
  /** An auto-scaling group would replace it when it stops. */
  readonly scalingGroup?: string;
  /** Run by a service of the vendor: not ours to move. */
  readonly managedBy?: string;
  readonly virtualization?: string;
  readonly rootDeviceType?: string;
  readonly instanceProfile?: string;
  readonly terminatesOnShutdown?: boolean;
  readonly needsEnhancedNetworking?: boolean;
  readonly keyPair?: string;
}
