import { HeadObjectCommand, ListObjectsCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { MigrationError } from '../../core/migration-error.ts';
import type { ObjectEntry } from '../../model/object-entry.ts';
import type { Listing, ListPage } from '../../ports/object-store.ts';
import type { Control } from './control.ts';
import { unquoted, wholeSeconds } from './metadata.ts';

type Options = Parameters<Listing['list']>[0];

const mostKeys = 1000; // what S3 gives in one page

/** Listing by the SDK, keys URL-encoded on the way: XML cannot hold control characters. */
export function createListing(control: Control, bucket: string): Listing {
  return {
    list(options, signal) {
      return options.versions === 'all' ? listVersions(control, bucket, options, signal) : listCurrent(control, bucket, options, signal);
    },
  };
}

async function listCurrent(control: Control, bucket: string, { cursor, prefix, limit = mostKeys }: Options, signal?: AbortSignal): Promise<ListPage> {
  const input = { Bucket: bucket, EncodingType: 'url' as const, MaxKeys: limit, Prefix: prefix };
  if (cursor?.startsWith(afterPrefix)) {
    const from = new ListObjectsCommand({ ...input, Marker: cursor.slice(afterPrefix.length) });
    const page = await control.send('ListObjects', (client, options) => client.send(from, options), signal);
    return pageOf(page, undefined);
  }
  const from = new ListObjectsV2Command({ ...input, ContinuationToken: cursor });
  const page = await control.send('ListObjectsV2', (client, options) => client.send(from, options), signal);
  return pageOf(page, page.NextContinuationToken);
}

type Answer = Pick<ListObjectsV2CommandOutput, 'Contents' | 'EncodingType' | 'IsTruncated'>;

function pageOf({ Contents = [], EncodingType, IsTruncated }: Answer, token: string | undefined): ListPage {
  const entries = Contents.map((object) => entryOf(object, EncodingType));
  return IsTruncated ? turned(entries, token) : { entries };
}

/**
 * Where the next page begins: at the store's token, unless it has none (NumSpot knows only the first form of the call) or the
 * page ends with a key from which SeaweedFS does not go on (4.48: its token is that key, which XML breaks when it holds a
 * control character; and after `dir/` it leaves out what is in it). Then after the last key, by the first form, which every
 * store knows; a `dir/` at the end is left to the next page.
 */
function turned(entries: readonly ObjectEntry[], token: string | undefined): ListPage {
  let kept = entries.length;
  while (kept > 1 && entries[kept - 1]?.key.endsWith('/')) kept--;
  const last = entries[kept - 1]?.key ?? '';
  if (token !== undefined && (last === '' || last.endsWith('/') || (kept === entries.length && !unfitForXml.test(last)))) return { entries, next: token };
  return { entries: entries.slice(0, kept), next: afterPrefix + last };
}

async function listVersions(control: Control, bucket: string, { cursor, prefix, limit = mostKeys }: Options, signal?: AbortSignal): Promise<ListPage> {
  const [KeyMarker, VersionIdMarker] = cursor ? (JSON.parse(cursor) as [string, string?]) : [];
  const command = new ListObjectVersionsCommand({ Bucket: bucket, EncodingType: 'url', MaxKeys: limit, KeyMarker, VersionIdMarker, Prefix: prefix });
  const kinds = kindsInOrder(command);
  const page = await control.send('ListObjectVersions', (client, options) => client.send(command, options), signal);
  // Measured on 4.48: it turns pages in another order than it lists them, and keys fall between two pages unseen.
  if (page.IsTruncated && control.server().startsWith('SeaweedFS')) throw unlistable('more versions than SeaweedFS lists reliably');
  const versions = (page.Versions ?? []).map((version) => ({
    isLatest: version.IsLatest ?? false,
    entry: { ...entryOf(version, page.EncodingType), versionId: version.VersionId ?? 'null' },
  }));
  const markers = (page.DeleteMarkers ?? []).map(({ Key = '', VersionId: versionId = 'null', LastModified = new Date(0), IsLatest = false }) => ({
    isLatest: IsLatest,
    entry: {
      key: decodeKey(Key, page.EncodingType),
      sizeBytes: 0,
      etag: '',
      lastModified: wholeSeconds(LastModified),
      versionId,
      isDeleteMarker: true as const,
    },
  }));
  if (control.server().startsWith('SeaweedFS')) await nameByOwnEtag(control, bucket, versions, signal);
  const entries = newestFirst(kinds().flatMap((kind) => (kind === 'Version' ? versions : markers).splice(0, 1)));
  if (!page.IsTruncated || page.NextKeyMarker === undefined) return { entries };
  return { entries, next: JSON.stringify([decodeKey(page.NextKeyMarker, page.EncodingType), page.NextVersionIdMarker]) };
}

type VersionKind = 'Version' | 'DeleteMarker';

/**
 * Whether each element of the answer is a version or a marker, in the order of the document. The SDK tears the two apart, and their dates are
 * whole seconds: without their order an object that was deleted and one that came back within a second look the same.
 */
function kindsInOrder(command: ListObjectVersionsCommand): () => readonly VersionKind[] {
  let xml = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { body } = result.response as { body?: unknown };
      xml = Buffer.isBuffer(body) ? body.toString('latin1') : '';
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'kindsInOrder' },
  );
  return () => [...xml.matchAll(/<(Version|DeleteMarker)>/g)].map(([, kind]) => kind as VersionKind);
}

interface ListedVersion {
  readonly isLatest: boolean;
  entry: ObjectEntry;
}

/**
 * Measured on 4.48: among versions, an object from before versioning is listed under an ETag of its chunks, and no read of it will ever show
 * that one. What a HEAD shows is its own.
 */
async function nameByOwnEtag(control: Control, bucket: string, versions: readonly ListedVersion[], signal?: AbortSignal): Promise<void> {
  for (const version of versions) {
    const { key, versionId, etag } = version.entry;
    if (versionId !== 'null' || !/-\d+$/.test(etag)) continue;
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
    const { ETag } = await control.send('HeadObject', (client, options) => client.send(command, options), signal);
    version.entry = { ...version.entry, etag: unquoted(ETag ?? etag) };
  }
}

/** Each key's versions together, as most stores list them. moto lists all markers last: which is the latest, at least, every store says. */
function newestFirst(listed: readonly ListedVersion[]): readonly ObjectEntry[] {
  const byKey = new Map<string, ObjectEntry[]>();
  for (const { isLatest, entry } of listed) {
    const ofKey = byKey.get(entry.key) ?? [];
    byKey.set(entry.key, ofKey);
    if (isLatest) ofKey.unshift(entry);
    else ofKey.push(entry);
  }
  return [...byKey.values()].flat();
}

// No store's token begins so.
const afterPrefix = 'after\n';
const unfitForXml = /[\p{Cc}\ufffe\uffff]/u;

function entryOf({ Key = '', Size = 0, ETag = '', LastModified = new Date(0), StorageClass }: ListedFields, encoding: string | undefined): ObjectEntry {
  return {
    key: decodeKey(Key, encoding),
    sizeBytes: Size,
    etag: unquoted(ETag),
    lastModified: wholeSeconds(LastModified),
    ...(StorageClass && StorageClass !== 'STANDARD' ? { storageClass: StorageClass } : {}),
  };
}

interface ListedFields {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly StorageClass?: string | undefined;
}

/** Form encoding: `+` is a space. A store that ignored the wish says no EncodingType, and its keys are plain. */
export function decodeKey(key: string, encoding: string | undefined): string {
  if (encoding === 'url') return decodeURIComponent(key.replaceAll('+', ' '));
  // What XML could not hold. Taken as the name it would be an object that cannot be found, and so pass for deleted.
  if (key.includes('\ufffd')) throw unlistable('a key that its XML cannot hold');
  return key;
}

const unlistable = (detail: string): MigrationError => new MigrationError('UNSUPPORTED', { operation: 'ListObjectVersions', detail });
