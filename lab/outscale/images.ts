import { action, type Cloud, changed, find, newId, schedule, tagsOf, timeText, turn } from './cloud.ts';
import { type BsuRequest, bsuShape, diskOf, sizeOf } from './disks.ts';
import { refused } from './oapi-error.ts';
import { list, one, pageOf, type ReadRequest, readShape, tagFilters } from './reading.ts';
import type { Image } from './records.ts';

interface CreateImage {
  readonly Architecture?: string;
  readonly BlockDeviceMappings?: readonly { readonly DeviceName?: string; readonly VirtualDeviceName?: string; readonly Bsu?: BsuRequest }[];
  readonly BootModes?: readonly string[];
  readonly Description?: string;
  readonly ImageName?: string;
  readonly RootDeviceName?: string;
  readonly TpmMandatory?: boolean;
  readonly VmId?: string;
  readonly SourceImageId?: string;
  readonly SourceRegionName?: string;
  readonly FileLocation?: string;
}

type View = ReturnType<typeof viewOf>;

const filters = {
  ...tagFilters,
  ImageIds: list(({ ImageId }: View) => [ImageId], 'id:ami'),
  ImageNames: list(({ ImageName }: View) => [ImageName]),
  AccountIds: list(({ AccountId }: View) => [AccountId]),
  AccountAliases: list(({ AccountAlias }: View) => [AccountAlias]),
  Descriptions: list(({ Description }: View) => [Description]),
  States: list(({ State }: View) => [State]),
  Architectures: list(({ Architecture }: View) => [Architecture]),
  RootDeviceNames: list(({ RootDeviceName }: View) => [RootDeviceName]),
  BootModes: list(({ BootModes }: View) => BootModes, 'one:uefi|legacy'),
  BlockDeviceMappingSnapshotIds: list(({ BlockDeviceMappings }: View) => BlockDeviceMappings.map(({ Bsu }) => Bsu.SnapshotId)),
  PermissionsToLaunchGlobalPermission: one(({ PermissionsToLaunch }: View) => PermissionsToLaunch.GlobalPermission),
};

export const imageActions = {
  CreateImage: action<CreateImage>(
    {
      Architecture: 'string',
      BlockDeviceMappings: [{ Bsu: bsuShape, DeviceName: 'string', VirtualDeviceName: 'string' }],
      BootModes: ['one:uefi|legacy'],
      Description: 'string',
      FileLocation: 'string',
      ImageName: 'string',
      NoReboot: 'boolean',
      ProductCodes: ['string'],
      RootDeviceName: 'string',
      SourceImageId: 'id:ami',
      SourceRegionName: 'string',
      TpmMandatory: 'boolean',
      VmId: 'id:i',
    },
    (cloud, request, { account }) => ({ Image: viewOf(cloud, create(cloud, request, account)) }),
  ),
  // Shared images of other accounts are listed too, unless AccountIds says whose.
  ReadImages: action<ReadRequest>(readShape(filters), (cloud, request, { account }) => {
    const visible = Object.values(cloud.state.images).filter((image) => image.isPublic || image.account === account);
    return pageOf(
      cloud,
      'Images',
      request,
      visible.map((image) => viewOf(cloud, image)),
      filters,
    );
  }),
  DeleteImage: action<{ readonly ImageId: string }>({ 'ImageId!': 'id:ami' }, (cloud, { ImageId }, { account }) => {
    const shared = cloud.state.images[ImageId];
    if (shared?.isPublic && shared.account !== account) throw refused(5, 'The image is another account’s.');
    const image = find(cloud.state.images, ImageId, account, 5023);
    changed(cloud, { kind: 'image', id: ImageId, from: image.state, to: 'gone' });
    delete cloud.state.images[ImageId];
    delete cloud.state.tags[ImageId];
    return {};
  }),
};

export const imageArrivals: Readonly<Record<string, (cloud: Cloud, id: string, atMs: number) => void>> = {
  'image available'(cloud, id, atMs) {
    const image = cloud.state.images[id];
    if (image?.state === 'pending') turn(cloud, 'image', image, 'available', atMs);
  },
};

function create(cloud: Cloud, request: CreateImage, account: string): Image {
  if (request.VmId ?? request.SourceImageId ?? request.SourceRegionName ?? request.FileLocation)
    throw refused(8000, 'This stand-in makes images from snapshots only.');
  const { ImageName: name, RootDeviceName: rootDevice, BlockDeviceMappings: mappings = [], Architecture: architecture = 'x86_64' } = request;
  if (name === undefined || rootDevice === undefined || mappings.length === 0)
    throw refused(7000, 'ImageName, RootDeviceName and BlockDeviceMappings are needed.');
  if (!/^[A-Za-z0-9 _()/.-]{3,128}$/.test(name)) throw refused(4026, 'The name of the image does not fit.');
  if (!['x86_64', 'i386'].includes(architecture)) throw refused(4001, 'The architecture is not known.');
  if (Object.values(cloud.state.images).some((image) => image.account === account && image.name === name))
    throw refused(9015, 'There is an image of this name.');
  const disks = mappings.map(({ DeviceName, Bsu }) => {
    if (DeviceName === undefined || Bsu === undefined) throw refused(4011, 'A mapping needs DeviceName and Bsu.');
    const disk = diskOf(cloud, account, DeviceName, Bsu);
    return { ...disk, sizeGib: sizeOf(cloud, disk) };
  });
  if (!disks.some(({ device, snapshot }) => device === rootDevice && snapshot !== undefined))
    throw refused(4057, 'The root device is not mapped to a snapshot.');
  const image: Image = {
    id: newId('ami'),
    account,
    name,
    description: request.Description ?? '',
    createdAtMs: cloud.nowMs(),
    architecture,
    rootDevice,
    disks,
    bootModes: request.BootModes?.length ? request.BootModes : ['legacy'],
    isTpmMandatory: request.TpmMandatory ?? false,
    isPublic: false,
    state: 'pending',
  };
  cloud.state.images[image.id] = image;
  changed(cloud, { kind: 'image', id: image.id, to: 'pending' });
  schedule(cloud, cloud.settings.times.image, 'image available', image.id);
  return image;
}

function viewOf(cloud: Cloud, image: Image) {
  return {
    ImageId: image.id,
    ImageName: image.name,
    Description: image.description,
    AccountId: image.account,
    ...(image.accountAlias !== undefined && { AccountAlias: image.accountAlias }),
    State: image.state,
    StateComment: {},
    CreationDate: timeText(image.createdAtMs),
    Architecture: image.architecture,
    BootModes: image.bootModes,
    TpmMandatory: image.isTpmMandatory,
    SecureBoot: false,
    ImageType: 'machine',
    RootDeviceName: image.rootDevice,
    RootDeviceType: 'bsu',
    FileLocation: `${image.account}/${image.name}`,
    ProductCodes: ['0001'],
    PermissionsToLaunch: { GlobalPermission: image.isPublic, AccountIds: [] },
    BlockDeviceMappings: image.disks.map((disk) => ({
      DeviceName: disk.device,
      Bsu: {
        ...(disk.snapshot !== undefined && { SnapshotId: disk.snapshot }),
        ...(disk.sizeGib !== undefined && { VolumeSize: disk.sizeGib }),
        ...(disk.iops !== undefined && { Iops: disk.iops }),
        VolumeType: disk.type,
        DeleteOnVmDeletion: disk.deleteOnVmDeletion,
      },
    })),
    Tags: tagsOf(cloud, image.id),
  };
}
