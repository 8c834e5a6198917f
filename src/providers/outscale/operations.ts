/** Every action that the adapter may call, and the field of its answer that carries what was asked for; empty = nothing that is read. */
export const answerFields = {
  ReadAccounts: 'Accounts',
  ReadQuotas: 'QuotaTypes',
  CreateTags: '',
  ReadSnapshots: 'Snapshots',
  CreateSnapshot: 'Snapshot',
  DeleteSnapshot: '',
  ReadImages: 'Images',
  CreateImage: 'Image',
  DeleteImage: '',
  ReadNets: 'Nets',
  CreateNet: 'Net',
  DeleteNet: '',
  ReadSubnets: 'Subnets',
  CreateSubnet: 'Subnet',
  DeleteSubnet: '',
  ReadSecurityGroups: 'SecurityGroups',
  CreateSecurityGroup: 'SecurityGroup',
  DeleteSecurityGroup: '',
  CreateSecurityGroupRule: '',
  DeleteSecurityGroupRule: '',
  ReadInternetServices: 'InternetServices',
  ReadRouteTables: 'RouteTables',
  ReadVms: 'Vms',
  CreateVms: 'Vms',
  StopVms: '',
  StartVms: '',
  DeleteVms: '',
  ReadConsoleOutput: 'ConsoleOutput',
  ReadVolumes: 'Volumes',
  DeleteVolume: '',
} as const;

export type Operation = keyof typeof answerFields;

/** What Écluse does in an account, and the actions that each needs. */
export const capabilities = {
  account: ['ReadAccounts', 'ReadQuotas'],
  looking: [
    'ReadSnapshots',
    'ReadImages',
    'ReadNets',
    'ReadSubnets',
    'ReadSecurityGroups',
    'ReadInternetServices',
    'ReadRouteTables',
    'ReadVms',
    'ReadVolumes',
  ],
  importing: ['CreateSnapshot', 'CreateTags'],
  networks: ['CreateNet', 'CreateSubnet', 'CreateSecurityGroup', 'CreateSecurityGroupRule', 'DeleteSecurityGroupRule', 'CreateTags'],
  machines: ['CreateImage', 'CreateVms', 'ReadConsoleOutput', 'CreateTags'],
  switching: ['StopVms', 'StartVms'],
  removing: ['DeleteVms', 'DeleteVolume', 'DeleteImage', 'DeleteSnapshot', 'DeleteSecurityGroupRule', 'DeleteSecurityGroup', 'DeleteSubnet', 'DeleteNet'],
} as const satisfies Record<string, readonly Operation[]>;

export type Capability = keyof typeof capabilities;
export type Phase = 'inventory' | 'replicate' | 'cutover' | 'decommission';

/**
 * What each phase needs in the target account. `replicate` holds the rehearsal, whose machine is made, watched and removed; an undo removes what its
 * phase made. Once the source is being deleted, the target is only looked at.
 */
const needs: Readonly<Record<Phase, readonly Capability[]>> = {
  inventory: ['account', 'looking'],
  replicate: ['account', 'looking', 'importing', 'networks', 'machines', 'switching', 'removing'],
  cutover: ['account', 'looking', 'importing', 'networks', 'machines', 'switching', 'removing'],
  decommission: ['looking'],
};

/** The actions that the adapter may call in that phase, each once, sorted. */
export const operationsOf = (phase: Phase): readonly Operation[] =>
  [...new Set(needs[phase].flatMap((capability): readonly Operation[] => capabilities[capability]))].sort();
