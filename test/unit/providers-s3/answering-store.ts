import type { ObjectSource, ObjectTarget } from '../../../src/ports/object-store.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/ports/transport.ts';
import { openS3Bucket } from '../../../src/providers/s3/index.ts';

export interface Prepared {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Takes a streamed body in before it answers. */
  readonly reads?: boolean;
}

export const refused = (status: number, name: string): Prepared => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${name}</Code><Message>secret/key</Message></Error>`,
});

/** The adapter over a transport that gives prepared answers in turn, and keeps what it was asked. */
export function answeringStore(
  answers: readonly Prepared[],
  options: { nowMs?: () => number; endpoint?: string } = {},
): {
  bucket: ObjectSource & ObjectTarget;
  asked: HttpRequest[];
} {
  const asked: HttpRequest[] = [];
  const left = [...answers];
  const transport = {
    async request(request: HttpRequest): Promise<HttpAnswer> {
      asked.push(request);
      const next = left.shift();
      if (!next) throw new Error(`no answer prepared for ${request.method} ${request.path}`);
      if (next.reads) for await (const _ of request.stream?.chunks ?? []);
      const body = Buffer.from(next.body ?? '');
      if (next.status < 300) request.sink?.(body);
      return { status: next.status, headers: next.headers ?? {}, body, receivedBytes: request.method === 'HEAD' ? 0 : body.length };
    },
    close: async () => undefined,
  };
  const store = { kind: 's3' as const, endpoint: options.endpoint ?? 'https://store.example', region: 'fr-north' };
  const credentials = async () => ({ accessKeyId: 'AK', secretAccessKey: 'secret' });
  const bucket = openS3Bucket({ store, bucket: 'b', transport, name: 'shop/b', credentials, ...(options.nowMs ? { nowMs: options.nowMs } : {}) });
  return { bucket, asked };
}
