import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openFolderDepot } from '../../../src/depot/folder.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse depôt-'));
afterAll(() => rmSync(ground, { recursive: true }));

describe('a depot in a folder', () => {
  let folder: string;
  const temporaries = (): readonly string[] => readdirSync(join(folder, 'tmp'));
  beforeEach(() => {
    folder = mkdtempSync(join(ground, 'place-'));
  });

  it('makes its folder, and leaves no temporary file behind', async () => {
    folder = join(folder, 'not', 'yet');
    const depot = openFolderDepot(folder);
    await depot.put(Buffer.from('x'));
    const journal = depot.journal('a/b');
    await journal.append(0, Buffer.from('x'));
    await expect(journal.append(0, Buffer.from('x'))).rejects.toMatchObject({ code: 'FENCED' });
    expect(temporaries()).toEqual([]);
  });

  it('sweeps at its start what a crash left, and leaves alone what may be another worker’s', () => {
    openFolderDepot(folder);
    for (const name of ['old', 'young']) writeFileSync(join(folder, 'tmp', name), 'half a fi');
    utimesSync(join(folder, 'tmp', 'old'), 1_000_000, 1_000_000);
    openFolderDepot(folder);
    expect(temporaries()).toEqual(['young']);
  });

  it('writes a file only once', async () => {
    const depot = openFolderDepot(folder);
    const digest = await depot.put(Buffer.from('x'));
    const inode = (): number => statSync(join(folder, 'objects', digest.slice(0, 2), `${digest}.gz`)).ino;
    const before = inode();
    await openFolderDepot(folder).put(Buffer.from('x'));
    expect(inode()).toBe(before);
  });

  it('says DEPOT_FULL when the disk takes no more, and nothing half-written is there', async () => {
    const script = 'ulimit -f 200 && exec "$0" "$@"';
    const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, join(__dirname, 'fill.ts'), folder]);
    expect(JSON.parse(stdout)).toEqual(['DEPOT_FULL', 'DEPOT_FULL', 'done']);
    expect(temporaries()).toEqual([]);
    expect(await openFolderDepot(folder).journal('a/b').read()).toEqual([]);
    expect(readdirSync(join(folder, 'objects'), { recursive: true }).filter((name) => String(name).endsWith('.gz'))).toHaveLength(1);
  });

  it('says DEPOT_MISSING when the folder is taken away under it, or cannot be one', async () => {
    const depot = openFolderDepot(folder);
    await depot.put(Buffer.from('x'));
    rmSync(folder, { recursive: true });
    await expect(depot.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'DEPOT_MISSING' });
    writeFileSync(folder, 'a file');
    expect(() => openFolderDepot(join(folder, 'below'))).toThrow(expect.objectContaining({ code: 'DEPOT_MISSING' }));
  });

  it('says PERMISSION_DENIED where it may not write', () => {
    chmodSync(folder, 0o500);
    // Root may write everywhere: for a moment it is nobody.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(() => openFolderDepot(join(folder, 'below'))).toThrow(expect.objectContaining({ code: 'PERMISSION_DENIED' }));
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(folder, 0o700);
    }
  });

  it('keeps whole what was acknowledged before a SIGKILL, again and again', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) acknowledged.push(...(await killedAfter(40, folder)));
    const depot = openFolderDepot(folder);
    const segments = await depot.journal('demo/0').read();
    // The kill may fall between the append and its acknowledgement: at most one more a round.
    expect(segments.length - acknowledged.length).toBeGreaterThanOrEqual(0);
    expect(segments.length - acknowledged.length).toBeLessThanOrEqual(3);
    for (const [n, segment] of segments.entries()) expect(JSON.parse(String(segment))).toMatchObject({ n });
    for (const line of acknowledged) {
      const [n = '', digest = ''] = line.split(' ');
      expect(String(await depot.get(digest))).toBe(n.repeat(20_000));
    }
  });
});

/** The lines that a worker had acknowledged when it was killed without warning. */
async function killedAfter(count: number, folder: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [join(__dirname, 'append-forever.ts'), folder, 'demo/0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) if (lines.push(line) === count) child.kill('SIGKILL');
  return lines;
}
