import type { HttpRequest, Transport } from '../../ports/transport.ts';
import { canonicalQuery } from '../../wire/sigv4.ts';

/** What an SDK hands to its handler, as far as we use it. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An AWS SDK over our transport; `tellServer` hears what each answer's server calls itself: one set of sockets and timeouts, and lengths are checked, which the SDK's own handler does not do. */
export function handlerOver(transport: Transport, tellServer: (name: string) => void = () => undefined): Record<string, unknown> {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SdkRequest, { abortSignal }: { readonly abortSignal?: AbortSignal } = {}) {
      const { protocol, hostname, port, method, path, query, headers, body } = request;
      const search = canonicalQuery(Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value ?? '')])));
      const chunks: Buffer[] = [];
      const answer = await transport.request({
        method: method as HttpRequest['method'],
        origin: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`,
        path: search ? `${path}?${search}` : path,
        headers,
        body: typeof body === 'string' ? Buffer.from(body) : body,
        sink: (chunk) => chunks.push(Buffer.from(chunk)),
        signal: abortSignal,
      });
      tellServer(answer.headers.server ?? '');
      const received = answer.status < 300 ? Buffer.concat(chunks) : answer.body;
      return { response: { statusCode: answer.status, headers: { ...answer.headers }, body: received } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
