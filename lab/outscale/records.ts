/** What the stand-in remembers. Times are milliseconds since 1970, sizes as the API counts them (GiB). Every id is the vendor's: prefix and eight hex digits. */
export interface LabState {
  snapshots: Record<string, Snapshot>;
  images: Record<string, Image>;
  volumes: Record<string, Volume>;
  vms: Record<string, Vm>;
  nets: Record<string, Net>;
  subnets: Record<string, Subnet>;
  routeTables: Record<string, RouteTable>;
  internetServices: Record<string, InternetService>;
  securityGroups: Record<string, SecurityGroup>;
  keypairs: Record<string, Keypair>;
  /** By resource id. */
  tags: Record<string, Record<string, string>>;
  /** By account, action and token. */
  tokens: Record<string, { readonly bodyDigest: string; readonly id: string }>;
  /** What comes by itself, and when. */
  due: readonly Due[];
  history: Change[];
}

export interface Due {
  readonly atMs: number;
  readonly what: string;
  readonly id: string;
}

export interface Change {
  readonly at: string;
  readonly kind: 'snapshot' | 'image' | 'volume' | 'vm';
  readonly id: string;
  readonly from?: string;
  /** `gone` when it is no longer shown. */
  readonly to: string;
  /** Of a VM: from power-on to power-off; only between the two can it write or answer. */
  readonly isOn?: boolean;
}

interface Owned {
  readonly id: string;
  readonly account: string;
}

export interface Snapshot extends Owned {
  readonly token?: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly volume?: string;
  readonly sizeGib: number;
  state: string;
  progress: number;
  /** Why it is in error; the API does not tell. */
  comment?: string;
  /** Of an import that is under way; forgotten afterwards, for it is a secret. */
  import?: { readonly url: string; readonly sizeBytes: number };
  /** `qemu-img`, or `own parser` where that is not installed. */
  convertedBy?: string;
}

export interface Disk {
  readonly device: string;
  readonly snapshot?: string;
  readonly sizeGib?: number;
  readonly type: string;
  readonly iops?: number;
  readonly deleteOnVmDeletion: boolean;
}

export interface Image extends Owned {
  readonly accountAlias?: string;
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly architecture: string;
  readonly rootDevice: string;
  readonly disks: readonly Disk[];
  readonly bootModes: readonly string[];
  readonly isTpmMandatory: boolean;
  readonly isPublic: boolean;
  state: string;
}

export interface Volume extends Owned {
  readonly token?: string;
  readonly createdAtMs: number;
  readonly sizeGib: number;
  readonly type: string;
  readonly iops?: number;
  readonly snapshot?: string;
  readonly subregion: string;
  state: string;
  link?: { readonly vm: string; readonly device: string; readonly deleteOnVmDeletion: boolean; readonly atMs: number };
}

export interface Vm extends Owned {
  readonly token?: string;
  readonly createdAtMs: number;
  readonly image: string;
  readonly type: string;
  readonly cores: number;
  readonly architecture: string;
  readonly rootDevice: string;
  readonly bootMode: string;
  readonly subregion: string;
  readonly net?: string;
  readonly subnet?: string;
  readonly nic?: string;
  readonly privateIp: string;
  readonly securityGroups: readonly string[];
  readonly keypair?: string;
  readonly userData: string;
  readonly shutdownBehaviour: string;
  readonly isDeletionProtected: boolean;
  readonly hasTpm: boolean;
  state: string;
  stateReason: string;
  /** Faults that were asked for when it was made. */
  readonly isStuck?: boolean;
  readonly isUnbootable?: boolean;
}

export interface Net extends Owned {
  readonly range: string;
}

export interface Subnet extends Owned {
  readonly net: string;
  readonly range: string;
  readonly subregion: string;
}

export interface RouteTable extends Owned {
  readonly net: string;
  readonly link: string;
  /** `gateway` absent: inside the net. */
  readonly routes: readonly { readonly range: string; readonly gateway?: string }[];
}

export interface InternetService extends Owned {
  readonly net: string;
}

export interface Rule {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly ranges: readonly string[];
  readonly groups: readonly string[];
}

export interface SecurityGroup extends Owned {
  readonly name: string;
  readonly description: string;
  readonly net?: string;
  readonly isDefault: boolean;
  inbound: readonly Rule[];
  outbound: readonly Rule[];
}

export interface Keypair extends Owned {
  readonly name: string;
  readonly fingerprint: string;
}
