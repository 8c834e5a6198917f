import { action, type Cloud, ownedBy, tagsOf } from './cloud.ts';
import { refused } from './oapi-error.ts';
import { type QuotaName, quotas } from './quotas.ts';
import { list, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Keypair } from './records.ts';
import { subregionsOf } from './volumes.ts';

type KeypairView = ReturnType<typeof keypairView>;
type SubregionView = ReturnType<typeof subregionView>;
type TagView = ReturnType<typeof allTags>[number];
type QuotaView = ReturnType<typeof quotaView>;

const keypairFilters = {
  ...tagFilters,
  KeypairNames: list(({ KeypairName }: KeypairView) => [KeypairName]),
  KeypairIds: list(({ KeypairId }: KeypairView) => [KeypairId]),
  KeypairFingerprints: list(({ KeypairFingerprint }: KeypairView) => [KeypairFingerprint]),
};
const subregionFilters = {
  SubregionNames: list(({ SubregionName }: SubregionView) => [SubregionName]),
  RegionNames: list(({ RegionName }: SubregionView) => [RegionName]),
  States: list(({ State }: SubregionView) => [State]),
};
const tagsFilters = {
  ResourceIds: list(({ ResourceId }: TagView) => [ResourceId]),
  ResourceTypes: list(({ ResourceType }: TagView) => [ResourceType]),
  Keys: list(({ Key }: TagView) => [Key]),
  Values: list(({ Value }: TagView) => [Value]),
};
const quotaFilters = {
  QuotaNames: list(({ Name }: QuotaView) => [Name]),
  Collections: list(({ QuotaCollection }: QuotaView) => [QuotaCollection]),
  ShortDescriptions: list(({ ShortDescription }: QuotaView) => [ShortDescription]),
  QuotaTypes: list((_view: QuotaView) => ['global']),
};

interface TagChange {
  readonly ResourceIds: readonly string[];
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
}

const tagShape = { 'ResourceIds!': ['string'], 'Tags!': [{ 'Key!': 'string', 'Value!': 'string' }] } as const;

export const accountActions = {
  CreateTags: action<TagChange>(tagShape, (cloud, { ResourceIds, Tags }, { account }) => {
    checkTags(Tags);
    for (const id of ResourceIds) checkResource(cloud, id, account);
    for (const id of ResourceIds)
      for (const { Key, Value } of Tags) {
        cloud.state.tags[id] ??= {};
        Object.assign(cloud.state.tags[id], { [Key]: Value });
      }
    return {};
  }),
  DeleteTags: action<TagChange>(tagShape, (cloud, { ResourceIds, Tags }, { account }) => {
    for (const id of ResourceIds) checkResource(cloud, id, account);
    for (const id of ResourceIds) for (const { Key, Value } of Tags) if (cloud.state.tags[id]?.[Key] === Value) delete cloud.state.tags[id][Key];
    return {};
  }),
  ReadTags: action<ReadRequest>(readShape(tagsFilters), (cloud, request, { account }) => pageOf(cloud, 'Tags', request, allTags(cloud, account), tagsFilters)),
  ReadQuotas: action<ReadRequest>(readShape(quotaFilters), (cloud, request, { account }) => {
    const views = (Object.keys(quotas) as QuotaName[]).map((name) => quotaView(cloud, account, name));
    const { Quotas, ...next } = pageOf(cloud, 'Quotas', request, views, quotaFilters);
    return { QuotaTypes: [{ QuotaType: 'global', Quotas }], ...next };
  }),
  ReadSubregions: action<ReadRequest>(readShape(subregionFilters), (cloud, request) =>
    pageOf(
      cloud,
      'Subregions',
      request,
      subregionsOf(cloud).map((name, at) => subregionView(cloud, name, at)),
      subregionFilters,
    ),
  ),
  ReadKeypairs: action<ReadRequest>(readShape(keypairFilters), (cloud, request, { account }) => {
    const views = ownedBy(cloud.state.keypairs, account).map((keypair) => keypairView(cloud, keypair));
    return pageOf(cloud, 'Keypairs', request, views, keypairFilters);
  }),
  ReadAccounts: action<ReadRequest>({}, (_cloud, _request, { account }) => ({
    Accounts: [{ AccountId: account, CompanyName: 'Écluse lab', CustomerId: '00000001', Email: 'lab@example.test', Country: 'France', City: 'Paris' }],
  })),
};

function checkTags(tags: TagChange['Tags']): void {
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 255) throw refused(4069, 'A tag’s key has 1 to 255 characters.');
    if (Value.length > 255) throw refused(4071, 'A tag’s value has up to 255 characters.');
  }
}

const rooms = {
  vms: 'instance',
  images: 'image',
  volumes: 'volume',
  snapshots: 'snapshot',
  nets: 'vpc',
  subnets: 'subnet',
  securityGroups: 'security-group',
  routeTables: 'route-table',
  internetServices: 'internet-service',
  keypairs: 'keypair',
} as const;

type Room = keyof typeof rooms;

const roomOf = (cloud: Cloud, id: string): Room | undefined => (Object.keys(rooms) as Room[]).find((room) => cloud.state[room][id] !== undefined);

function checkResource(cloud: Cloud, id: string, account: string): void {
  const room = roomOf(cloud, id);
  if (!room || cloud.state[room][id]?.account !== account) throw refused(5044, `There is no ${id}.`);
}

function allTags(cloud: Cloud, account: string) {
  return Object.entries(cloud.state.tags).flatMap(([id, tags]) => {
    const room = roomOf(cloud, id);
    if (!room || cloud.state[room][id]?.account !== account) return [];
    return Object.entries(tags).map(([Key, Value]) => ({ ResourceId: id, ResourceType: rooms[room], Key, Value }));
  });
}

function quotaView(cloud: Cloud, account: string, name: QuotaName) {
  const { title, description, collection, used } = quotas[name];
  return {
    AccountId: account,
    Name: name,
    ShortDescription: title,
    Description: description,
    QuotaCollection: collection,
    MaxValue: cloud.settings.quotas[name],
    UsedValue: used(cloud, account),
  };
}

function subregionView(cloud: Cloud, name: string, at: number) {
  return { SubregionName: name, RegionName: cloud.settings.region, State: 'available', LocationCode: `LAB${at + 1}` };
}

function keypairView(cloud: Cloud, { id, name, fingerprint }: Keypair) {
  return { KeypairId: id, KeypairName: name, KeypairFingerprint: fingerprint, KeypairType: 'ssh-rsa', Tags: tagsOf(cloud, id) };
}
