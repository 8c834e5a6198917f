import { markTag } from './mark.ts';
import { type AwsOperation, type AwsPhase, awsOperationsOf } from './operations.ts';

export interface AwsPolicyScope {
  readonly phase: AwsPhase;
  /** Absent = any. */
  readonly region?: string;
  /** Twelve digits; absent = any. */
  readonly account?: string;
  /** Instances that may be stopped and started; absent = any. */
  readonly machines?: readonly string[];
  /** Keys under which their disks are encrypted (ARNs); absent = any of the account. */
  readonly keys?: readonly string[];
  /** Roles of other accounts that these credentials assume; absent = none. */
  readonly roles?: readonly string[];
}

export interface AwsPolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly AwsStatement[];
}

interface AwsStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** In which statement an operation's right stands. GetCallerIdentity needs none; the right to assume is a matter of `roles`. */
type Group = 'look' | 'shutdown' | 'make' | 'read' | 'remove' | 'power' | 'none';

const rights: Readonly<Record<AwsOperation, readonly [Group, ...string[]]>> = {
  GetCallerIdentity: ['none'],
  AssumeRole: ['none'],
  DescribeInstances: ['look', 'ec2:DescribeInstances'],
  DescribeInstanceTypes: ['look', 'ec2:DescribeInstanceTypes'],
  DescribeInstanceAttribute: ['shutdown', 'ec2:DescribeInstanceAttribute'],
  DescribeVolumes: ['look', 'ec2:DescribeVolumes'],
  DescribeSnapshots: ['look', 'ec2:DescribeSnapshots'],
  DescribeImages: ['look', 'ec2:DescribeImages'],
  DescribeVpcs: ['look', 'ec2:DescribeVpcs'],
  DescribeSubnets: ['look', 'ec2:DescribeSubnets'],
  DescribeSecurityGroups: ['look', 'ec2:DescribeSecurityGroups'],
  DescribeNetworkInterfaces: ['look', 'ec2:DescribeNetworkInterfaces'],
  DescribeAddresses: ['look', 'ec2:DescribeAddresses'],
  DescribeKeyPairs: ['look', 'ec2:DescribeKeyPairs'],
  DescribeIamInstanceProfileAssociations: ['look', 'ec2:DescribeIamInstanceProfileAssociations'],
  ListBuckets: ['look', 's3:ListAllMyBuckets'],
  ListSnapshotsInRecycleBin: ['look', 'ec2:ListSnapshotsInRecycleBin'],
  CreateSnapshots: ['make', 'ec2:CreateSnapshots'],
  ListSnapshotBlocks: ['read', 'ebs:ListSnapshotBlocks'],
  ListChangedBlocks: ['read', 'ebs:ListChangedBlocks'],
  GetSnapshotBlock: ['read', 'ebs:GetSnapshotBlock'],
  DeleteSnapshot: ['remove', 'ec2:DeleteSnapshot'],
  StopInstances: ['power', 'ec2:StopInstances'],
  StartInstances: ['power', 'ec2:StartInstances'],
};

/**
 * The least that the credentials need in that phase, as an IAM policy, made from the operations that the adapter declares. Snapshots are made
 * only with our tag, and read and removed only where they carry it. EC2's Describe actions know no narrower resource than all.
 */
export function awsPolicyFor(scope: AwsPolicyScope): AwsPolicyDocument {
  const { region = '*', account = '*', machines = ['*'], keys = [`arn:aws:kms:${region}:${account}:key/*`], roles = [] } = scope;
  const actions = (group: Group): readonly string[] => actionsOf(awsOperationsOf(scope.phase), group);
  const instances = machines.map((id) => `arn:aws:ec2:${region}:${account}:instance/${id}`);
  const snapshots = `arn:aws:ec2:${region}::snapshot/*`;
  const marked = { StringLike: { [`aws:ResourceTag/${markTag}`]: '*' } };
  const [makes, reads, starts] = [actions('make').length > 0, actions('read').length > 0, actions('power').includes('ec2:StartInstances')];
  const statements: readonly AwsStatement[] = [
    allow('EcluseLook', actions('look'), ['*']),
    allow('EcluseShutdownBehaviour', actions('shutdown'), instances),
    allow('EcluseSnapshotMachines', actions('make'), [...instances, `arn:aws:ec2:${region}:${account}:volume/*`]),
    allow('EcluseSnapshotMarked', actions('make'), [snapshots], { StringLike: { [`aws:RequestTag/${markTag}`]: '*' } }),
    // Only in the call that makes the snapshot: no other thing can be given our tag, and so none be removed.
    allow('EcluseMark', makes ? ['ec2:CreateTags'] : [], [snapshots], { StringEquals: { 'ec2:CreateAction': 'CreateSnapshots' } }),
    allow('EcluseReadMarked', actions('read'), [snapshots], marked),
    allow('EcluseDecrypt', reads ? ['kms:Decrypt'] : [], keys),
    allow('EcluseRemoveMarked', actions('remove'), [snapshots], marked),
    allow('EclusePower', actions('power'), instances),
    // To start a machine, EC2 takes a grant on the keys of its disks.
    allow('EcluseStartEncrypted', starts ? ['kms:CreateGrant'] : [], keys, { Bool: { 'kms:GrantIsForAWSResource': 'true' } }),
    allow('EcluseAccounts', roles.length > 0 ? ['sts:AssumeRole'] : [], roles),
  ];
  return { Version: '2012-10-17', Statement: statements.filter(({ Action }) => Action.length > 0) };
}

const allow = (Sid: string, Action: readonly string[], Resource: readonly string[], Condition?: AwsStatement['Condition']): AwsStatement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
});

function actionsOf(operations: readonly AwsOperation[], group: Group): readonly string[] {
  const actions = operations.flatMap((operation) => {
    const [its, ...names] = rights[operation];
    return its === group ? names : [];
  });
  return [...new Set(actions)].sort();
}
