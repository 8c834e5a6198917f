import { eachOf } from '../seed/each-of.ts';
import { type ComparedBucket, type Contents, createReader, type Listed, listAllVersions, listLatest, readContents } from './bucket-contents.ts';

export type DifferenceKind = 'only in a' | 'only in b' | 'delete marker' | 'bytes' | 'header' | 'metadata' | 'tag' | 'storage class';

export interface Difference {
  readonly key: string;
  /** From the oldest, 1; 0 when only the latest were compared. */
  readonly version: number;
  readonly what: DifferenceKind;
  /** The name of the header, metadata or tag that differs. */
  readonly name?: string;
}

export interface Comparison {
  /** Pairs of objects (or versions) that were read whole on both sides. */
  readonly compared: number;
  readonly sizeBytes: number;
  readonly differences: readonly Difference[];
}

const readsInFlight = 16;

/**
 * Two buckets key by key: the listings, then every byte (SHA-256), content header, user metadata, tag and storage class of both, as the
 * SDK's client reads them. With `versions: 'all'` every version and marker, in order. Nothing of the mover takes part. Keys are exact.
 */
export async function compareBuckets(a: ComparedBucket, b: ComparedBucket, options: { versions?: 'latest' | 'all' } = {}): Promise<Comparison> {
  const [readerA, readerB] = [createReader(a), createReader(b)];
  const isAll = options.versions === 'all';
  try {
    const [listA, listB] = await Promise.all([
      isAll ? listAllVersions(a) : listLatest(readerA, a.bucket),
      isAll ? listAllVersions(b) : listLatest(readerB, b.bucket),
    ]);
    const inB = new Map(listB.map((listed) => [identity(listed), listed]));
    const pairs: (readonly [Listed, Listed])[] = [];
    const differences: Difference[] = [];
    for (const one of listA) {
      const other = inB.get(identity(one));
      inB.delete(identity(one));
      if (other === undefined) differences.push(difference(one, 'only in a'));
      else if (one.isMarker !== other.isMarker) differences.push(difference(one, 'delete marker'));
      else if (!one.isMarker) pairs.push([one, other]);
    }
    for (const other of inB.values()) differences.push(difference(other, 'only in b'));
    let sizeBytes = 0;
    await eachOf(pairs, readsInFlight, async ([one, other]) => {
      const [contentsA, contentsB] = await Promise.all([readContents(readerA, a.bucket, one), readContents(readerB, b.bucket, other)]);
      sizeBytes += contentsA.sizeBytes;
      differences.push(...compareContents(one, contentsA, contentsB));
    });
    return { compared: pairs.length, sizeBytes, differences };
  } finally {
    readerA.destroy();
    readerB.destroy();
  }
}

function compareContents(listed: Listed, a: Contents, b: Contents): readonly Difference[] {
  const found: Difference[] = [];
  if (a.sha256 !== b.sha256 || a.sizeBytes !== b.sizeBytes) found.push(difference(listed, 'bytes'));
  if (a.storageClass !== b.storageClass) found.push(difference(listed, 'storage class'));
  for (const name of unequalNames(a.headers, b.headers)) found.push(difference(listed, 'header', name));
  for (const name of unequalNames(a.user, b.user)) found.push(difference(listed, 'metadata', name));
  for (const name of unequalNames(a.tags, b.tags)) found.push(difference(listed, 'tag', name));
  return found;
}

function unequalNames(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => a[name] !== b[name]).sort();
}

function difference({ key, version }: Listed, what: DifferenceKind, name?: string): Difference {
  return name === undefined ? { key, version, what } : { key, version, what, name };
}

function identity({ key, version }: Listed): string {
  return `${version} ${key}`;
}
