import { execFile } from 'node:child_process';
import { copyFile, rm, truncate } from 'node:fs/promises';
import { promisify } from 'node:util';
import { labEnvironment } from '../environment.ts';
import type { Cloud } from './cloud.ts';

const run = promisify(execFile);

export const gib = 2 ** 30;

/** Raw and sparse; what a test compares with the source's disk. */
export const diskFile = (cloud: Cloud, id: string): string => `${cloud.folder}/${id.startsWith('snap-') ? 'snapshots' : 'volumes'}/${id}.raw`;

/** A copy with the holes of the original; `cp` of other systems than GNU's has no such option, and the copy is then a full one. */
export async function copyDisk(from: string, to: string): Promise<void> {
  await run('cp', ['--sparse=always', '--reflink=auto', from, to], { env: labEnvironment() }).catch(() => copyFile(from, to));
}

/** Makes the file as long as the disk; what is added reads as zeros. */
export const stretchDisk = (file: string, sizeGib: number): Promise<void> => truncate(file, sizeGib * gib);

export const removeDisk = (cloud: Cloud, id: string): Promise<void> => rm(diskFile(cloud, id), { force: true });
