import type { ObjectHead, ObjectMetadata } from '../../model/object-entry.ts';

type Headers = Readonly<Record<string, string>>;

const carried = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
] as const;
const userPrefix = 'x-amz-meta-';

/** Quotes are no part of an ETag here; a weak one keeps its form. */
export const unquoted = (etag: string): string => (etag.length > 1 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag);
export const quoted = (etag: string): string => (etag.includes('"') ? etag : `"${etag}"`);

/** RFC 3339 at whole seconds, cut and not rounded: what a header can tell. */
export const wholeSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** What an object's headers tell. `sizeBytes`: of the whole object, which a ranged answer's Content-Length is not. */
export function headOf(headers: Headers, sizeBytes: number): ObjectHead {
  const versionId = headers['x-amz-version-id'];
  const storageClass = headers['x-amz-storage-class'];
  const tagCount = headers['x-amz-tagging-count'];
  const losses = lossesOf(headers);
  return {
    sizeBytes,
    etag: unquoted(headers.etag ?? ''),
    lastModified: wholeSeconds(new Date(headers['last-modified'] ?? 0)),
    metadata: metadataOf(headers),
    ...(versionId ? { versionId } : {}),
    ...(storageClass && storageClass !== 'STANDARD' ? { storageClass } : {}),
    ...(tagCount === undefined ? {} : { tagCount: Number(tagCount) }),
    ...(losses.length > 0 ? { losses } : {}),
  };
}

/**
 * User metadata as the header carries it. A value in RFC 2047 form (AWS answers so what is not ASCII) is kept in that
 * form: the target gives it to its readers exactly as the source did, and no store is asked to take raw bytes it may refuse.
 * Where a store answers raw UTF-8 (SeaweedFS), it is text here and the same bytes again when written.
 */
function metadataOf(headers: Headers): ObjectMetadata {
  const kept: Record<string, string> = {};
  const user: Record<string, string> = {};
  for (const name of carried) {
    const value = headers[name];
    if (value !== undefined) kept[name] = textOf(value);
  }
  for (const name in headers) if (name.startsWith(userPrefix)) user[name.slice(userPrefix.length)] = textOf(headers[name] ?? '');
  return { headers: kept, user };
}

/** The headers of a write: content headers, user metadata and tags. */
export function metadataHeaders({ headers, user, tags }: ObjectMetadata): Record<string, string> {
  const all: Record<string, string> = {};
  for (const name in headers) all[name] = bytesOf(headers[name] ?? '');
  for (const name in user) all[userPrefix + name] = bytesOf(user[name] ?? '');
  const tagging = Object.entries(tags ?? {}).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  if (tagging.length > 0) all['x-amz-tagging'] = tagging.join('&');
  return all;
}

function lossesOf(headers: Headers): readonly string[] {
  const losses: string[] = [];
  if (Number(headers['x-amz-missing-meta'] ?? 0) > 0) losses.push('METADATA_UNREADABLE');
  if (headers['x-amz-object-lock-mode'] || headers['x-amz-object-lock-legal-hold'] === 'ON') losses.push('OBJECT_LOCK_LOST');
  return losses;
}

// A header value has one character a byte. Bytes that are UTF-8 become text; others stay as they are, and both ways agree.
const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(value: string): string {
  if (isAscii(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

const bytesOf = (text: string): string => (isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));
