import { createHash } from 'node:crypto';
import { eachOf } from './each-of.ts';
import type { SeedObject } from './estate.ts';
import type { LabStore } from './lab-store.ts';
import { encodedQuery } from './sign.ts';

const partBytes = 16 * 1024 * 1024;
const largestPutBytes = 2 * partBytes; // above it the object is a multipart one, as any client would make it
const partsInFlight = 4;

/** Writes one object whole, by a multipart upload when it is large. */
export async function putObject(store: LabStore, bucket: string, object: SeedObject): Promise<void> {
  const { key, sizeBytes } = object;
  const headers = headersOf(object);
  if (sizeBytes <= largestPutBytes) {
    await store.call({ method: 'PUT', bucket, key, headers, body: await object.body(0, sizeBytes) });
    return;
  }
  const created = await store.call({ method: 'POST', bucket, key, query: { uploads: '' }, headers });
  const uploadId = /<UploadId>([^<]+)</.exec(created.body.toString())?.[1] ?? '';
  const parts = partsOf(sizeBytes);
  const etags: string[] = [];
  await eachOf(parts, partsInFlight, async ({ part, start, lengthBytes }) => {
    const body = await object.body(start, lengthBytes);
    const answer = await store.call({ method: 'PUT', bucket, key, query: { partNumber: String(part), uploadId }, body });
    etags[part - 1] = answer.headers.etag ?? '';
  });
  const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
  const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
  await store.call({ method: 'POST', bucket, key, query: { uploadId }, body });
}

/** The ETag that the store gives an object written by `putObject`: how seeding again recognises it. */
export async function etagOf(object: SeedObject): Promise<string> {
  if (object.sizeBytes <= largestPutBytes) return md5(await object.body(0, object.sizeBytes)).toString('hex');
  const digests: Buffer[] = [];
  for (const { start, lengthBytes } of partsOf(object.sizeBytes)) digests.push(md5(await object.body(start, lengthBytes)));
  return `${md5(Buffer.concat(digests)).toString('hex')}-${digests.length}`;
}

/** Sets the tags alone: no new version, no new ETag. */
export async function putTags(store: LabStore, bucket: string, { key, tags }: SeedObject): Promise<void> {
  await store.call({ method: 'PUT', bucket, key, query: { tagging: '' }, body: Buffer.from(tagging(tags)) });
}

export function tagging(tags: Readonly<Record<string, string>>): string {
  const set = Object.entries(tags).map(([name, value]) => `<Tag><Key>${xml(name)}</Key><Value>${xml(value)}</Value></Tag>`);
  return `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function headersOf({ headers, user, tags }: SeedObject): Record<string, string> {
  const sent: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(user)) sent[`x-amz-meta-${name}`] = value;
  if (Object.keys(tags).length > 0) sent['x-amz-tagging'] = encodedQuery(tags);
  return sent;
}

function partsOf(sizeBytes: number): readonly { part: number; start: number; lengthBytes: number }[] {
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => {
    const start = index * partBytes;
    return { part: index + 1, start, lengthBytes: Math.min(partBytes, sizeBytes - start) };
  });
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
