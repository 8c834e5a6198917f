import type { IncomingMessage, ServerResponse } from 'node:http';
import { save } from './cloud.ts';
import { diskFile } from './disk-files.ts';
import type { OutscaleFault } from './faults.ts';
import { OapiError } from './oapi-error.ts';
import { reachableOf } from './reachable.ts';
import { changedSettings, type SettingsChange } from './settings.ts';
import { type Site, send } from './site.ts';

/** The pages that no cloud has, for whoever runs the lab; unsigned, on loopback. GET reads, POST sets. */
export function answerLab(site: Site, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://lab');
  const page = pages[`${request.method} ${url.pathname}`];
  try {
    if (!page) throw new Error('no such page');
    const answer = page(site, url.searchParams, body.length > 0 ? JSON.parse(body.toString()) : undefined);
    save(site.cloud);
    send(response, 200, 'application/json', JSON.stringify(answer ?? {}));
  } catch (error) {
    send(response, error instanceof OapiError ? 404 : 400, 'text/plain', error instanceof Error ? error.message : 'refused');
  }
}

type Page = (site: Site, query: URLSearchParams, body: unknown) => unknown;

const pages: Readonly<Record<string, Page>> = {
  'GET /lab/ready': ({ cloud }) => ({ boots: cloud.notBooted === undefined, notBooted: cloud.notBooted }),
  'GET /lab/existing': ({ existing }) => existing,
  'GET /lab/counts': ({ doorkeeper }) => doorkeeper.counts(),
  'POST /lab/counts': ({ doorkeeper }) => doorkeeper.resetCounts(),
  'GET /lab/history': ({ cloud }) => cloud.state.history,
  'GET /lab/running': ({ cloud }) =>
    Object.values(cloud.state.vms)
      .filter(({ state }) => ['pending', 'running', 'stopping', 'shutting-down'].includes(state))
      .map(({ id, state }) => ({ vm: id, state })),
  'GET /lab/reachable': ({ cloud }, query) => reachableOf(cloud, query.get('vm') ?? ''),
  'GET /lab/disk': ({ cloud }, query) => diskOf(cloud, query.get('id') ?? ''),
  // Without the URL of an import under way, which is a secret.
  'GET /lab/snapshot': ({ cloud }, query) => {
    const { import: _secret, ...snapshot } = cloud.state.snapshots[query.get('id') ?? ''] ?? {};
    return snapshot;
  },
  'GET /lab/faults': ({ cloud }) => ({ hits: cloud.faults.hits() }),
  'POST /lab/faults': ({ cloud }, _query, body) => cloud.faults.set(body as readonly OutscaleFault[]),
  'POST /lab/settings': ({ cloud }, _query, body) => {
    cloud.settings = changedSettings(cloud.settings, body as SettingsChange);
  },
};

function diskOf(cloud: Site['cloud'], id: string): { readonly file: string } {
  if (!cloud.state.snapshots[id] && !cloud.state.volumes[id]) throw new Error(`There is no ${id}.`);
  return { file: diskFile(cloud, id) };
}
