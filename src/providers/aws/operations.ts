/** What Écluse does with a source account, and the API operations that each needs. A call site can only name one of these. */
export const capabilities = {
  /** Whose credentials these are, and the role of another account. */
  accounts: ['GetCallerIdentity', 'AssumeRole'],
  estate: [
    'DescribeInstances',
    'DescribeVolumes',
    'DescribeSnapshots',
    'DescribeImages',
    'DescribeVpcs',
    'DescribeSubnets',
    'DescribeSecurityGroups',
    'DescribeNetworkInterfaces',
    'DescribeAddresses',
    'DescribeKeyPairs',
    'DescribeIamInstanceProfileAssociations',
    'ListBuckets',
  ],
  describing: [
    'DescribeInstances',
    'DescribeInstanceTypes',
    'DescribeInstanceAttribute',
    'DescribeVolumes',
    'DescribeSubnets',
    'DescribeVpcs',
    'DescribeSecurityGroups',
  ],
  watching: ['DescribeInstances'],
  snapshotting: ['DescribeInstances', 'DescribeSnapshots', 'CreateSnapshots'],
  reading: ['DescribeSnapshots', 'ListSnapshotBlocks', 'ListChangedBlocks', 'GetSnapshotBlock'],
  deleting: ['DescribeSnapshots', 'DeleteSnapshot', 'ListSnapshotsInRecycleBin'],
  stopping: ['DescribeInstances', 'StopInstances'],
  starting: ['DescribeInstances', 'StartInstances'],
} as const;

export type AwsCapability = keyof typeof capabilities;
export type AwsOperation = (typeof capabilities)[AwsCapability][number];
export type EbsOperation = 'ListSnapshotBlocks' | 'ListChangedBlocks' | 'GetSnapshotBlock';
export type Ec2Operation = Exclude<AwsOperation, EbsOperation | 'GetCallerIdentity' | 'AssumeRole' | 'ListBuckets'>;
export type AwsPhase = 'assess' | 'replicate' | 'cutover' | 'rollback' | 'finalize' | 'discard';

/**
 * What each phase needs. Assess and its estate write nothing. Replicate takes away the base snapshots that a verified delta replaced; cutover
 * holds all of it, because its last delta copies, and may start the source again when it unwinds.
 */
const needs: Readonly<Record<AwsPhase, readonly AwsCapability[]>> = {
  assess: ['accounts', 'estate', 'describing'],
  replicate: ['accounts', 'describing', 'snapshotting', 'reading', 'deleting'],
  cutover: ['accounts', 'describing', 'snapshotting', 'reading', 'deleting', 'stopping', 'starting'],
  rollback: ['accounts', 'watching', 'deleting', 'starting'],
  finalize: ['accounts', 'watching', 'deleting'],
  discard: ['accounts', 'watching', 'deleting'],
};

/** The operations that the adapter may call in that phase, each once, sorted. */
export const awsOperationsOf = (phase: AwsPhase): readonly AwsOperation[] =>
  [...new Set(needs[phase].flatMap((capability): readonly AwsOperation[] => capabilities[capability]))].sort();
