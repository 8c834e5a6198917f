import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Store } from '../../model/config.ts';
import type { Transport } from '../../ports/transport.ts';
import { endpointOf } from './address.ts';
import type { CredentialMemory } from './credentials.ts';
import { thrown } from './errors.ts';
import type { S3Operation } from './operations.ts';
import { handlerOver } from './sdk-handler.ts';

/** Calls about a bucket, by the SDK: rare, and its serialisers and retries are worth their CPU there. */
export interface Control {
  /** Runs one command; its failure is a MigrationError named after the operation. */
  send<T>(operation: S3Operation, run: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** What the store's last answer called itself, for the few habits that no probe can show. */
  server(): string;
}

export interface ControlParts {
  readonly store: S3Store;
  readonly place: string;
  readonly transport: Transport;
  readonly credentials: CredentialMemory;
}

export function createControl({ store, place, transport, credentials }: ControlParts): Control {
  let server = '';
  const client = new S3Client({
    region: store.region,
    endpoint: endpointOf(store),
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 5,
    retryMode: 'standard',
    requestHandler: handlerOver(transport, (name) => {
      server = name;
    }),
    // "About to expire", always: the SDK then asks at each call, and our own memory answers at once.
    credentials: async () => ({ ...(await credentials.current()), expiration: new Date(0) }),
  });
  signWithContentMd5(client);

  return {
    server: () => server,
    async send(operation, run, signal) {
      try {
        return await run(client, signal ? { abortSignal: signal } : {});
      } catch (error) {
        const writes = /^(Put|Create|Delete)/.test(operation);
        const mapped = thrown(error, { operation, place, writes, object: false }, signal);
        if (mapped instanceof Error && 'code' in mapped && mapped.code === 'CREDENTIALS_REFUSED') credentials.forget();
        throw mapped;
      }
    },
  };
}

/**
 * Where a call must carry a digest, the SDK sends a CRC32 even with WHEN_REQUIRED. Stores of the Scality family want
 * Content-MD5 there and know no CRC32, and refuse trailers; AWS takes either. Of the calls concerned, DeleteObjects and PutObjectRetention are never
 * made (keys are removed one by one), and PutObjectTagging, by hand, brings its own.
 */
function signWithContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body?: string | Uint8Array };
      if ('x-amz-checksum-crc32' in headers && body !== undefined) {
        delete headers['x-amz-checksum-crc32'];
        delete headers['x-amz-sdk-checksum-algorithm'];
        headers['content-md5'] = createHash('md5').update(body).digest('base64');
      }
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'contentMd5' },
  );
}
