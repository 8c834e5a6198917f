import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BlockDevice } from '../../../../src/image/block-device.ts';
import type { Shared } from '../../../support/run.ts';

/** Contents by path; a link by its target. */
export type Files = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

/** A device in memory that counts what it is asked. */
export interface CountedDevice extends BlockDevice {
  readonly calls: () => number;
}

export function deviceOf(bytes: Buffer): CountedDevice {
  let calls = 0;
  return {
    sizeBytes: bytes.length,
    calls: () => calls,
    read: async (offset, lengthBytes) => {
      calls++;
      if (offset + lengthBytes > bytes.length) throw new RangeError('past the end');
      return Buffer.from(bytes.subarray(offset, offset + lengthBytes));
    },
  };
}

/** All of these programs, or which is missing. */
export function tools(...names: readonly string[]): Shared<true> {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length > 0 && process.env.ECLUSE_NO_SKIP) throw new Error(`not installed: ${missing.join(', ')}`);
  return missing.length > 0 ? { missing: `not installed: ${missing.join(', ')}` } : { access: true };
}

const toolPath = `${process.env.PATH}:/usr/sbin:/sbin`;

function isThere(name: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore', env: { ...process.env, PATH: toolPath } });
    return true;
  } catch {
    return false;
  }
}

export const run = (name: string, args: readonly string[], input?: Buffer | string): Buffer =>
  execFileSync(name, args, {
    env: { ...process.env, PATH: toolPath },
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
    ...(input === undefined ? {} : { input }),
  });

export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'guest-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function writeTree(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const at = path.join(folder, name);
    mkdirSync(path.dirname(at), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(at, content);
    else symlinkSync(content.link, at);
  }
}

function emptyFile(at: string, sizeBytes: number): void {
  const file = openSync(at, 'w');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}

const mebibyte = 1_048_576;

export function makeExt(
  files: Files,
  { mebibytes = 16, args = [], index = false }: { mebibytes?: number; args?: readonly string[]; index?: boolean } = {},
): Buffer {
  return inFolder((folder) => {
    const image = path.join(folder, 'image');
    writeTree(path.join(folder, 'root'), files);
    run('mke2fs', ['-q', '-F', '-t', 'ext4', ...args, '-d', path.join(folder, 'root'), image, `${mebibytes}M`]);
    if (index) execFileSync('sh', ['-c', 'e2fsck -fyD "$0" >/dev/null || [ $? -le 1 ]', image], { env: { ...process.env, PATH: toolPath } });
    return readFileSync(image);
  });
}

/** By a prototype file: the way mkfs.xfs fills a filesystem without a mount. */
export function makeXfs(files: Files, args: readonly string[] = []): Buffer {
  return inFolder((folder) => {
    const image = path.join(folder, 'image');
    writeTree(path.join(folder, 'root'), files);
    writeFileSync(path.join(folder, 'proto'), `/dev/null\n0 0\n${prototype(path.join(folder, 'root'), files)}`);
    emptyFile(image, 300 * mebibyte); // the least that mkfs.xfs makes
    run('mkfs.xfs', ['-q', '-f', ...args, '-p', path.join(folder, 'proto'), image]);
    return readFileSync(image);
  });
}

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly lines: string[];
}

function prototype(root: string, files: Files): string {
  const make = (): Folder => ({ folders: new Map(), lines: [] });
  const top = make();
  for (const [name, content] of Object.entries(files)) {
    const parts = name.split('/').filter(Boolean);
    const last = parts.pop() ?? '';
    let at = top;
    for (const part of parts) {
      const next = at.folders.get(part) ?? make();
      at.folders.set(part, next);
      at = next;
    }
    const isLink = typeof content !== 'string' && !Buffer.isBuffer(content);
    at.lines.push(isLink ? `${last} l--777 0 0 ${content.link}` : `${last} ---644 0 0 ${path.join(root, name)}`);
  }
  const write = (folder: Folder, head: string): string =>
    [head, ...folder.lines, ...[...folder.folders].map(([name, inner]) => write(inner, `${name} d--755 0 0`)), '$'].join('\n');
  return `${write(top, 'd--755 0 0')}\n`;
}

export function makeFat(files: Files, { bits = 16, mebibytes = 12 }: { bits?: 12 | 16 | 32; mebibytes?: number } = {}): Buffer {
  return inFolder((folder) => {
    const image = path.join(folder, 'image');
    emptyFile(image, mebibytes * mebibyte);
    run('mkfs.vfat', ['-F', String(bits), '-n', 'ESP', '-i', '1A2B3C4D', image]);
    writeTree(path.join(folder, 'root'), files);
    for (const name of Object.keys(files)) {
      const parts = name.split('/').filter(Boolean).slice(0, -1);
      for (let depth = 1; depth <= parts.length; depth++)
        execFileSync('sh', ['-c', 'mmd -D s -i "$0" "::/$1" </dev/null 2>/dev/null || true', image, parts.slice(0, depth).join('/')]);
      run('mcopy', ['-o', '-i', image, path.join(folder, 'root', name), `::${name.startsWith('/') ? name : `/${name}`}`]);
    }
    return readFileSync(image);
  });
}

export interface Part {
  /** sgdisk's type code. */
  readonly type: string;
  readonly content: Buffer;
}

/** A disk with a GUID partition table; `bootCode` as a boot loader would leave it. */
export function makeGpt(parts: readonly Part[], { bootCode = true, grownBy = 0 }: { bootCode?: boolean; grownBy?: number } = {}): Buffer {
  const sizes = parts.map(({ content }) => Math.ceil(content.length / mebibyte));
  const disk = Buffer.concat([emptyTable(parts.map(({ type }, index) => ({ type, mebibytes: sizes[index] ?? 0 }))), Buffer.alloc(grownBy)]);
  let at = mebibyte;
  parts.forEach(({ content }, index) => {
    content.copy(disk, at);
    at += (sizes[index] ?? 0) * mebibyte;
  });
  if (bootCode) disk.write('eb63', 0, 'hex');
  return disk;
}

const tables = new Map<string, Buffer>();

/** Made once a layout: sgdisk waits a second whenever it has written. */
function emptyTable(parts: readonly { readonly type: string; readonly mebibytes: number }[]): Buffer {
  const key = JSON.stringify(parts);
  const table = tables.get(key) ?? writeTable(parts);
  tables.set(key, table);
  return table;
}

function writeTable(parts: readonly { readonly type: string; readonly mebibytes: number }[]): Buffer {
  return inFolder((folder) => {
    const image = path.join(folder, 'disk');
    let start = 1;
    const args = parts.flatMap(({ type, mebibytes }, index) => {
      const [from, end] = [start * 2048, (start + mebibytes) * 2048 - 1];
      start += mebibytes;
      return ['-n', `${index + 1}:${from}:${end}`, '-t', `${index + 1}:${type}`];
    });
    emptyFile(image, (start + 1) * mebibyte);
    run('sgdisk', ['-o', ...args, image]);
    return readFileSync(image);
  });
}

/** A cpio archive of the `newc` form, made by cpio itself. */
export function makeCpio(files: Files): Buffer {
  return inFolder((folder) => {
    writeTree(folder, files);
    return Buffer.from(execFileSync('sh', ['-c', 'cd "$0" && find . -type f | cpio --quiet -o -H newc', folder], { maxBuffer: 2 ** 28 }));
  });
}

/** Made when it is first asked for: the body of a skipped suite runs too. */
export function later<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
