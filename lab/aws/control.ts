import { type Act, adoptVolume, ensureVolume, perform } from './act.ts';
import { type EstateSpec, makeEstate } from './estate.ts';
import type { Fault } from './fault.ts';
import { usualAccount } from './moto-call.ts';
import type { LabKey, Settings, World } from './world.ts';

/** What `/lab/…` takes: `path` is what stands behind it. Answers JSON; throws for an unknown path or a wrong order. */
export async function control(world: World, path: string, query: URLSearchParams, body: unknown): Promise<unknown> {
  const { saved } = world;
  switch (path) {
    case 'ready':
      return { ready: true };
    case 'estate':
      return makeEstate(world, body as EstateSpec);
    case 'act':
      await perform(world, body as Act);
      return {};
    case 'faults':
      if (body !== undefined) world.faults.set(body as readonly Fault[]);
      return { hits: world.faults.hits() };
    case 'settings':
      change(world, (body ?? {}) as Partial<Settings>);
      return saved.settings;
    case 'clock':
      saved.aheadMs += (body as { forwardMs: number } | undefined)?.forwardMs ?? 0;
      world.save();
      return { nowMs: world.nowMs() };
    case 'keys':
      return changeKey(world, body as Partial<LabKey> & { accessKey: string });
    case 'counts':
      return world.counts.report();
    case 'requests':
      return world.requests;
    case 'reads':
      return reads(world, query.get('snapshot') ?? '');
    case 'forget':
      world.counts.clear();
      world.reads.clear();
      world.requests = [];
      return {};
    case 'volume':
      return volume(world, query);
    case 'snapshots':
      return saved.snapshots;
    default:
      throw new Error(`the lab knows no /lab/${path}`);
  }
}

function change(world: World, { quotas, ...settings }: Partial<Settings>): void {
  Object.assign(world.saved.settings, settings);
  Object.assign(world.saved.settings.quotas, quotas);
  world.save();
}

/** A new key, or another state of one that there is: `expired` and `revoked` are what a night brings. */
function changeKey(world: World, wanted: Partial<LabKey> & { accessKey: string }): { readonly accessKey: string } {
  const known = world.saved.keys[wanted.accessKey];
  if (!known && !wanted.secretKey) throw new Error('a new key needs a secret');
  world.saved.keys[wanted.accessKey] = { secretKey: '', account: usualAccount, state: 'active', denied: [], ...known, ...wanted };
  world.save();
  return { accessKey: wanted.accessKey };
}

function reads(world: World, snapshot: string): { readonly requests: number; readonly blocks: readonly number[] } {
  const { requests = 0, blocks = new Set<number>() } = world.reads.get(snapshot) ?? {};
  return { requests, blocks: [...blocks].sort((a, b) => a - b) };
}

/** The disk's own file, for whoever plays the guest: it may be written while no snapshot is being made. */
async function volume(world: World, query: URLSearchParams): Promise<{ readonly file: string; readonly sizeBytes: number }> {
  const id = query.get('id') ?? '';
  if (!world.saved.volumes[id]) adoptVolume(world, id, { account: query.get('account') ?? usualAccount, region: query.get('region') ?? 'eu-west-3' });
  return ensureVolume(world, id);
}
