import { createHash } from 'node:crypto';
import type { LabStore } from './lab-store.ts';
import { tagging } from './put-object.ts';

const cors =
  '<CORSConfiguration><CORSRule><ID>site</ID><AllowedOrigin>https://www.example.org</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>' +
  '<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>';

// Ten years: a rule to carry, not one that acts while somebody looks.
const lifecycle =
  '<LifecycleConfiguration><Rule><ID>old-logs</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3650</Days></Expiration></Rule>' +
  '<Rule><ID>open-uploads</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>' +
  '<AbortIncompleteMultipartUpload><DaysAfterInitiation>30</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>';

const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';

const bucketTags = { projet: 'écluse', 'cost-centre': 'R+D' };

/** What a grown bucket has around its objects: versioning, CORS, lifecycle, tags and a policy. Each call sets the same again. */
export async function configureBucket(store: LabStore, bucket: string): Promise<void> {
  const statement = { Sid: 'PublicRead', Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/public/*`] };
  // The policy first: it replaces a freeze that a run before left standing.
  await set(store, bucket, 'policy', JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
  await set(store, bucket, 'versioning', versioning);
  await set(store, bucket, 'cors', cors);
  await set(store, bucket, 'lifecycle', lifecycle);
  await set(store, bucket, 'tagging', tagging(bucketTags));
}

async function set(store: LabStore, bucket: string, name: string, document: string): Promise<void> {
  const body = Buffer.from(document);
  await store.call({ method: 'PUT', bucket, query: { [name]: '' }, headers: { 'content-md5': createHash('md5').update(body).digest('base64') }, body });
}
