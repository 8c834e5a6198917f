import { MigrationError } from '../../core/migration-error.ts';
import type { AwsCloud } from '../../model/config.ts';
import type { SourceCloud } from '../../ports/clouds.ts';
import type { EstateScope } from '../../ports/estate.ts';
import type { Pacer } from '../../ports/rate-budget.ts';
import type { Transport } from '../../ports/transport.ts';
import type { Patience } from '../../wire/retry.ts';
import { type CredentialMemory, type CredentialProvider, profileChain, rememberCredentials } from '../s3/credentials.ts';
import { listBuckets } from '../s3/index.ts';
import { callerAccount } from './caller-identity.ts';
import { type Control, createControl } from './control.ts';
import { assumedRole } from './credentials.ts';
import { createDiskSource } from './disk-source.ts';
import { createEbsCaller } from './ebs-call.ts';
import { createEstate } from './estate.ts';
import { createFindInstance, createMachineSource } from './machine-source.ts';
import { createPace, type Pace } from './pace.ts';
import { createSnapshots } from './snapshots.ts';

export { type AwsCapability, type AwsOperation, type AwsPhase, awsOperationsOf } from './operations.ts';
export { type AwsPolicyScope, awsPolicyFor } from './permissions.ts';

export interface AwsParts {
  readonly cloud: AwsCloud;
  /** How errors name the cloud; absent = `aws`. */
  readonly name?: string;
  /** Twelve digits; absent = the first of the configuration, or the credentials' own. */
  readonly account?: string;
  /** Absent = the first of the configuration. */
  readonly region?: string;
  readonly transport: Transport;
  readonly pacer: Pacer;
  readonly nowMs?: () => number;
  /** Absent = the vendor's own chain, by the cloud's profile. */
  readonly credentials?: CredentialProvider;
  /** Of tests: how waiting is done. */
  readonly patience?: Patience;
}

/** What one scope has of its own. */
interface Opened {
  readonly place: string;
  readonly credentials: CredentialMemory;
  readonly pace: Pace;
  readonly control: Control;
}

/** AWS as a source of machines, one account and region; the estate reaches all of the configuration's. Opening makes no call. */
export function openAws(parts: AwsParts): SourceCloud {
  const { cloud, name = 'aws', transport, pacer, nowMs = Date.now, patience } = parts;
  const waiting = patience ? { patience } : {};
  const base = parts.credentials ?? profileChain(cloud.profile);
  const opened = new Map<string, Opened>();

  function open(account: string | undefined, region: string): Opened {
    const role = roleOf(cloud, account);
    // The budget is the account's, however it is reached: without roles there is one account only.
    const place = `${role ? accountOf(role.role) : 'self'}/${region}`;
    const known = opened.get(place);
    if (known) return known;
    const provide = role ? assumedRole({ cloud, account: role, region, place: `${name}/${place}`, transport, base }) : base;
    const credentials = rememberCredentials(provide, nowMs);
    const pace = createPace(pacer, `aws/${place}`, cloud.rates);
    const control = createControl({ region, endpoint: cloud.endpoints.ec2, place: `${name}/${place}`, transport, credentials, pace, ...waiting });
    const fresh = { place: `${name}/${place}`, credentials, pace, control };
    opened.set(place, fresh);
    return fresh;
  }

  const region = parts.region ?? cloud.regions[0] ?? '';
  const { place, credentials, pace, control } = open(parts.account ?? accountsOf(cloud)[0], region);
  const instance = createFindInstance(control, place);
  const snapshots = createSnapshots({ control, place, instance, ...waiting });
  const endpoint = cloud.endpoints.ebs ?? `https://ebs.${region}.amazonaws.com`;
  const caller = createEbsCaller({ endpoint, region, place, transport, credentials, pace, nowMs, ...waiting });

  async function accounts(signal?: AbortSignal): Promise<readonly string[]> {
    const named = accountsOf(cloud);
    if (named.length > 0) return named;
    const sts = cloud.endpoints.sts ?? `https://sts.${region}.amazonaws.com`;
    return [await callerAccount({ endpoint: sts, region, place, transport, credentials, nowMs }, signal)];
  }

  async function bucketsOf(scope: EstateScope, signal?: AbortSignal) {
    const there = open(scope.account, scope.region);
    await there.pace.enter('ListBuckets', signal);
    const store = { kind: 's3' as const, region: scope.region, ...(cloud.endpoints.s3 ? { endpoint: cloud.endpoints.s3 } : {}) };
    return listBuckets({ store, transport, name: there.place, credentials: async () => there.credentials.current(), nowMs }, signal);
  }

  return {
    machines: createMachineSource({ control, place, instance, snapshots }),
    disks: createDiskSource({ caller, whyUnread: snapshots.whyUnread, ...waiting }),
    estate: createEstate({ regions: cloud.regions, accounts, controlOf: (scope) => open(scope.account, scope.region).control, bucketsOf }),
  };
}

/** `arn:aws:iam::111122223333:role/…` */
const accountOf = (role: string): string => role.split(':')[4] ?? '';
const accountsOf = ({ accounts }: AwsCloud): readonly string[] => accounts.map(({ role }) => accountOf(role));

/** Absent where the credentials themselves are the account's. */
function roleOf(cloud: AwsCloud, account: string | undefined): AwsCloud['accounts'][number] | undefined {
  if (cloud.accounts.length === 0) return undefined;
  const role = cloud.accounts.find((one) => accountOf(one.role) === account);
  if (!role) throw new MigrationError('CONFIG_INVALID', { operation: 'open cloud', detail: `ecluse.yaml names no role for account ${account}` });
  return role;
}
