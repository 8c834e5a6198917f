import type { Cloud } from './cloud.ts';
import { ownedBy } from './cloud.ts';
import { refused } from './oapi-error.ts';
import type { Quotas } from './settings.ts';

export type QuotaName = keyof Quotas;

interface Quota {
  readonly code: number;
  readonly title: string;
  readonly description: string;
  readonly collection: string;
  readonly used: (cloud: Cloud, account: string) => number;
}

const isThere = ({ state }: { readonly state: string }): boolean => state !== 'terminated';
const vms = (cloud: Cloud, account: string) => ownedBy(cloud.state.vms, account).filter(isThere);
const volumes = (cloud: Cloud, account: string) => ownedBy(cloud.state.volumes, account);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Names, titles and collections as the vendor's public test suite has them; codes of its gateway table. */
export const quotas: Readonly<Record<QuotaName, Quota>> = {
  vm_limit: quota(10_010, 'VM Limit', 'Maximum number of VM this user can own', 'Compute', (cloud, account) => vms(cloud, account).length),
  core_limit: quota(10_029, 'Core Limit', 'Maximum number of total cores (virtual core)', 'Compute', (cloud, account) =>
    sum(vms(cloud, account).map(({ cores }) => cores)),
  ),
  volume_limit: quota(10_018, 'Volume Limit', 'Maximum number of BSU volumes', 'Storage', (cloud, account) => volumes(cloud, account).length),
  volume_size_limit: quota(10_024, 'Volume Size Limit', 'Maximum cumulated size of BSU volumes (GiB)', 'Storage', (cloud, account) =>
    sum(volumes(cloud, account).map(({ sizeGib }) => sizeGib)),
  ),
  iops_limit: quota(10_025, 'Provisioned IOPS Limit', 'Maximum number of IOPS delivered by provisioned IOPS volumes', 'Storage', (cloud, account) =>
    sum(volumes(cloud, account).map(({ type, iops = 0 }) => (type === 'io1' ? iops : 0))),
  ),
  snapshot_limit: quota(10_026, 'Snapshot Limit', 'Maximum number of snapshots', 'Storage', (cloud, account) => ownedBy(cloud.state.snapshots, account).length),
  vpc_limit: quota(10_022, 'VPC Limit', 'Maximum number of VPC', 'VPC', (cloud, account) => ownedBy(cloud.state.nets, account).length),
  sg_limit: quota(
    10_038,
    'Security Groups Limit',
    'Maximum number of security groups',
    'Security Groups',
    (cloud, account) => ownedBy(cloud.state.securityGroups, account).length,
  ),
};

function quota(code: number, title: string, description: string, collection: string, used: Quota['used']): Quota {
  return { code, title, description, collection, used };
}

/** Refuses what would go beyond a limit. Calls that make several things ask for all of them at once, before the first. */
export function needQuota(cloud: Cloud, account: string, wanted: Partial<Record<QuotaName, number>>): void {
  for (const [name, more] of Object.entries(wanted) as [QuotaName, number][]) {
    const { code, title, used } = quotas[name];
    const limit = cloud.settings.quotas[name];
    // The specification: 0 is no limit.
    if (limit > 0 && more > 0 && used(cloud, account) + more > limit) throw refused(code, `${title}: ${limit} is reached.`);
  }
}
