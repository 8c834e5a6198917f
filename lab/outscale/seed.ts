import { writeFileSync } from 'node:fs';
import { type Cloud, newId } from './cloud.ts';
import { diskFile, stretchDisk } from './disk-files.ts';
import { addNet } from './nets.ts';
import type { InternetService } from './records.ts';

/** What an account of the lab finds on its first day. */
export interface Existing {
  readonly account: string;
  /** A net with a way out, as a landing zone has it, and a subnet in it. */
  readonly net: string;
  readonly subnet: string;
  readonly keypair: string;
  /** Another account's image, shared with everybody. */
  readonly publicImage: string;
}

const vendor = '000000000001';
const range = '10.0.0.0/16';

/** Makes it once per folder; answers what is there. */
export async function seedCloud(cloud: Cloud): Promise<readonly Existing[]> {
  const publicImage = Object.values(cloud.state.images).find(({ isPublic }) => isPublic)?.id ?? (await addPublicImage(cloud));
  return cloud.settings.accounts.map(({ accountId }) => existingOf(cloud, accountId, publicImage));
}

function existingOf(cloud: Cloud, account: string, publicImage: string): Existing {
  const { subnets, internetServices, keypairs } = cloud.state;
  const service = Object.values(internetServices).find((known) => known.account === account) ?? addNetWithExit(cloud, account);
  const subnet = Object.values(subnets).find(({ net }) => net === service.net);
  const keypair = Object.values(keypairs).find((known) => known.account === account);
  return { account, net: service.net, subnet: subnet?.id ?? '', keypair: keypair?.name ?? '', publicImage };
}

function addNetWithExit(cloud: Cloud, account: string): InternetService {
  const { id: net } = addNet(cloud, account, range);
  const service: InternetService = { id: newId('igw'), account, net };
  cloud.state.internetServices[service.id] = service;
  for (const table of Object.values(cloud.state.routeTables))
    if (table.net === net) cloud.state.routeTables[table.id] = { ...table, routes: [...table.routes, { range: '0.0.0.0/0', gateway: service.id }] };
  const subnet = newId('subnet');
  cloud.state.subnets[subnet] = { id: subnet, account, net, range: '10.0.1.0/24', subregion: `${cloud.settings.region}a` };
  const keypair = newId('key');
  cloud.state.keypairs[keypair] = { id: keypair, account, name: 'lab', fingerprint: '00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff' };
  return service;
}

/** An empty disk: it is there to be listed, and so that a landing VM has an image id. */
async function addPublicImage(cloud: Cloud): Promise<string> {
  const [snapshot, image] = [newId('snap'), newId('ami')];
  const common = { account: vendor, description: 'of the vendor', createdAtMs: cloud.nowMs() };
  cloud.state.snapshots[snapshot] = { id: snapshot, ...common, sizeGib: 1, state: 'completed', progress: 100 };
  cloud.state.images[image] = {
    id: image,
    ...common,
    accountAlias: 'Outscale',
    name: 'Debian-12-lab',
    architecture: 'x86_64',
    rootDevice: '/dev/sda1',
    disks: [{ device: '/dev/sda1', snapshot, sizeGib: 1, type: 'standard', deleteOnVmDeletion: true }],
    bootModes: ['legacy', 'uefi'],
    isTpmMandatory: false,
    isPublic: true,
    state: 'available',
  };
  const file = diskFile(cloud, snapshot);
  writeFileSync(file, '', { mode: 0o600 });
  await stretchDisk(file, 1);
  return image;
}
