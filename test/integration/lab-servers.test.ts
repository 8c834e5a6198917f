import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { describeStores, motoStore, sharedStores } from '../support/stores.ts';
import { describeTemporal, sharedTemporal } from '../support/temporal.ts';

interface Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

const clientOf = ({ endpoint, region, accessKey, secretKey }: Access): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

const Bucket = 'lab-servers';

describeStores('the stores of a test run', () => {
  it('are two, and each knows only its own keys', async () => {
    const { source, target } = sharedStores();
    expect(source.endpoint).not.toBe(target.endpoint);
    await clientOf(source).send(new CreateBucketCommand({ Bucket }));
    await expect(clientOf({ ...source, endpoint: target.endpoint }).send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    });
    await expect(clientOf({ ...source, secretKey: 'wrong' }).send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
  });

  it('make no bucket for a write and delete none that holds something, as AWS', async () => {
    const operator = clientOf(sharedStores().source);
    await expect(operator.send(new PutObjectCommand({ Bucket: 'never-made', Key: 'x', Body: 'x' }))).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await operator.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }));
    await expect(operator.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  });

  it('hold the application to a policy that denies writes, and let it read on', async () => {
    const { source } = sharedStores();
    const application = clientOf({ ...source, ...source.application });
    await application.send(new PutObjectCommand({ Bucket, Key: 'before', Body: 'x' }));
    const deny = { Effect: 'Deny', Principal: '*', Action: ['s3:PutObject', 's3:DeleteObject'], Resource: `arn:aws:s3:::${Bucket}/*` };
    await clientOf(source).send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement: [deny] }) }));
    await expect(application.send(new PutObjectCommand({ Bucket, Key: 'after', Body: 'x' }))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(application.send(new DeleteObjectCommand({ Bucket, Key: 'before' }))).rejects.toMatchObject({ name: 'AccessDenied' });
    expect((await application.send(new GetObjectCommand({ Bucket, Key: 'before' }))).$metadata.httpStatusCode).toBe(200);
  });
});

describeStores('moto’s S3', () => {
  let moto: Access;
  beforeAll(async () => {
    moto = await motoStore();
  }, 300_000);

  it('is one for the whole run, and keeps apart the keys that SeaweedFS folds', async () => {
    expect(await motoStore()).toEqual(moto);
    const client = clientOf(moto);
    await client.send(new CreateBucketCommand({ Bucket }));
    const keys = ['/lead', 'a', 'a/', 'a//b', 'back\\slash'];
    for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key)).toEqual(keys);
  });
});

describeTemporal('the Temporal server of a test run', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await Connection.connect({ address: sharedTemporal().address });
  });
  afterAll(() => connection.close());

  it('keeps closed workflows for a year', async () => {
    const { config } = await connection.workflowService.describeNamespace({ namespace: sharedTemporal().namespace });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(365 * 24 * 3600);
  });

  it('knows the search attributes of Écluse', async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: sharedTemporal().namespace });
    const ours = Object.keys(customAttributes ?? {}).filter((name) => name.startsWith('Ecluse'));
    expect(ours.sort()).toEqual(['EcluseCondition', 'EcluseProject', 'EcluseState', 'EcluseVerdict', 'EcluseWaitingFor', 'EcluseWave', 'EcluseWorkload']);
  });

  it('serves its Web UI', async () => {
    expect((await fetch(sharedTemporal().ui)).status).toBe(200);
  });
});
