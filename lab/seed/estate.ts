import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { generated } from './generated.ts';
import { keptKeys } from './keys.ts';
import { moduleFiles } from './module-files.ts';

const kib = 1024;
const mib = 1024 * kib;

/** How much is seeded. */
export interface SeedScale {
  readonly moduleFiles: number;
  readonly moduleBytes: number;
  /** One generated object of each size. */
  readonly generatedSizesBytes: readonly number[];
}

/** The demo's: a few thousand objects, about 600 MiB, one object above 300 MiB. */
export const demoScale: SeedScale = {
  moduleFiles: 4_000,
  moduleBytes: 64 * mib,
  // Around the sizes at which a mover changes its way: empty, one block, the 5, 8 and 16 MiB limits, then several parts.
  generatedSizesBytes: [
    ...[0, 1, 2, 15, 16, 17, 4_095, 4_096, 4_097, 64 * kib - 1, 64 * kib, 64 * kib + 1, mib, mib + 1, 5 * mib - 1, 5 * mib, 8 * mib],
    ...[8 * mib + 1, 16 * mib - 1, 16 * mib, 16 * mib + 1, 24 * mib, 33 * mib + 5, 40 * mib, 304 * mib + 7],
  ],
};

/** For suites: every kind of object once, 20 MiB in all. */
export const testScale: SeedScale = {
  moduleFiles: 60,
  moduleBytes: mib,
  generatedSizesBytes: [0, 1, 4_096, 64 * kib + 1, mib, 16 * mib + 1],
};

/** One object to seed. Headers in lower case; user metadata without its prefix. */
export interface SeedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Bytes [start, start + lengthBytes); parts start at multiples of 16. */
  body(start: number, lengthBytes: number): Promise<Buffer>;
}

/** Everything but versions, in a fixed order: the same list on every machine that has the same dependencies. */
export async function estate(scale: SeedScale, root: string): Promise<readonly SeedObject[]> {
  const files = await moduleFiles(root, scale.moduleFiles, scale.moduleBytes);
  return [
    ...files.map(({ path, name, sizeBytes }, index) => moduleObject(path, name, sizeBytes, index)),
    ...scale.generatedSizesBytes.map((sizeBytes) => made(`generated/${String(sizeBytes).padStart(9, '0')}.bin`, sizeBytes, {})),
    ...keptKeys.map((key) => made(key, key.endsWith('/') ? 0 : 100 + key.length, { user: { note: 'kept as it is' } })),
    ...dressed(),
    made('archive/2019.tar', 48 * kib, { headers: { 'x-amz-storage-class': 'GLACIER', 'content-type': 'application/x-tar' } }),
    ...taggedObjects(),
  ];
}

/** Small objects whose tags `changes.ts` may replace; seeding sets them anew each time. */
export function taggedObjects(): readonly SeedObject[] {
  return Array.from({ length: 20 }, (_, index) => made(`tagged/${index}.txt`, 200, { tags: { projet: 'écluse', index: String(index) } }));
}

type Dress = Partial<Pick<SeedObject, 'headers' | 'user' | 'tags'>>;

export function made(key: string, sizeBytes: number, { headers = {}, user = {}, tags = {} }: Dress): SeedObject {
  return { key, sizeBytes, headers, user, tags, body: async (start, lengthBytes) => generated(key, start, lengthBytes) };
}

const contentTypes: Readonly<Record<string, string>> = {
  '.cjs': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript',
  '.proto': 'text/plain',
  '.ts': 'text/x.typescript',
};

/** A file of the clone: a type by its ending, now and then metadata, tags or a caching rule, as a grown bucket has them. */
function moduleObject(path: string, name: string, sizeBytes: number, index: number): SeedObject {
  const headers: Record<string, string> = { 'content-type': contentTypes[extname(name)] ?? 'application/octet-stream' };
  if (index % 5 === 0) headers['cache-control'] = 'public, max-age=31536000, immutable';
  const body = async (start: number, lengthBytes: number) => (await readFile(path)).subarray(start, start + lengthBytes);
  const user: Record<string, string> = index % 10 === 0 ? { origine: 'dépôt', line: String(index) } : {};
  const tags: Record<string, string> = index % 40 === 0 ? { kind: 'module', 'cost centre': 'R+D = ops' } : {};
  return { key: `modules/${name}`, sizeBytes, headers, user, tags, body };
}

/** One object for each thing that can hang on an object. */
function dressed(): readonly SeedObject[] {
  const tenTags = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`tag-${index}`, `value ${index}`]));
  return [
    made('dressed/gzip.json', 900, { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
    made('dressed/rapport.pdf', 5_000, {
      headers: { 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="report.pdf"; filename*=UTF-8''rapport%20%C3%A9t%C3%A9.pdf` },
    }),
    made('dressed/accueil.html', 700, { headers: { 'content-type': 'text/html; charset=utf-8', 'content-language': 'fr-FR' } }),
    made('dressed/logo.svg', 300, { headers: { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=60', expires: 'Wed, 21 Oct 2037 07:28:00 GMT' } }),
    made('dressed/metadata.txt', 64, {
      user: { author: 'Éloïse Ŵ', encoded: '=?UTF-8?B?w4lsb8Ovc2U=?=', 'two-words': 'a  b', under_score: 'yes', sign: '+%&=' },
    }),
    made('dressed/full-metadata.bin', 64, { user: { long: 'v'.repeat(1_900) } }),
    made('dressed/ten-tags.bin', 64, { tags: tenTags }),
    made('dressed/odd-tags.bin', 64, { tags: { 'clé à part': 'valeur + signe = / : @ . _ -', empty: '' } }),
    made('public/large-with-metadata.bin', 17 * mib, { headers: { 'content-type': 'video/mp4' }, user: { title: 'été' }, tags: { kind: 'film' } }),
  ];
}
