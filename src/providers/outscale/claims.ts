import { isMigrationError } from '../../core/migration-error.ts';
import type { Cloud } from './cloud.ts';
import { isThereAlready } from './errors.ts';
import { keyOf } from './mark.ts';
import type { OscGroup } from './shapes.ts';

/**
 * Nets and subnets have neither token nor name, so a crash between create and tag would leave a thing that nobody can tell for ours. A claim is a
 * security group without use, in the net, whose name says what is claimed and whose description says under which mark. Names of groups are unique in a
 * net: of two who claim, one is refused. It is made before its subnet, and right after its net; both are then found by it.
 */
export const netClaim = 'ecluse net';
export const subnetClaim = (range: string): string => `ecluse subnet ${range}`;

export async function claimIn(cloud: Cloud, net: string, name: string, signal: AbortSignal | undefined): Promise<OscGroup | undefined> {
  return (await cloud.client.list('ReadSecurityGroups', { NetIds: [net], SecurityGroupNames: [name] }, signal))[0];
}

/** Every claim under the mark, with the net that it is in. */
export async function claimsOf(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<readonly OscGroup[]> {
  const found = await cloud.client.list('ReadSecurityGroups', { Descriptions: [keyOf(mark)] }, signal);
  return found.filter(({ SecurityGroupName = '', NetId }) => NetId !== undefined && /^ecluse (net|subnet [0-9./]+)$/.test(SecurityGroupName));
}

/** False when somebody else has claimed it. */
export async function claim(cloud: Cloud, net: string, name: string, mark: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await cloud.client.call('CreateSecurityGroup', { NetId: net, SecurityGroupName: name, Description: keyOf(mark) }, signal);
    return true;
  } catch (error) {
    if (!isThereAlready(error) && !isMigrationError(error, 'UNAVAILABLE', 'BODY_LENGTH')) throw error;
    const there = await claimIn(cloud, net, name, signal);
    if (!there) throw error;
    return there.Description === keyOf(mark);
  }
}
