import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { encoded, encodedQuery, type LabKeys, signed } from './sign.ts';

/** Where a lab store is and who may use it. */
export interface LabPlace extends LabKeys {
  /** `http://127.0.0.1:8333`. */
  readonly endpoint: string;
}

export interface LabRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  /** Exact; every byte but `/` is percent-encoded once. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Text as it is meant; sent as UTF-8. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface LabAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** A plain S3 client over node:http for seeding: many kept connections, no SDK, nothing of `src/`. */
export interface LabStore {
  /** Any answer below 400, or 404; others throw. Server errors are tried again twice. */
  call(request: LabRequest): Promise<LabAnswer>;
  close(): void;
}

const tries = 3; // a store just started may answer 500 until its first volume has grown

export function createLabStore(place: LabPlace, options: { connections: number }): LabStore {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  return {
    async call(request) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await send(place, agent, request).catch((error: Error) => error);
        if (!(answer instanceof Error) && (answer.status < 400 || answer.status === 404)) return answer;
        const isFinal = attempt === tries || (!(answer instanceof Error) && answer.status < 500);
        if (isFinal) throw failure(request, answer);
        await pause(200 * attempt);
      }
    },
    close: () => agent.destroy(),
  };
}

function send(place: LabPlace, agent: Agent, request: LabRequest): Promise<LabAnswer> {
  const { host, hostname, port } = new URL(place.endpoint);
  const { method, query = {}, body } = request;
  const path = `/${request.bucket}${request.key === undefined ? '' : `/${request.key.split('/').map(encoded).join('/')}`}`;
  // node:http takes header text as latin1; the stores read UTF-8.
  const wire = Object.entries(request.headers ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
  const headers = signed({ method, host, path, query, headers: Object.fromEntries(wire) }, place, new Date());
  if (body !== undefined || method === 'PUT' || method === 'POST') headers['content-length'] = String(body?.length ?? 0);
  const search = Object.keys(query).length === 0 ? '' : `?${encodedQuery(query)}`;
  return new Promise((resolve, reject) => {
    const call = httpRequest({ agent, hostname, port, method, path: path + search, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers as LabAnswer['headers'], body: Buffer.concat(chunks) }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

function failure(request: LabRequest, answer: LabAnswer | Error): Error {
  const what = answer instanceof Error ? answer.message : `${answer.status} ${/<Code>(\w+)<\/Code>/.exec(answer.body.toString())?.[1] ?? ''}`;
  return new Error(`seeding: ${request.method} in bucket ${request.bucket} failed: ${what}`);
}
