import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const largestFileBytes = 1024 * 1024; // the compiled binaries among the dependencies differ by platform and would be half the estate

export interface ModuleFile {
  readonly path: string;
  /** Path below the root, with `/`. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** Real files that every clone has: the project's own dependencies in the order of their names, at most `count` of them and `bytes` in all. */
export async function moduleFiles(root: string, count: number, bytes: number): Promise<readonly ModuleFile[]> {
  const found: ModuleFile[] = [];
  let leftBytes = bytes;
  for await (const name of walk(root, '')) {
    if (found.length === count) break;
    const path = join(root, name);
    const { size } = await stat(path);
    if (size > largestFileBytes || size > leftBytes) continue;
    leftBytes -= size;
    found.push({ path, name, sizeBytes: size });
  }
  return found;
}

/** Files only: links (`.bin`) and hidden caches are not part of a package. */
async function* walk(root: string, below: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, name);
    else if (entry.isFile()) yield name;
  }
}
