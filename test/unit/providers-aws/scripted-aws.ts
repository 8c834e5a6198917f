import { AwsCloud } from '../../../src/model/config.ts';
import type { SourceCloud } from '../../../src/ports/clouds.ts';
import type { HttpAnswer, HttpRequest, Transport } from '../../../src/ports/transport.ts';
import { openAws } from '../../../src/providers/aws/index.ts';

export interface Said {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
/** What a call was: EC2's and STS's action with its form, or an EBS path with its query. */
export interface Heard {
  readonly operation: string;
  readonly form: URLSearchParams;
  readonly request: HttpRequest;
}
export type Script = (heard: Heard) => Said | Promise<Said>;

export const ec2Error = (name: string, status = 400): Said => ({
  status,
  body: `<Response><Errors><Error><Code>${name}</Code><Message>secret/token</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});
export const ebsError = (name: string, status = 400, reason?: string): Said => ({
  status,
  headers: { 'x-amzn-errortype': `${name}:http://internal.amazon.com/` },
  body: JSON.stringify({ Message: 'secret/token', ...(reason ? { Reason: reason } : {}) }),
});
export const ec2 = (action: string, inner: string): Said => ({ status: 200, body: `<${action}Response>${inner}</${action}Response>` });

function heardOf(request: HttpRequest): Heard {
  const url = new URL(request.origin + request.path);
  if (request.method === 'POST') {
    const form = new URLSearchParams(Buffer.from(request.body ?? []).toString());
    return { operation: form.get('Action') ?? '', form, request };
  }
  const [, top, , list, block] = url.pathname.split('/');
  const operation =
    top !== 'snapshots' ? 'ListBuckets' : list === 'changedblocks' ? 'ListChangedBlocks' : block === undefined ? 'ListSnapshotBlocks' : 'GetSnapshotBlock';
  return { operation, form: url.searchParams, request };
}

export interface ScriptedAws extends SourceCloud {
  readonly heard: Heard[];
  /** Budget and capacity of each call that was paced, in order. */
  readonly paced: string[];
  readonly throttles: string[];
  readonly slept: number[];
}

/** The adapter over answers that a test scripts, without a socket and without waiting. */
export function scriptedAws(
  script: Script,
  cloud: Record<string, unknown> = {},
  more: { account?: string; nowMs?: () => number; sleep?: (ms: number) => Promise<void> } = {},
): ScriptedAws {
  const heard: Heard[] = [];
  const paced: string[] = [];
  const throttles: string[] = [];
  const slept: number[] = [];
  const { sleep, ...scope } = more;
  const transport: Transport = {
    async request(request): Promise<HttpAnswer> {
      request.signal?.throwIfAborted();
      const one = heardOf(request);
      heard.push(one);
      const { status, headers = {}, body: said = '' } = await script(one);
      const body = Buffer.from(said);
      // In two pieces, as a socket might.
      const half = body.length >> 1;
      if (status < 300) for (const piece of [body.subarray(0, half), body.subarray(half)]) request.sink?.(piece);
      return { status, headers, body: status < 300 ? Buffer.alloc(0) : body, receivedBytes: body.length };
    },
    close: async () => undefined,
  };
  const source = openAws({
    cloud: AwsCloud.parse({ kind: 'aws', regions: ['eu-west-3'], ...cloud }),
    transport,
    pacer: {
      enter: async (budget, capacity) => void paced.push(`${budget} ${capacity}`),
      throttled: (budget) => void throttles.push(budget),
      close: async () => undefined,
    },
    credentials: async () => ({ accessKeyId: 'AK', secretAccessKey: 'secret' }),
    patience: {
      tries: 5,
      firstDelayMs: 100,
      longestDelayMs: 1_000,
      random: () => 0.5,
      sleep: async (delayMs, signal) => {
        signal?.throwIfAborted();
        slept.push(delayMs);
        await sleep?.(delayMs);
      },
    },
    ...scope,
  });
  return { ...source, heard, paced, throttles, slept };
}
