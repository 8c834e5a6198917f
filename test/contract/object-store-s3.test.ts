import { randomBytes } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { openS3Bucket } from '../../src/providers/s3/index.ts';
import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { describeStores, sharedStores } from '../support/stores.ts';
import { type Bucket, testObjectStore } from './object-store.ts';
import { testPartsAndSharing } from './object-store-parts.ts';

const transport = createSocketTransport();
afterAll(() => transport.close());

const folded = 'SeaweedFS keeps objects as files of a tree and folds slashes';
const alteredKeys = {
  'a//b': folded,
  '/lead': folded,
  'back\\slash': 'SeaweedFS makes a slash of it',
  'dot/./x': 'SeaweedFS refuses dot segments',
  ['k'.repeat(900)]: 'SeaweedFS refuses segments above 255 bytes',
};

describeStores('the S3 adapter', () => {
  const { source } = sharedStores();
  const names = new WeakMap<Bucket, string>();

  function open(bucket: string, { accessKey, secretKey }: { readonly accessKey: string; readonly secretKey: string }, nowMs = Date.now): Bucket {
    const store = { kind: 's3' as const, endpoint: source.endpoint, region: source.region };
    const credentials = async () => ({ accessKeyId: accessKey, secretAccessKey: secretKey });
    const opened = openS3Bucket({ store, bucket, transport, name: `lab/${bucket}`, credentials, nowMs });
    names.set(opened, bucket);
    return opened;
  }

  testObjectStore('SeaweedFS', async () => open(`contract-${randomBytes(6).toString('hex')}`, source), {
    alteredKeys,
    versionPagesUnreliable: 'SeaweedFS 4.48 loses keys between pages of versions, so the adapter refuses a second page',
    stranger: (bucket) => open(names.get(bucket) ?? '', source.application),
  });

  testPartsAndSharing('SeaweedFS', async () => open(`contract-${randomBytes(6).toString('hex')}`, source), {
    hourAgo: (bucket) => open(names.get(bucket) ?? '', source, () => Date.now() - 3_600_000),
  });
});
