import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCloud } from '../../model/config.ts';
import type { Transport } from '../../ports/transport.ts';
import type { CredentialProvider } from '../s3/credentials.ts';
import { handlerOver } from '../s3/sdk-handler.ts';
import { thrown } from './errors.ts';

export interface RoleParts {
  readonly cloud: Pick<AwsCloud, 'endpoints'>;
  readonly account: AwsCloud['accounts'][number];
  readonly region: string;
  readonly place: string;
  readonly transport: Transport;
  /** Who assumes the role. */
  readonly base: CredentialProvider;
}

/**
 * Credentials of a role in another account, for an hour. A new client at each call: the SDK's remembers what an operator may have changed. A
 * refusal is told by its name (PERMISSION_DENIED: the role does not trust us, or another external id is asked for).
 */
export function assumedRole({ cloud, account, region, place, transport, base }: RoleParts): CredentialProvider {
  return async () => {
    const provide = fromTemporaryCredentials({
      masterCredentials: base,
      params: { RoleArn: account.role, RoleSessionName: 'ecluse', ...(account.externalId ? { ExternalId: account.externalId } : {}) },
      clientConfig: {
        region,
        maxAttempts: 3,
        requestHandler: handlerOver(transport),
        ...(cloud.endpoints.sts ? { endpoint: cloud.endpoints.sts } : {}),
      },
    });
    try {
      return await provide();
    } catch (error) {
      throw thrown(error, { operation: 'AssumeRole', place }, undefined);
    }
  };
}
