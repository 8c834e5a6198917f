import { MigrationError } from '../../../src/core/migration-error.ts';
import type { MachineTarget } from '../../../src/ports/machine-target.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/ports/transport.ts';
import { type OutscaleKey, openOutscale } from '../../../src/providers/outscale/index.ts';
import { outscaleSpec } from '../../support/outscale-spec.ts';
import { Refused, SmallCloud } from './small-cloud.ts';

export interface Call {
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer instead of the cloud's own, or what the network does: `lost` = done, and nobody hears of it; `down` = not done. */
export type Fault = { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> } | 'lost' | 'down';

export interface AnsweringCloud {
  readonly target: MachineTarget;
  readonly cloud: SmallCloud;
  readonly calls: Call[];
  readonly requests: HttpRequest[];
  readonly slept: number[];
  readonly paced: string[];
  /** What the pacer was told. */
  readonly throttled: string[];
  /** The next calls of an action, in turn. */
  fault(action: string, ...faults: readonly (Fault | 'none')[]): void;
  readonly clock: { nowMs: number };
  key: OutscaleKey;
  /** The process dies at the n-th call from now (0 = the next), before or after the cloud has done it; whatever is called after finds it alive. */
  death: { left: number; readonly isDone: boolean } | undefined;
}

export const killed = new Error('killed');

export const secretKey = 'SECRETSECRETSECRET';
export const keyOf = (secret: string): OutscaleKey => ({ accessKeyId: 'AKEXAMPLE', secretKey: { reveal: () => secret } });
export const wrong = (status: number, Code: string, Type = 'X'): Fault => ({
  status,
  body: JSON.stringify({ Errors: [{ Code, Type, Details: 'private detail' }], ResponseContext: { RequestId: 'r' } }),
});

/** The adapter before an account in memory. Where the vendor's specification is there, every request must be valid by it. */
export function answeringCloud(cloud = new SmallCloud()): AnsweringCloud {
  const faults = new Map<string, (Fault | 'none')[]>();
  const spec = outscaleSpec();
  const state = { cloud, calls: [] as Call[], requests: [] as HttpRequest[], slept: [] as number[], paced: [] as string[], throttled: [] as string[] };
  const clock = { nowMs: Date.UTC(2026, 10, 24) };
  async function request(asked: HttpRequest): Promise<HttpAnswer> {
    const action = asked.path.replace('/api/v1/', '');
    const body = JSON.parse(Buffer.from(asked.body ?? []).toString()) as Call['body'];
    state.requests.push(asked);
    state.calls.push({ action, body });
    if ('access' in spec) {
      const problems = spec.access.problems('request', action, body);
      if (problems.length > 0) throw new Error(problems.join('; '));
    }
    const dies = handle.death !== undefined && handle.death.left-- === 0 ? handle.death : undefined;
    if (dies) handle.death = undefined;
    if (dies && !dies.isDone) throw killed;
    const fault = faults.get(action)?.shift() ?? 'none';
    if (fault === 'down') throw new MigrationError('UNAVAILABLE', { operation: 'POST', detail: 'ECONNREFUSED' });
    if (typeof fault === 'object') return answerOf(fault.status, fault.body ?? '', fault.headers);
    const given = body.DryRun === true ? answerOf(200, '{}') : answered(cloud, action, body);
    if (dies) throw killed;
    if (fault === 'lost') throw new MigrationError('UNAVAILABLE', { operation: 'POST', detail: 'ECONNRESET' });
    return given;
  }
  const handle: AnsweringCloud = {
    ...state,
    clock,
    key: keyOf(secretKey),
    death: undefined,
    fault: (action, ...more) => faults.set(action, [...(faults.get(action) ?? []), ...more]),
    target: openOutscale({
      cloud: { kind: 'outscale', region: 'eu-west-2', staging: { at: 'oos', bucket: 'staging' }, rates: { calls: 5 }, importHours: 24 },
      name: 'sovereign',
      transport: { request, close: async () => undefined },
      pacer: {
        enter: async (budget, capacity) => void state.paced.push(`${budget} ${capacity}`),
        throttled: (budget) => void state.throttled.push(budget),
        close: async () => undefined,
      },
      credentials: async () => handle.key,
      nowMs: () => clock.nowMs,
      random: () => 0.5,
      sleep: async (delayMs) => void state.slept.push(delayMs),
    }),
  };
  return handle;
}

function answered(cloud: SmallCloud, action: string, body: Call['body']): HttpAnswer {
  try {
    return answerOf(200, JSON.stringify({ ...cloud.answer(action, body), ResponseContext: { RequestId: 'r' } }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return answerOf(error.code.startsWith('9') ? 409 : 400, JSON.stringify({ Errors: [{ Code: error.code, Type: 'X', Details: 'private' }] }));
  }
}

function answerOf(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const body = Buffer.from(text);
  return { status, headers, body, receivedBytes: body.length };
}
