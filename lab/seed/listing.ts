import { XMLParser } from 'fast-xml-parser';
import type { LabAnswer, LabStore } from './lab-store.ts';

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
}

export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  /** Absent on a delete marker. */
  readonly etag?: string;
}

// Values stay text: a key `1e3` is no number. White space is kept; without `htmlEntities` numeric ones such as &#39; would stay.
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => name === 'Contents' || name === 'Version' || name === 'DeleteMarker',
});

/** Every current object. Keys are asked for URL-encoded, since XML cannot hold all of them; `+` means a space there. */
export async function listObjects(store: LabStore, bucket: string): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = [];
  let token: string | undefined;
  do {
    const query: Record<string, string> = { 'list-type': '2', 'encoding-type': 'url' };
    if (token !== undefined) query['continuation-token'] = token;
    const page = answerOf(await store.call({ method: 'GET', bucket, query }), 'ListBucketResult');
    for (const item of rows(page, 'Contents')) {
      found.push({ key: keyOf(page, text(item, 'Key')), sizeBytes: Number(text(item, 'Size')), etag: unquoted(text(item, 'ETag')) });
    }
    token = text(page, 'IsTruncated') === 'true' ? text(page, 'NextContinuationToken') : undefined;
  } while (token !== undefined);
  return found;
}

/**
 * Every version and delete marker below a prefix, in the order of the document: S3 lists a key's newest first, markers between the versions
 * (SeaweedFS too; moto lists all markers last). The times are whole seconds, so no other order can be had.
 */
export async function listVersions(store: LabStore, bucket: string, prefix: string): Promise<readonly ListedVersion[]> {
  const found: ListedVersion[] = [];
  let next: Record<string, string> | undefined = {};
  while (next !== undefined) {
    const answer = await store.call({ method: 'GET', bucket, query: { versions: '', prefix, 'encoding-type': 'url', ...next } });
    const page = answerOf(answer, 'ListVersionsResult');
    for (const [, kind = '', item = ''] of answer.body.toString().matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
      found.push(versionOf(page, document(`<Item>${item}</Item>`, 'Item'), kind === 'DeleteMarker'));
    }
    const isLast = text(page, 'IsTruncated') !== 'true';
    next = isLast ? undefined : { 'key-marker': keyOf(page, text(page, 'NextKeyMarker')), 'version-id-marker': text(page, 'NextVersionIdMarker') };
  }
  return found;
}

type Row = Readonly<Record<string, unknown>>;

function versionOf(page: Row, item: Row, isMarker: boolean): ListedVersion {
  const version = { key: keyOf(page, text(item, 'Key')), versionId: text(item, 'VersionId'), isLatest: text(item, 'IsLatest') === 'true' };
  return isMarker ? version : { ...version, etag: unquoted(text(item, 'ETag')) };
}

/** An answer of 404 is no empty listing. */
function answerOf(answer: LabAnswer, root: string): Row {
  if (answer.status !== 200) throw new Error(`listing answered ${answer.status}`);
  return document(answer.body.toString(), root);
}

function document(xml: string, root: string): Row {
  return ((parser.parse(xml) as Row)[root] ?? {}) as Row;
}

function rows(page: Row, name: string): readonly Row[] {
  return (page[name] ?? []) as readonly Row[];
}

function text(row: Row, name: string): string {
  return String(row[name] ?? '');
}

function unquoted(etag: string): string {
  return etag.replaceAll('&#34;', '').replaceAll('"', '');
}

/** Encoded only where the page says so: SeaweedFS ignores the wish in a listing of versions. */
function keyOf(page: Row, key: string): string {
  return text(page, 'EncodingType') === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}
