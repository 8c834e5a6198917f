import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { control, type OutscaleControl } from '../../../lab/outscale/outscale-lab.ts';
import { serveOutscale } from '../../../lab/outscale/server.ts';
import { changedSettings, type LabAccount, labAccount, type SettingsChange, usualSettings } from '../../../lab/outscale/settings.ts';

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface Wrong {
  /** Signs with this time instead of now. */
  readonly atMs?: number;
  readonly secretKey?: string;
  readonly scheme?: 'OSC4' | 'AWS4';
  /** Sent in place of what was signed. */
  readonly sentBody?: string;
}

/** A small signer of its own, apart from the stand-in's judge and from the adapter. */
export async function call(endpoint: string, action: string, request: unknown, wrong: Wrong = {}, account: LabAccount = labAccount): Promise<Reply> {
  const { atMs = Date.now(), secretKey = account.secretKey, scheme = 'OSC4' } = wrong;
  const path = `/api/v1/${action}`;
  const body = JSON.stringify(request);
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const [day, end, dateName] = [date.slice(0, 8), `${scheme.toLowerCase()}_request`, scheme === 'OSC4' ? 'x-osc-date' : 'x-amz-date'];
  const contentType = 'application/json; charset=utf-8';
  const host = new URL(endpoint).host;
  const names = `content-type;host;${dateName}`;
  const canonical = `POST\n${path}\n\ncontent-type:${contentType}\nhost:${host}\n${dateName}:${date}\n\n${names}\n${hash(body)}`;
  const scope = `${day}/${usualSettings.region}/api/${end}`;
  let key: Buffer = Buffer.from(scheme + secretKey);
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key)
    .update(`${scheme}-HMAC-SHA256\n${date}\n${scope}\n${hash(canonical)}`)
    .digest('hex');
  const authorization = `${scheme}-HMAC-SHA256 Credential=${account.accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const answer = await fetch(endpoint + path, {
    method: 'POST',
    body: wrong.sentBody ?? body,
    headers: { 'content-type': contentType, [dateName]: date, authorization },
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  return { status: answer.status, contentType: type, text, body: type.includes('json') ? JSON.parse(text) : {} };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface InProcess {
  readonly endpoint: string;
  readonly folder: string;
  readonly lab: OutscaleControl;
  /** Asks and expects 200. */
  ask(action: string, request?: object): Promise<Answer>;
  /** The first error's code. */
  refusal(action: string, request?: unknown): Promise<string>;
  /** Asks until it is so: work in the background ends, and the time of what it scheduled comes. */
  until(action: string, request: object, isThere: (answer: Answer) => boolean): Promise<Answer>;
  /** The stand-in's time goes on. */
  wait(ms: number): void;
  stop(): Promise<void>;
  /** Stops and serves the folder again. */
  again(): Promise<void>;
}

/** What tests read out of answers by name; everything else is compared as a whole. */
export interface Answer {
  readonly [key: string]: unknown;
  readonly Snapshot: { readonly SnapshotId: string };
  readonly Snapshots: readonly { readonly SnapshotId: string; readonly Description: string; readonly State: string }[];
  readonly Volume: { readonly VolumeId: string };
  readonly Volumes: readonly { readonly VolumeId: string; readonly LinkedVolumes: readonly { readonly DeviceName: string }[] }[];
  readonly Image: { readonly ImageId: string };
  readonly Images: readonly { readonly ImageId: string }[];
  readonly Vms: readonly { readonly VmId: string; readonly State: string; readonly PrivateIp: string }[];
  readonly QuotaTypes: readonly { readonly Quotas: readonly object[] }[];
  readonly Net: { readonly NetId: string };
  readonly Subnet: { readonly SubnetId: string };
  readonly SecurityGroup: { readonly SecurityGroupId: string };
  readonly ConsoleOutput: string;
}

/** Whether the first thing of an answer's list is in this state. */
export const stateOf =
  (key: string, state: string) =>
  (answer: Answer): boolean =>
    (answer[key] as readonly { readonly State: string }[])[0]?.State === state;

/** The stand-in in this process, with a clock of its own that stands still until `wait`. */
export async function startInProcess(change: SettingsChange = {}): Promise<InProcess> {
  const folder = mkdtempSync(`${tmpdir()}/ecluse-outscale-`);
  let now = Date.now();
  const settings = changedSettings(usualSettings, { boot: 'none', requestsPerSecond: 1_000, ...change });
  const serve = () => serveOutscale({ folder, settings, port: 0, nowMs: () => now });
  let server = await serve();
  const reply = (action: string, request: unknown) => call(server.endpoint, action, request, { atMs: now });
  const ask = async (action: string, request: object = {}): Promise<Answer> => {
    const { status, body, text } = await reply(action, request);
    if (status !== 200) throw new Error(`${action}: ${status} ${text}`);
    return body as unknown as Answer;
  };
  return {
    get endpoint() {
      return server.endpoint;
    },
    folder,
    get lab() {
      return control(server.endpoint);
    },
    ask,
    async until(action, request, isThere) {
      for (let turn = 0; turn < 500; turn += 1) {
        const answer = await ask(action, request);
        if (isThere(answer)) return answer;
        now += 20;
      }
      throw new Error(`${action} never answered as expected: ${JSON.stringify(await ask(action, request))}`);
    },
    async refusal(action, request = {}) {
      const { status, body } = await reply(action, request);
      const [error] = (body.Errors ?? []) as readonly { Code: string; Type: string }[];
      return `${status} ${error?.Code} ${error?.Type}`;
    },
    wait(ms) {
      now += ms;
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    async again() {
      await server.stop();
      server = await serve();
    },
  };
}
