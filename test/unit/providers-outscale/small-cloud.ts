/** A refusal with the vendor's code. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}
export interface Thing {
  id: string;
  kind: string;
  State: string;
  Tags: Tag[];
  fields: Record<string, unknown>;
}
type Body = Readonly<Record<string, unknown>>;
type Rule = Readonly<Record<string, unknown>>;

export const account = '123456789012';

/** As much of an account as the adapter's tests need, in memory: things by kind, filters, uniqueness, and what hangs on what. */
export class SmallCloud {
  readonly things: Thing[] = [];
  #count = 0;
  /** Listings never hold more; so pages are read. */
  pageSize = 2;
  readonly quotas: Record<string, readonly [used: number, most: number]> = { vm_limit: [1, 20], core_limit: [78, 80], volume_limit: [0, 0] };

  add(kind: string, prefix: string, fields: Record<string, unknown>, State = 'available'): Thing {
    const thing = { id: `${prefix}-${(++this.#count).toString(16).padStart(8, '0')}`, kind, State, Tags: [], fields };
    this.things.push(thing);
    return thing;
  }

  of(kind: string): Thing[] {
    return this.things.filter((thing) => thing.kind === kind);
  }

  drop(thing: Thing): void {
    this.things.splice(this.things.indexOf(thing), 1);
  }

  #one(kind: string, id: unknown, code: string): Thing {
    const found = this.of(kind).find((thing) => thing.id === id);
    if (!found) throw new Refused(code);
    return found;
  }

  #byToken(kind: string, token: unknown): Thing | undefined {
    return this.of(kind).find(({ fields }) => token !== undefined && fields.ClientToken === token);
  }

  #remove(kind: string, id: unknown, code: string, isInUse: (thing: Thing) => boolean): Body {
    const thing = this.#one(kind, id, code);
    if (isInUse(thing)) throw new Refused('9002');
    this.drop(thing);
    // A net takes its own route table and default group with it.
    if (kind === 'Net') for (const own of this.things.filter(({ fields }) => fields.NetId === id)) this.drop(own);
    return {};
  }

  /** The answer without its envelope. */
  answer(action: string, body: Body): Body {
    const act = this.#acts[action];
    if (!act) throw new Error(`the small cloud does not know ${action}`);
    return act(body);
  }

  readonly #acts: Readonly<Record<string, (body: Body) => Body>> = {
    ReadAccounts: () => ({ Accounts: [{ AccountId: account }] }),
    ReadQuotas: () => ({
      QuotaTypes: [{ QuotaType: 'global', Quotas: Object.entries(this.quotas).map(([Name, [UsedValue, MaxValue]]) => ({ Name, UsedValue, MaxValue })) }],
    }),
    CreateTags: ({ ResourceIds, Tags }) => {
      for (const id of ResourceIds as string[]) {
        const thing = this.things.find((one) => one.id === id);
        if (!thing) throw new Refused('5044');
        thing.Tags = [...thing.Tags.filter(({ Key }) => !(Tags as Tag[]).some((tag) => tag.Key === Key)), ...(Tags as Tag[])];
      }
      return {};
    },
    CreateSnapshot: (body) => {
      const known = this.#byToken('Snapshot', body.ClientToken);
      if (known) return { Snapshot: shown(known) };
      const size = body.SnapshotSize === undefined ? 10 : Number(body.SnapshotSize) / 2 ** 30;
      const { FileLocation: _, SnapshotSize: __, ...fields } = body;
      return { Snapshot: shown(this.add('Snapshot', 'snap', { ...fields, VolumeSize: size, AccountId: account, Progress: 0 }, 'pending')) };
    },
    CreateImage: (body) => {
      if (this.of('Image').some(({ fields }) => fields.ImageName === body.ImageName)) throw new Refused('9015');
      return { Image: shown(this.add('Image', 'ami', { ...body, AccountId: account }, 'pending')) };
    },
    CreateNet: (body) => {
      const net = this.add('Net', 'vpc', body);
      const local = { DestinationIpRange: body.IpRange, CreationMethod: 'CreateRouteTable', State: 'active' };
      this.add('RouteTable', 'rtb', { NetId: net.id, Routes: [local], RoutePropagatingVirtualGateways: [] });
      this.add('SecurityGroup', 'sg', { NetId: net.id, SecurityGroupName: 'default', Description: 'default', InboundRules: [], OutboundRules: [] });
      return { Net: shown(net) };
    },
    CreateSubnet: (body) => {
      if (this.of('Subnet').some(({ fields }) => fields.NetId === body.NetId && fields.IpRange === body.IpRange)) throw new Refused('9058');
      return { Subnet: shown(this.add('Subnet', 'subnet', body)) };
    },
    CreateSecurityGroup: (body) => {
      const isSame = ({ fields }: Thing): boolean => fields.NetId === body.NetId && fields.SecurityGroupName === body.SecurityGroupName;
      if (this.of('SecurityGroup').some(isSame)) throw new Refused('9008');
      const everything = [{ IpProtocol: '-1', FromPortRange: -1, ToPortRange: -1, IpRanges: ['0.0.0.0/0'] }];
      return { SecurityGroup: shown(this.add('SecurityGroup', 'sg', { ...body, InboundRules: [], OutboundRules: everything })) };
    },
    CreateSecurityGroupRule: (body) => this.#rules(body, (rules, given) => [...rules, ...given]),
    DeleteSecurityGroupRule: (body) =>
      this.#rules(body, (rules, given) => {
        const gone = new Set(given.map((rule) => JSON.stringify(ordered(rule))));
        const left = rules.filter((rule) => !gone.has(JSON.stringify(ordered(rule))));
        if (left.length !== rules.length - given.length) throw new Refused('5008');
        return left;
      }),
    CreateVms: (body) => ({ Vms: [shown(this.#byToken('Vm', body.ClientToken) ?? this.#machine(body))] }),
    StopVms: ({ VmIds }) => this.#state(VmIds, 'stopped'),
    StartVms: ({ VmIds }) => this.#state(VmIds, 'running'),
    DeleteVms: ({ VmIds }) => {
      this.#state(VmIds, 'terminated');
      for (const volume of this.of('Volume')) if ((VmIds as string[]).includes(String(volume.fields.vm))) volume.State = 'available';
      return {};
    },
    ReadConsoleOutput: ({ VmId }) => ({ VmId, ConsoleOutput: Buffer.from(`${'.'.repeat(70_000)}login:`).toString('base64') }),
    DeleteVolume: ({ VolumeId }) => this.#remove('Volume', VolumeId, '5064', ({ State }) => State !== 'available'),
    DeleteImage: ({ ImageId }) => this.#remove('Image', ImageId, '5023', () => false),
    DeleteSnapshot: ({ SnapshotId }) =>
      this.#remove('Snapshot', SnapshotId, '5054', ({ id }) => this.of('Image').some(({ fields }) => JSON.stringify(fields).includes(id))),
    DeleteSecurityGroup: ({ SecurityGroupId }) =>
      this.#remove('SecurityGroup', SecurityGroupId, '5020', ({ id }) =>
        this.of('SecurityGroup').some((group) => group.id !== id && JSON.stringify(group.fields).includes(id)),
      ),
    DeleteSubnet: ({ SubnetId }) =>
      this.#remove('Subnet', SubnetId, '5057', ({ id }) => this.of('Vm').some((vm) => vm.fields.SubnetId === id && vm.State !== 'terminated')),
    DeleteNet: ({ NetId }) =>
      this.#remove('Net', NetId, '5065', ({ id }) =>
        this.things.some(({ kind, fields }) => ['Subnet', 'SecurityGroup'].includes(kind) && fields.NetId === id && fields.SecurityGroupName !== 'default'),
      ),
    ...Object.fromEntries(
      ['Snapshot', 'Image', 'Net', 'Subnet', 'SecurityGroup', 'InternetService', 'RouteTable', 'Vm', 'Volume'].map((kind) => [
        `Read${kind}s`,
        (body: Body) => this.#list(kind, body),
      ]),
    ),
  };

  #machine(body: Body): Thing {
    const vm = this.add('Vm', 'i', { ...body }, 'running');
    const mappings = (body.BlockDeviceMappings as { DeviceName: string; Bsu: Body }[]).map(({ DeviceName, Bsu }) => {
      const volume = this.add('Volume', 'vol', { Size: Bsu.VolumeSize, SnapshotId: Bsu.SnapshotId ?? '', vm: vm.id }, 'in-use');
      return { DeviceName, Bsu: { VolumeId: volume.id, DeleteOnVmDeletion: Bsu.DeleteOnVmDeletion } };
    });
    const groups = (body.SecurityGroupIds as string[]).map((SecurityGroupId) => ({ SecurityGroupId }));
    const net = this.of('Subnet').find(({ id }) => id === body.SubnetId)?.fields.NetId;
    Object.assign(vm.fields, { BlockDeviceMappings: mappings, SecurityGroups: groups, NetId: net, PrivateIp: '10.0.0.4' });
    return vm;
  }

  #state(ids: unknown, state: string): Body {
    for (const id of ids as string[]) this.#one('Vm', id, '5063').State = state;
    return {};
  }

  #rules({ SecurityGroupId, Flow, Rules }: Body, change: (rules: readonly Rule[], given: readonly Rule[]) => readonly Rule[]): Body {
    const group = this.#one('SecurityGroup', SecurityGroupId, '5020');
    const field = Flow === 'Inbound' ? 'InboundRules' : 'OutboundRules';
    group.fields[field] = change(group.fields[field] as Rule[], Rules as Rule[]);
    return {};
  }

  /** Every filter is `<Field>s`; a machine that nobody has is an error, as the API has it. */
  #list(kind: string, { Filters = {}, NextPageToken = '' }: Body): Body {
    const filters = Object.entries(Filters as Record<string, string[]>);
    const asked = (Filters as { VmIds?: string[] }).VmIds?.[0];
    if (asked !== undefined) this.#one('Vm', asked, '5063');
    const found = this.of(kind).filter((thing) => filters.every(([filter, values]) => fits(thing, filter, values)));
    const from = Number(Buffer.from(String(NextPageToken), 'base64').toString() || 0);
    const next = from + this.pageSize;
    return {
      [`${kind}s`]: found.slice(from, next).map(shown),
      ...(next < found.length ? { NextPageToken: Buffer.from(String(next)).toString('base64') } : {}),
    };
  }
}

function fits({ id, kind, State, Tags, fields }: Thing, filter: string, values: readonly string[]): boolean {
  if (filter === `${kind}Ids`) return values.includes(id);
  if (filter === 'Tags') return Tags.some(({ Key, Value }) => values.includes(`${Key}=${Value}`));
  if (filter === 'TagKeys') return Tags.some(({ Key }) => values.includes(Key));
  if (filter === 'States') return values.includes(State);
  if (filter === 'LinkNetIds') return values.includes(String(fields.NetId));
  return values.includes(String(fields[filter.slice(0, -1)]));
}

const hidden = new Set(['vm', 'BootModes', 'SecurityGroupIds', 'MinVmsCount', 'MaxVmsCount', 'BootOnCreation']);
const shown = ({ id, kind, State, Tags, fields }: Thing): Body => ({
  ...Object.fromEntries(Object.entries(fields).filter(([field]) => !hidden.has(field) && !(kind === 'Vm' && field === 'PrivateIps'))),
  [`${kind}Id`]: id,
  ...(kind === 'SecurityGroup' || kind === 'RouteTable' ? {} : { State }),
  Tags,
});
const ordered = (rule: Rule): Rule => Object.fromEntries(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)));
