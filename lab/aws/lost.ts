import { rmSync } from 'node:fs';
import { ApiError } from './api-error.ts';
import { askMoto } from './moto-call.ts';
import type { World } from './world.ts';

/**
 * Forgets machines, disks, snapshots and sessions when moto does not know them any more: it was started anew and its memory began empty. The pack
 * of blocks stays, it names nothing. Without this the files of every earlier moto would pile up.
 */
export async function forgetLost(world: World): Promise<void> {
  const { saved, folder } = world;
  const [id, record] = Object.entries(saved.volumes)[0] ?? [];
  if (!id || !record || (await isKnown(world, id, record.place))) return;
  for (const made of [saved.volumes, saved.snapshots, saved.instances]) for (const each of Object.keys(made)) delete made[each];
  for (const key of Object.values(saved.keys)) if (key.sessionToken !== undefined) delete saved.keys[key.accessKey];
  for (const name of ['volumes', 'snapshots']) rmSync(`${folder}/${name}`, { recursive: true, force: true });
  world.save();
}

async function isKnown(world: World, id: string, place: { readonly account: string; readonly region: string }): Promise<boolean> {
  try {
    await askMoto(world, place, { Action: 'DescribeVolumes', 'VolumeId.1': id });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'InvalidVolume.NotFound') return false;
    throw error;
  }
}
