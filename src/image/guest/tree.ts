import type { FileNode, FileSystem } from './filesystem.ts';
import { Unreadable } from './reading.ts';

const maxSteps = 400; // names walked for one path, links included
const maxLinks = 40; // Linux' own limit
const maxTextBytes = 262_144; // configuration files; the largest, a grub.cfg, holds some tens of KiB

interface Place {
  readonly fs: FileSystem;
  readonly id: number;
}

/** The guest's files under its root, other filesystems in their places. Links are followed inside the tree only. */
export class Tree {
  readonly #root: FileSystem;
  readonly #mounts = new Map<string, FileSystem>();
  readonly #directories = new Map<string, Promise<ReadonlyMap<string, number>>>();

  constructor(root: FileSystem) {
    this.#root = root;
  }

  /** `path` without a slash at its end. */
  mount(path: string, fs: FileSystem): void {
    if (path !== '/') this.#mounts.set(path, fs);
  }

  /** Undefined where there is no such file. */
  async find(path: string): Promise<FileNode | undefined> {
    const place = await this.#walk(path);
    return place?.fs.node(place.id);
  }

  /** Names in a directory, sorted; none where there is none. */
  async list(path: string): Promise<string[]> {
    const place = await this.#walk(path);
    if (!place || (await place.fs.node(place.id)).kind !== 'directory') return [];
    return [...(await this.#entries(place)).keys()].sort();
  }

  /** A configuration file's text, at most its first 256 KiB; undefined where there is none. */
  async text(path: string): Promise<string | undefined> {
    const node = await this.find(path);
    return node?.kind === 'file' ? (await node.read(0, Math.min(node.sizeBytes, maxTextBytes))).toString('utf8') : undefined;
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#walk(path)) !== undefined;
  }

  async #walk(path: string): Promise<Place | undefined> {
    const rest = path.split('/').filter((name) => name !== '');
    const done: { readonly name: string; readonly place: Place }[] = [];
    let links = 0;
    for (let steps = 0; rest.length > 0; steps++) {
      if (steps > maxSteps) throw new Unreadable('a path does not end');
      const name = rest.shift() ?? '';
      if (name === '..') done.pop();
      if (name === '.' || name === '..') continue;
      const parent = done.at(-1)?.place ?? { fs: this.#root, id: this.#root.root };
      const found = await this.#step(parent, name, [...done.map((one) => one.name), name].join('/'));
      if (!found) return undefined;
      const target = await linkTarget(found);
      if (target === undefined) {
        done.push({ name, place: found });
        continue;
      }
      if (++links > maxLinks) throw new Unreadable('symbolic links run in a circle');
      if (target.startsWith('/')) done.length = 0;
      rest.unshift(...target.split('/').filter((one) => one !== ''));
    }
    return done.at(-1)?.place ?? { fs: this.#root, id: this.#root.root };
  }

  async #step(parent: Place, name: string, path: string): Promise<Place | undefined> {
    const mounted = this.#mounts.get(`/${path}`);
    if (mounted) return { fs: mounted, id: mounted.root };
    if ((await parent.fs.node(parent.id)).kind !== 'directory') return undefined;
    const id = (await this.#entries(parent)).get(parent.fs.kind === 'fat' ? name.toUpperCase() : name);
    return id === undefined ? undefined : { fs: parent.fs, id };
  }

  #entries({ fs, id }: Place): Promise<ReadonlyMap<string, number>> {
    const key = `${fs.uuid}:${fs.kind}:${id}`;
    let known = this.#directories.get(key);
    if (!known) {
      if (this.#directories.size > 200) this.#directories.clear(); // a bound on memory; an inspection looks into some 40
      known = fs.node(id).then((node) => node.entries());
      this.#directories.set(key, known);
    }
    return known;
  }
}

async function linkTarget({ fs, id }: Place): Promise<string | undefined> {
  const node = await fs.node(id);
  if (node.kind !== 'link') return undefined;
  const target = (await node.read(0, node.sizeBytes)).toString('utf8');
  if (target === '' || target.split('/').length > 100) throw new Unreadable('a symbolic link leads nowhere');
  return target;
}
