import type * as Ec2 from '@aws-sdk/client-ec2';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { Transport } from '../../ports/transport.ts';
import { type Patience, patience as usual } from '../../wire/retry.ts';
import type { CredentialMemory } from '../s3/credentials.ts';
import { handlerOver } from '../s3/sdk-handler.ts';
import { thrown } from './errors.ts';
import type { Ec2Operation } from './operations.ts';
import type { Pace } from './pace.ts';

/** Input and output of each EC2 action that is called: the SDK's own types, the names declared in operations.ts. */
export interface Ec2Calls extends Record<Ec2Operation, readonly [object, object]> {
  DescribeInstances: [Ec2.DescribeInstancesCommandInput, Ec2.DescribeInstancesCommandOutput];
  DescribeInstanceTypes: [Ec2.DescribeInstanceTypesCommandInput, Ec2.DescribeInstanceTypesCommandOutput];
  DescribeInstanceAttribute: [Ec2.DescribeInstanceAttributeCommandInput, Ec2.DescribeInstanceAttributeCommandOutput];
  DescribeVolumes: [Ec2.DescribeVolumesCommandInput, Ec2.DescribeVolumesCommandOutput];
  DescribeSnapshots: [Ec2.DescribeSnapshotsCommandInput, Ec2.DescribeSnapshotsCommandOutput];
  DescribeImages: [Ec2.DescribeImagesCommandInput, Ec2.DescribeImagesCommandOutput];
  DescribeVpcs: [Ec2.DescribeVpcsCommandInput, Ec2.DescribeVpcsCommandOutput];
  DescribeSubnets: [Ec2.DescribeSubnetsCommandInput, Ec2.DescribeSubnetsCommandOutput];
  DescribeSecurityGroups: [Ec2.DescribeSecurityGroupsCommandInput, Ec2.DescribeSecurityGroupsCommandOutput];
  DescribeNetworkInterfaces: [Ec2.DescribeNetworkInterfacesCommandInput, Ec2.DescribeNetworkInterfacesCommandOutput];
  DescribeAddresses: [Ec2.DescribeAddressesCommandInput, Ec2.DescribeAddressesCommandOutput];
  DescribeKeyPairs: [Ec2.DescribeKeyPairsCommandInput, Ec2.DescribeKeyPairsCommandOutput];
  DescribeIamInstanceProfileAssociations: [Ec2.DescribeIamInstanceProfileAssociationsCommandInput, Ec2.DescribeIamInstanceProfileAssociationsCommandOutput];
  CreateSnapshots: [Ec2.CreateSnapshotsCommandInput, Ec2.CreateSnapshotsCommandOutput];
  DeleteSnapshot: [Ec2.DeleteSnapshotCommandInput, Ec2.DeleteSnapshotCommandOutput];
  ListSnapshotsInRecycleBin: [Ec2.ListSnapshotsInRecycleBinCommandInput, Ec2.ListSnapshotsInRecycleBinCommandOutput];
  StopInstances: [Ec2.StopInstancesCommandInput, Ec2.StopInstancesCommandOutput];
  StartInstances: [Ec2.StartInstancesCommandInput, Ec2.StartInstancesCommandOutput];
}

/** The EC2 API of one account and region: paced, tried again where that is safe, its failures MigrationErrors. */
export interface Control {
  call<K extends Ec2Operation>(operation: K, input: Ec2Calls[K][0], signal?: AbortSignal): Promise<Ec2Calls[K][1]>;
  /** Whether the call would be allowed, without making it (DryRun). `unknown`: it would be refused for another reason. */
  mayCall<K extends Ec2Operation>(operation: K, input: Ec2Calls[K][0], signal?: AbortSignal): Promise<Permission>;
  /** All pages of a list, as they come. Without a page size where ids stand in the input: EC2 refuses both together. */
  pages<K extends PagedOperation>(operation: K, input: Ec2Calls[K][0], signal?: AbortSignal): AsyncGenerator<Ec2Calls[K][1]>;
}

export type Permission = boolean | 'unknown';

type PagedOperation = { [K in Ec2Operation]: Ec2Calls[K][1] extends { NextToken?: string | undefined } ? K : never }[Ec2Operation];

export interface ControlParts {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly place: string;
  readonly transport: Transport;
  readonly credentials: CredentialMemory;
  readonly pace: Pace;
  readonly patience?: Patience;
}

/** EC2 throttles for seconds, not for milliseconds: about half a minute in all, then the activity's own retry. */
const ec2Patience: Patience = { ...usual, tries: 6, firstDelayMs: 1_000, longestDelayMs: 15_000 };

export function createControl({ region, endpoint, place, transport, credentials, pace, patience = ec2Patience }: ControlParts): Control {
  let opened: Promise<Opened> | undefined;

  async function open(): Promise<Opened> {
    // Loaded when first needed: 95 MB that a worker which only reads blocks never touches.
    const sdk = await import('@aws-sdk/client-ec2');
    const client = new sdk.EC2Client({
      region,
      ...(endpoint ? { endpoint } : {}),
      maxAttempts: 1,
      requestHandler: handlerOver(transport),
      // "About to expire", always: the SDK then asks at each call, and our own memory answers at once.
      credentials: async () => ({ ...(await credentials.current()), expiration: new Date(0) }),
    });
    return { sdk, client };
  }

  async function once<K extends Ec2Operation>(operation: K, input: Ec2Calls[K][0], signal: AbortSignal | undefined): Promise<Ec2Calls[K][1]> {
    await pace.enter(operation, signal);
    opened ??= open();
    const { sdk, client } = await opened;
    const Command = sdk[`${operation}Command`] as unknown as new (input: Ec2Calls[K][0]) => Parameters<Ec2.EC2Client['send']>[0];
    try {
      return (await client.send(new Command(input), signal ? { abortSignal: signal } : {})) as Ec2Calls[K][1];
    } catch (error) {
      if ((error as { readonly name?: string }).name === 'DryRunOperation') throw new WouldSucceed();
      const mapped = thrown(error, { operation, place }, signal);
      if (isMigrationError(mapped, 'THROTTLED')) pace.throttled(operation);
      if (isMigrationError(mapped, 'CREDENTIALS_REFUSED', 'CLOCK_SKEW')) credentials.forget();
      throw mapped;
    }
  }

  async function call<K extends Ec2Operation>(operation: K, input: Ec2Calls[K][0], signal?: AbortSignal): Promise<Ec2Calls[K][1]> {
    for (let n = 1; ; n++) {
      try {
        return await once(operation, input, signal);
      } catch (error) {
        // RequestExpired is a stale date or an ended session. The SDK has taken the clock from the answer, so the second one is the session.
        const isExpired = isMigrationError(error, 'CLOCK_SKEW');
        if (isExpired && n > 1) throw new MigrationError('CREDENTIALS_REFUSED', error.context);
        if (!isMigrationError(error, ...passing(operation)) && !isExpired) throw error;
        if (n >= patience.tries) throw error;
        const most = Math.min(patience.longestDelayMs, patience.firstDelayMs * 2 ** (n - 1));
        await patience.sleep(Math.max(patience.random() * most, Math.min(error.context.retryAfterMs ?? 0, patience.longestDelayMs)), signal);
      }
    }
  }

  return {
    call,
    async mayCall(operation, input, signal) {
      try {
        await call(operation, { ...input, DryRun: true }, signal);
        return 'unknown';
      } catch (error) {
        if (error instanceof WouldSucceed) return true;
        if (isMigrationError(error, 'PERMISSION_DENIED')) return false;
        if (isMigrationError(error, 'TARGET_BUSY', 'UNSUPPORTED', 'SNAPSHOT_MISSING')) return 'unknown';
        throw error;
      }
    },
    async *pages(operation, input, signal) {
      for (let NextToken: string | undefined; ; ) {
        const page = await call(operation, NextToken ? { ...input, NextToken } : input, signal);
        yield page;
        NextToken = (page as { readonly NextToken?: string }).NextToken;
        if (!NextToken) return;
      }
    },
  };
}

/** EC2's answer to a dry run of what is allowed is an error, DryRunOperation. */
class WouldSucceed extends Error {}

interface Opened {
  readonly sdk: typeof Ec2;
  readonly client: Ec2.EC2Client;
}

/** CreateSnapshots knows no client token: when its answer is lost, only a look for the tag may follow, never the call itself. A throttled one was not done. */
const passing = (operation: Ec2Operation): readonly ('THROTTLED' | 'UNAVAILABLE' | 'BODY_LENGTH')[] =>
  operation === 'CreateSnapshots' ? ['THROTTLED'] : ['THROTTLED', 'UNAVAILABLE', 'BODY_LENGTH'];
