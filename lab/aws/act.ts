import { open } from 'node:fs/promises';
import { blockBytes } from './block-pack.ts';
import { ensureDisk, isZero } from './disk-image.ts';
import { changeState } from './instance.ts';
import { askMoto, usualAccount } from './moto-call.ts';
import { deleteSnapshot, volumeRecord } from './snapshot.ts';
import type { Place, World } from './world.ts';
import { all, textAt } from './xml.ts';

/** What others do behind the product's back: people of the source's account, its guests, AWS itself. */
export type Act =
  | { readonly act: 'delete snapshot'; readonly id: string }
  /** It shows `error` from now on. */
  | { readonly act: 'fail snapshot'; readonly id: string }
  | { readonly act: 'resize volume'; readonly id: string; readonly sizeGiB: number }
  | ({ readonly act: 'start instance' | 'stop instance' | 'terminate instance'; readonly id: string } & Partial<Place>)
  /** A guest's write. `base64`, or `fill`: one byte over `lengthBytes`. Whole blocks of zeros count as written. */
  | {
      readonly act: 'write';
      readonly id: string;
      readonly offsetBytes: number;
      readonly base64?: string;
      readonly fill?: number;
      readonly lengthBytes?: number;
    }
  /** A guest's discard of whole blocks: they hold nothing any more. */
  | { readonly act: 'discard'; readonly id: string; readonly block: number; readonly blocks: number };

export async function perform(world: World, act: Act): Promise<void> {
  switch (act.act) {
    case 'delete snapshot':
      await deleteSnapshot(world, snapshotOf(world, act.id).place, { SnapshotId: act.id });
      return;
    case 'fail snapshot':
      snapshotOf(world, act.id).state = 'error';
      break;
    case 'resize volume':
      await resize(world, act.id, act.sizeGiB);
      break;
    case 'start instance':
    case 'stop instance':
    case 'terminate instance':
      await move(world, act.act, act.id, placeOf(world, act));
      break;
    case 'write':
      await world.exclusive(() => write(world, act));
      break;
    case 'discard':
      await world.exclusive(() => discard(world, act.id, act.block, act.blocks));
  }
  world.save();
}

function placeOf({ saved }: World, { id, account, region }: { readonly id: string } & Partial<Place>): Place {
  const known = saved.instances[id]?.place;
  return { account: account ?? known?.account ?? usualAccount, region: region ?? known?.region ?? 'eu-west-3' };
}

function snapshotOf(world: World, id: string): World['saved']['snapshots'][string] {
  const found = world.saved.snapshots[id];
  if (!found) throw new Error(`the lab has no snapshot ${id}`);
  return found;
}

function volumeOf(world: World, id: string): World['saved']['volumes'][string] {
  const found = world.saved.volumes[id];
  if (!found) throw new Error(`the lab knows no volume ${id} yet`);
  return found;
}

async function resize(world: World, id: string, sizeGiB: number): Promise<void> {
  await askMoto(world, volumeOf(world, id).place, { Action: 'ModifyVolume', VolumeId: id, Size: String(sizeGiB) });
  await ensureDisk(world.volumeFile(id), sizeGiB * 2 ** 30);
}

async function move(world: World, act: string, id: string, place: Place): Promise<void> {
  const word = act.split(' ')[0];
  if (word === 'terminate') await askMoto(world, place, { Action: 'TerminateInstances', 'InstanceId.1': id });
  else await changeState(world, place, { Action: word === 'start' ? 'StartInstances' : 'StopInstances', 'InstanceId.1': id });
}

async function write(world: World, act: Extract<Act, { act: 'write' }>): Promise<void> {
  const bytes = act.base64 === undefined ? Buffer.alloc(act.lengthBytes ?? blockBytes, act.fill ?? 0) : Buffer.from(act.base64, 'base64');
  await ensureVolume(world, act.id);
  const disk = await open(world.volumeFile(act.id), 'r+');
  try {
    await disk.write(bytes, 0, bytes.length, act.offsetBytes);
  } finally {
    await disk.close();
  }
  const record = volumeOf(world, act.id);
  const zeros = new Set(record.zeroBlocks);
  for (let block = Math.floor(act.offsetBytes / blockBytes); block * blockBytes < act.offsetBytes + bytes.length; block += 1) {
    const part = bytes.subarray(Math.max(0, block * blockBytes - act.offsetBytes), (block + 1) * blockBytes - act.offsetBytes);
    if (isZero(part)) zeros.add(block);
    else zeros.delete(block);
  }
  record.zeroBlocks = [...zeros].sort((a, b) => a - b);
}

async function discard(world: World, id: string, block: number, blocks: number): Promise<void> {
  await ensureVolume(world, id);
  const disk = await open(world.volumeFile(id), 'r+');
  try {
    for (let at = block; at < block + blocks; at += 1) await disk.write(Buffer.alloc(blockBytes), 0, blockBytes, at * blockBytes);
  } finally {
    await disk.close();
  }
  const record = volumeOf(world, id);
  record.zeroBlocks = record.zeroBlocks.filter((each) => each < block || each >= block + blocks);
}

/** The file of a volume, made on first use, and its size in bytes. */
export async function ensureVolume(world: World, id: string): Promise<{ readonly file: string; readonly sizeBytes: number }> {
  const answer = await askMoto(world, volumeOf(world, id).place, { Action: 'DescribeVolumes', 'VolumeId.1': id });
  const volume = all(answer, 'item').find((item) => textAt(item, 'volumeId') === id && textAt(item, 'size') !== '');
  const sizeBytes = Number(volume ? textAt(volume, 'size') : 0) * 2 ** 30;
  await ensureDisk(world.volumeFile(id), sizeBytes);
  return { file: world.volumeFile(id), sizeBytes };
}

/** A volume that the product's own calls made is known from its first snapshot on; this makes it known at once. */
export const adoptVolume = (world: World, id: string, place: Place): void => {
  volumeRecord(world, id, place);
  world.save();
};
