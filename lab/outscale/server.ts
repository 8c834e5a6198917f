import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { endGuest, endGuests, whyNotBooted } from '../hypervisor.ts';
import { actions, resume, settle } from './actions.ts';
import { type Answer, type Cloud, openCloud, save } from './cloud.ts';
import { createDoorkeeper } from './doorkeeper.ts';
import { type FaultKind, refusalOf } from './faults.ts';
import { answerLab } from './lab-pages.ts';
import { errorAnswer, OapiError, refused } from './oapi-error.ts';
import { seedCloud } from './seed.ts';
import type { OutscaleSettings } from './settings.ts';
import { checkShape } from './shape.ts';
import { bodyOf, type Site, send } from './site.ts';
import { vmFolder } from './vm-power.ts';

export interface OutscaleServer {
  readonly endpoint: string;
  /** Ends the guests and closes; what was answered before is on disk. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly folder: string;
  readonly settings: OutscaleSettings;
  /** 0: any free one. */
  readonly port: number;
  readonly nowMs?: () => number;
}

/** Serves a folder. Guests that a killed predecessor left are ended first: their disks are about to be used again. */
export async function serveOutscale({ folder, settings, port, nowMs }: ServerOptions): Promise<OutscaleServer> {
  await endGuests(`${folder}/vms`);
  const notBooted = settings.boot === 'none' ? 'booting is switched off' : whyNotBooted();
  const cloud = openCloud({ folder, settings, notBooted, ...(nowMs && { nowMs }) });
  const site: Site = { cloud, doorkeeper: createDoorkeeper(cloud), existing: await seedCloud(cloud) };
  resume(cloud);
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => void respond(site, request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  // Without a request nobody looks: a minute of silence would leave the history unwritten.
  const clock = setInterval(() => settle(cloud), 1_000);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      clearInterval(clock);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      save(cloud);
      cloud.isClosed = true;
      await Promise.all([...cloud.guests].map(([id, guest]) => endGuest(vmFolder(cloud, id), guest)));
      // An import from a store that says nothing would be waited for without end; the next start begins it again.
      await Promise.race([Promise.all(cloud.work), pause(3_000, undefined, { ref: false })]);
      await closed;
    },
  };
}

async function respond(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  settle(site.cloud);
  const [path = ''] = (request.url ?? '').split('?');
  if (path.startsWith('/lab/')) return answerLab(site, request, body, response);
  const name = /^\/api\/v1\/(\w+)$/.exec(path)?.[1] ?? '';
  const fault = site.cloud.faults.take(name);
  if (fault === 'slow') await pause(site.cloud.settings.times.slow);
  const requestId = randomUUID();
  try {
    const answer = await handle(site, { name, path, request, body, fault });
    save(site.cloud);
    // Done and on disk, and the caller does not know.
    if (fault === 'lost answer') return void response.destroy();
    send(response, 200, 'application/json', JSON.stringify({ ...answer, ResponseContext: { RequestId: requestId } }));
  } catch (error) {
    if (!(error instanceof OapiError) && !site.cloud.isClosed) console.error(error);
    const said = error instanceof OapiError ? error : refused(2000, 'The stand-in failed; its log says where.');
    const { contentType, body: text } = errorAnswer(said, refusalOf(fault, name)?.shape ?? 'oapi', requestId);
    send(response, said.status, contentType, text);
  }
}

interface Asked {
  readonly name: string;
  readonly path: string;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly fault: FaultKind | undefined;
}

async function handle({ cloud, doorkeeper }: Site, { name, path, request, body, fault }: Asked): Promise<Answer> {
  if (fault === 'lockout') for (const { accessKey } of cloud.settings.accounts) doorkeeper.lock(accessKey);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]));
  const account = doorkeeper.admit({ method: request.method ?? '', path, headers, body }, name);
  const refusal = refusalOf(fault, name);
  if (refusal) throw refused(refusal.code, 'A fault of the lab.');
  const known = actions[name];
  if (request.method !== 'POST' || !known) throw refused(5011, `There is no call ${name}.`);
  const asked = parse(body);
  checkShape(asked, known.shape);
  // What a dry run is answered with is published nowhere; the vendor's own tests expect success and nothing in it.
  const answer = (asked as { DryRun?: boolean }).DryRun ? {} : await known.run(cloud, asked, { account, fault });
  if (cloud.settings.isRecording) record(cloud, name, asked, answer);
  return answer;
}

function parse(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw refused(4110, 'The request is no JSON.');
  }
}

/** The query of a URL is its secret. */
function record(cloud: Cloud, action: string, request: unknown, answer: Answer): void {
  const line = JSON.stringify({ action, request, answer }, (key, value: unknown) => (key === 'FileLocation' ? String(value).split('?')[0] : value));
  appendFileSync(`${cloud.folder}/exchanges.jsonl`, `${line}\n`, { mode: 0o600 });
}
