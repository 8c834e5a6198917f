import { ec2, ec2Error, type Heard, type Said } from './scripted-aws.ts';

const tags = (all: Readonly<Record<string, string>>): string =>
  `<tagSet>${Object.entries(all)
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join('')}</tagSet>`;

export interface SmallSnapshot {
  readonly id: string;
  readonly volume: string;
  readonly mark?: string;
  readonly startedAt?: string;
  readonly state?: string;
}

export const snapshotXml = ({ id, volume, mark, startedAt = '2026-01-01T00:00:00.000Z', state = 'completed' }: SmallSnapshot): string =>
  `<item><snapshotId>${id}</snapshotId><volumeId>${volume}</volumeId><status>${state}</status><startTime>${startedAt}</startTime><progress>99%</progress>` +
  `<volumeSize>8</volumeSize><fullSnapshotSizeInBytes>1048576</fullSnapshotSizeInBytes>${tags(mark === undefined ? {} : { ecluse: mark })}</item>`;

const instanceXml = (state: string): string => `<item><instanceId>i-01</instanceId><instanceType>m5.large</instanceType><architecture>x86_64</architecture>
  <currentInstanceBootMode>uefi</currentInstanceBootMode><bootMode>uefi-preferred</bootMode><instanceState><code>16</code><name>${state}</name></instanceState>
  <launchTime>2026-01-02T03:04:05.000Z</launchTime><placement><availabilityZone>eu-west-3a</availabilityZone></placement><rootDeviceName>/dev/xvda</rootDeviceName>
  <rootDeviceType>ebs</rootDeviceType><keyName>ops</keyName><cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>
  <operator><managed>true</managed><principal>eks.amazonaws.com</principal></operator>
  <blockDeviceMapping><item><deviceName>/dev/sdf</deviceName><ebs><volumeId>vol-02</volumeId></ebs></item>
  <item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-01</volumeId></ebs></item><item><deviceName>/dev/sdg</deviceName><ebs><volumeId>vol-03</volumeId></ebs></item></blockDeviceMapping>
  <groupSet><item><groupId>sg-01</groupId></item></groupSet>
  <networkInterfaceSet><item><networkInterfaceId>eni-01</networkInterfaceId><subnetId>subnet-01</subnetId><vpcId>vpc-01</vpcId><privateIpAddress>10.0.1.5</privateIpAddress>
  <association><publicIp>203.0.113.9</publicIp></association><groupSet><item><groupId>sg-01</groupId></item></groupSet></item></networkInterfaceSet>
  ${tags({ Name: 'shop', 'aws:autoscaling:groupName': 'front' })}</item>`;

const volumeXml = (id: string, more = ''): string =>
  `<item><volumeId>${id}</volumeId><size>8</size><volumeType>gp3</volumeType><iops>3000</iops>${more}</item>`;

export interface SmallEc2 {
  state: string;
  readonly snapshots: SmallSnapshot[];
  readonly recycled: string[];
  readonly answer: (heard: Heard) => Said;
}

/** One machine with three disks, and what hangs on it; snapshots as a test puts them. Every list comes in two pages where `pages` says so. */
export function smallEc2(): SmallEc2 {
  const world: SmallEc2 = { state: 'running', snapshots: [], recycled: [], answer: (heard) => answer(world, heard) };
  return world;
}

function answer(world: SmallEc2, { operation, form }: Heard): Said {
  if (form.get('DryRun') === 'true') return ec2Error('DryRunOperation', 412);
  switch (operation) {
    case 'DescribeInstances':
      return ec2(operation, `<reservationSet><item><instancesSet>${instanceXml(world.state)}</instancesSet></item></reservationSet>`);
    case 'DescribeInstanceTypes':
      return ec2(
        operation,
        `<instanceTypeSet><item><instanceType>m5.large</instanceType><memoryInfo><sizeInMiB>8192</sizeInMiB></memoryInfo><networkInfo><enaSupport>required</enaSupport></networkInfo>
        <instanceStorageInfo><disks><item><count>2</count></item></disks></instanceStorageInfo></item></instanceTypeSet>`,
      );
    case 'DescribeInstanceAttribute':
      return ec2(operation, '<instanceInitiatedShutdownBehavior><value>terminate</value></instanceInitiatedShutdownBehavior>');
    case 'DescribeVolumes':
      return ec2(
        operation,
        `<volumeSet>${volumeXml('vol-02', '<encrypted>true</encrypted><kmsKeyId>arn:aws:kms:eu-west-3:1:key/k</kmsKeyId>')}${volumeXml('vol-01', '<attachmentSet><item><instanceId>i-01</instanceId></item></attachmentSet>')}${volumeXml('vol-03', '<multiAttachEnabled>true</multiAttachEnabled>')}</volumeSet>`,
      );
    case 'DescribeSubnets':
      return ec2(operation, '<subnetSet><item><subnetId>subnet-01</subnetId><vpcId>vpc-01</vpcId><cidrBlock>10.0.1.0/24</cidrBlock></item></subnetSet>');
    case 'DescribeVpcs': {
      const first = form.get('NextToken') === null && form.get('MaxResults') !== null;
      const id = first ? 'vpc-00' : 'vpc-01';
      return ec2(operation, `<vpcSet><item><vpcId>${id}</vpcId><cidrBlock>10.0.0.0/16</cidrBlock></item></vpcSet>${first ? '<nextToken>n</nextToken>' : ''}`);
    }
    case 'DescribeSecurityGroups':
      return ec2(operation, `<securityGroupInfo>${groupsXml(form)}</securityGroupInfo>`);
    case 'DescribeSnapshots':
      return ec2(operation, `<snapshotSet>${world.snapshots.filter(matching(form)).map(snapshotXml).join('')}</snapshotSet>`);
    case 'CreateSnapshots':
      for (const volume of ['vol-01', 'vol-02'])
        world.snapshots.push({ id: `snap-${volume.slice(4)}`, volume, mark: form.get('TagSpecification.1.Tag.1.Value') ?? '', state: 'pending' });
      return ec2(operation, `<snapshotSet>${world.snapshots.map((one) => snapshotXml(one).replace(/status>/g, 'state>')).join('')}</snapshotSet>`);
    case 'DeleteSnapshot':
      world.snapshots.splice(
        world.snapshots.findIndex(({ id }) => id === form.get('SnapshotId')),
        1,
      );
      return ec2(operation, '<return>true</return>');
    case 'ListSnapshotsInRecycleBin':
      return ec2(operation, `<snapshotSet>${world.recycled.map((id) => `<item><snapshotId>${id}</snapshotId></item>`).join('')}</snapshotSet>`);
    case 'GetCallerIdentity':
      return {
        status: 200,
        body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      };
    case 'AssumeRole':
      return {
        status: 200,
        body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
          <SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      };
    case 'ListBuckets':
      return {
        status: 200,
        body: '<ListAllMyBucketsResult><Buckets><Bucket><Name>photos</Name><BucketRegion>eu-west-3</BucketRegion></Bucket><Bucket><Name>far</Name><BucketRegion>us-east-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>',
      };
    default:
      return ec2(operation, '');
  }
}

function groupsXml(form: URLSearchParams): string {
  const other = '<item><groupId>sg-02</groupId><groupName>back</groupName><groupDescription>b</groupDescription><vpcId>vpc-01</vpcId></item>';
  if (form.get('Filter.1.Value.1') === 'sg-02') return other;
  return `<item><groupId>sg-01</groupId><groupName>front</groupName><groupDescription>f</groupDescription><vpcId>vpc-01</vpcId>
    <ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>
    <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges><groups><item><groupId>sg-02</groupId></item><item><groupId>sg-99</groupId><userId>9</userId></item></groups>
    <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item></ipPermissions>
    <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item>`;
}

/** One filter, as this adapter uses them: by id, or by the tag with `*` at its end. */
function matching(form: URLSearchParams): (one: SmallSnapshot) => boolean {
  const name = form.get('Filter.1.Name');
  const values = [...form].flatMap(([key, value]) => (key.startsWith('Filter.1.Value.') ? [value] : []));
  if (name === 'snapshot-id') return ({ id }) => values.includes(id);
  const value = (values[0] ?? '').replace(/\\(.)/g, '$1');
  if (name === 'tag:ecluse') return ({ mark }) => mark !== undefined && (value.endsWith('*') ? mark.startsWith(value.slice(0, -1)) : mark === value);
  return () => true;
}
