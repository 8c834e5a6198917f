/** How the stand-in behaves; all of it can be given at the start, and changed by `control().settings(…)`. */
export interface OutscaleSettings {
  readonly region: string;
  readonly accounts: readonly LabAccount[];
  /** Origins from which an import may be downloaded, such as `http://127.0.0.1:8333`: the lab's object store. */
  readonly stagingOrigins: readonly string[];
  /** `qemu` boots where it is installed; `none` never. */
  readonly boot: 'qemu' | 'none';
  readonly times: Times;
  /** Requests an account may make in any second before it is answered 429; the vendor's own clients keep to 5. */
  readonly requestsPerSecond: number;
  readonly pageSize: number;
  /** Wrong signatures of one key that lock it. */
  readonly signaturesUntilLock: number;
  /** By the vendor's names of quotas. */
  readonly quotas: Quotas;
  /** Writes every request that was taken, with its answer, to `exchanges.jsonl` (the queries of URLs left out), for a judge by the specification. */
  readonly isRecording: boolean;
}

export interface LabAccount {
  readonly accountId: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Milliseconds. */
export interface Times {
  readonly snapshot: number;
  readonly import: number;
  /** Until an import that vanishes has vanished. */
  readonly vanish: number;
  readonly image: number;
  readonly volume: number;
  readonly boot: number;
  /** What a guest gets to power itself down. */
  readonly stopGrace: number;
  readonly terminate: number;
  /** How long a terminated VM is still shown; about an hour there. */
  readonly showTerminated: number;
  readonly consoleRefresh: number;
  readonly lock: number;
  /** Of a call that a fault slows down. */
  readonly slow: number;
}

export interface Quotas {
  readonly vm_limit: number;
  readonly core_limit: number;
  readonly volume_limit: number;
  readonly volume_size_limit: number;
  readonly iops_limit: number;
  readonly snapshot_limit: number;
  readonly vpc_limit: number;
  readonly sg_limit: number;
}

/** A change of settings: times and quotas one by one. */
export type SettingsChange = Partial<Omit<OutscaleSettings, 'times' | 'quotas'>> & { readonly times?: Partial<Times>; readonly quotas?: Partial<Quotas> };

export const labAccount: LabAccount = { accountId: '123456789012', accessKey: 'LABOUTSCALEKEY000001', secretKey: 'LABOUTSCALESECRET0000000000000000000001' };

export const usualSettings: OutscaleSettings = {
  region: 'eu-west-2',
  accounts: [labAccount],
  stagingOrigins: [],
  boot: 'qemu',
  times: {
    snapshot: 200,
    import: 200,
    vanish: 300,
    image: 150,
    volume: 100,
    boot: 200,
    stopGrace: 20_000,
    terminate: 150,
    showTerminated: 3_600_000,
    consoleRefresh: 2_000,
    lock: 60_000,
    slow: 2_000,
  },
  requestsPerSecond: 5,
  pageSize: 100,
  signaturesUntilLock: 4,
  quotas: {
    vm_limit: 20,
    core_limit: 80,
    volume_limit: 100,
    volume_size_limit: 20_000,
    iops_limit: 40_000,
    snapshot_limit: 100,
    vpc_limit: 5,
    sg_limit: 100,
  },
  isRecording: false,
};

export const changedSettings = (settings: OutscaleSettings, change: SettingsChange): OutscaleSettings => ({
  ...settings,
  ...change,
  times: { ...settings.times, ...change.times },
  quotas: { ...settings.quotas, ...change.quotas },
});
