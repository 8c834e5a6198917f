import { isMigrationError } from '../../core/migration-error.ts';
import { gibibytesOf, tinaType } from '../../core/outscale-limits.ts';
import type { TargetCheck, TargetMachineRequest } from '../../ports/machine-target.ts';
import type { RequestBody } from './call.ts';
import type { Cloud } from './cloud.ts';
import { OutscaleRefusal } from './errors.ts';
import { machineRequest } from './machines.ts';
import type { Operation } from './operations.ts';

/** Ids that nothing has: should `DryRun` be overlooked, nothing would happen to anything. */
const none = { image: 'ami-00000000', snapshot: 'snap-00000000', volume: 'vol-00000000', vm: 'i-00000000', net: 'vpc-00000000', group: 'sg-00000000' };
const rule = { SecurityGroupId: none.group, Flow: 'Outbound', Rules: [{ IpProtocol: '-1', FromPortRange: -1, ToPortRange: -1, IpRanges: ['192.0.2.0/24'] }] };

const harmless: readonly (readonly [Operation, RequestBody])[] = [
  ['CreateSnapshot', { VolumeId: none.volume }],
  ['CreateImage', { ImageName: 'ecluse dry run', VmId: none.vm }],
  ['CreateVms', { ImageId: none.image }],
  ['CreateTags', { ResourceIds: [none.snapshot], Tags: [{ Key: 'ecluse', Value: 'dry run' }] }],
  ['CreateSubnet', { NetId: none.net, IpRange: '192.168.250.0/28' }],
  ['CreateSecurityGroup', { NetId: none.net, SecurityGroupName: 'ecluse dry run', Description: 'dry run' }],
  ['CreateSecurityGroupRule', rule],
  ['DeleteSecurityGroupRule', rule],
  ['ReadConsoleOutput', { VmId: none.vm }],
  ['StopVms', { VmIds: [none.vm] }],
  ['StartVms', { VmIds: [none.vm] }],
  ['DeleteVms', { VmIds: [none.vm] }],
  ['DeleteVolume', { VolumeId: none.volume }],
  ['DeleteImage', { ImageId: none.image }],
  ['DeleteSnapshot', { SnapshotId: none.snapshot }],
  ['DeleteSecurityGroup', { SecurityGroupId: none.group }],
  ['DeleteSubnet', { SubnetId: 'subnet-00000000' }],
  ['DeleteNet', { NetId: none.net }],
];

/** Permissions by `DryRun`, room by quotas. Credentials that are refused end it: nothing else would be learnt. */
export async function mayDo(cloud: Cloud, request: TargetMachineRequest | undefined, signal: AbortSignal | undefined): Promise<readonly TargetCheck[]> {
  const checks: TargetCheck[] = [];
  for (const [operation, body] of harmless) {
    const asked = operation === 'CreateVms' && request ? machineRequest(request) : body;
    checks.push(await dryRun(cloud, operation, asked, signal));
  }
  return [...checks, ...(await reads(cloud, request, signal))];
}

/** These two are asked in earnest: they change nothing. */
async function reads(cloud: Cloud, request: TargetMachineRequest | undefined, signal: AbortSignal | undefined): Promise<readonly TargetCheck[]> {
  const denied = (operation: Operation) => (error: unknown) => {
    if (!isMigrationError(error, 'PERMISSION_DENIED')) throw error;
    return [{ id: `may ${operation}`, allowed: false, detail: error.context.detail ?? '' }];
  };
  const account = cloud.client.account(signal).then(() => [{ id: 'may ReadAccounts', allowed: true, detail: 'allowed' }]);
  return [...(await account.catch(denied('ReadAccounts'))), ...(await quotas(cloud, request, signal).catch(denied('ReadQuotas')))];
}

/** What it answers is unpublished: 2xx, or an error that says so in its code, is a yes; anything but a denial is no answer. */
async function dryRun(cloud: Cloud, operation: Operation, body: RequestBody, signal: AbortSignal | undefined): Promise<TargetCheck> {
  const id = `may ${operation}`;
  try {
    await cloud.client.dryRun(operation, body, signal);
    return { id, allowed: true, detail: 'allowed' };
  } catch (error) {
    if (!(error instanceof OutscaleRefusal) || unanswered.has(error.code)) throw error;
    const { code, vendor, context } = error;
    const allowed = code === 'PERMISSION_DENIED' ? false : /^DryRun/.test(vendor) || / DryRun\w*$/.test(context.detail ?? '') ? true : 'unknown';
    return { id, allowed, detail: context.detail ?? '' };
  }
}

const unanswered: ReadonlySet<string> = new Set(['THROTTLED', 'UNAVAILABLE', 'CONFIG_INVALID']);

/** Names of quotas are not in the specification: one that is not listed is unknown, never room enough. */
const quotaNames = {
  machines: 'vm_limit',
  cores: 'core_limit',
  volumes: 'volume_limit',
  'volume size': 'volume_size_limit',
  iops: 'iops_limit',
  snapshots: 'snapshot_limit',
} as const;

async function quotas(cloud: Cloud, request: TargetMachineRequest | undefined, signal: AbortSignal | undefined): Promise<readonly TargetCheck[]> {
  const types = await cloud.client.list('ReadQuotas', {}, signal);
  const known = types.filter(({ QuotaType }) => QuotaType === 'global').flatMap(({ Quotas = [] }) => Quotas);
  const needs = needsOf(request);
  return (Object.keys(quotaNames) as (keyof typeof quotaNames)[]).map((what) => {
    const { MaxValue, UsedValue = 0 } = known.find(({ Name }) => Name === quotaNames[what]) ?? {};
    const id = `quota ${what}`;
    if (MaxValue === undefined) return { id, allowed: 'unknown', detail: 'not listed' };
    // 0 means no limit (the API's specification).
    const hasRoom = MaxValue === 0 || UsedValue + needs[what] <= MaxValue;
    return { id, allowed: hasRoom, detail: `${UsedValue} of ${MaxValue === 0 ? 'any number' : MaxValue} used, ${needs[what]} needed` };
  });
}

/** Of one machine; without a request, one of each. Snapshots: one a disk. */
function needsOf(request: TargetMachineRequest | undefined): Readonly<Record<keyof typeof quotaNames, number>> {
  if (!request) return { machines: 1, cores: 1, volumes: 1, 'volume size': 1, iops: 0, snapshots: 1 };
  const disks = [{ sizeBytes: request.rootBytes, iops: request.iops }, ...request.dataDisks];
  return {
    machines: 1,
    cores: tinaType(request.type)?.cores ?? 1,
    volumes: disks.length,
    'volume size': disks.reduce((sum, { sizeBytes }) => sum + gibibytesOf(sizeBytes), 0),
    iops: disks.reduce((sum, { iops = 0 }) => sum + iops, 0),
    snapshots: disks.length,
  };
}
