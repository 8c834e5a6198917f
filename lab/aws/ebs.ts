import { type Answer, ApiError } from './api-error.ts';
import { blockBytes } from './block-pack.ts';
import { type BlockIndex, positionOf } from './disk-image.ts';
import type { Fault } from './fault.ts';
import { type PageToken, readBlockToken, readPageToken, writeToken } from './tokens.ts';
import type { Place, SnapshotRecord, World } from './world.ts';

export interface EbsCall {
  readonly action: 'ListSnapshotBlocks' | 'ListChangedBlocks' | 'GetSnapshotBlock';
  readonly snapshot: string;
  readonly block: number;
  readonly query: URLSearchParams;
}

/** Which call of the EBS direct APIs this is, or undefined for one that the lab does not know. */
export function ebsCall(method: string, url: URL): EbsCall | undefined {
  const [, snapshots, snapshot = '', list, block] = url.pathname.split('/');
  if (method !== 'GET' || snapshots !== 'snapshots') return undefined;
  const call = { snapshot, block: Number(block ?? 0), query: url.searchParams };
  if (list === 'changedblocks' && block === undefined) return { ...call, action: 'ListChangedBlocks' };
  if (list === 'blocks') return { ...call, action: block === undefined ? 'ListSnapshotBlocks' : 'GetSnapshotBlock' };
  return undefined;
}

export const invalid = (reason: string, sentence: string): ApiError => new ApiError('ValidationException', 400, sentence, reason);

/** Answers the call as AWS documents it: field names and reasons are those of its service model. */
export async function answerEbs(world: World, call: EbsCall, place: Place, faults: readonly Fault[]): Promise<Answer> {
  if (call.action === 'GetSnapshotBlock') return getBlock(world, call, place, faults);
  return json(call.action === 'ListSnapshotBlocks' ? listBlocks(world, call, place) : listChanges(world, call, place));
}

/** Takes the call off the quotas, or says which one is used up. */
export function passQuota(world: World, call: EbsCall, place: Place): void {
  const { throttle, quotas } = world.saved.settings;
  const account = `${place.account}/${place.region}/${call.action}`;
  const nowMs = Date.now();
  world.counts.add(account, nowMs);
  if (call.action === 'GetSnapshotBlock') world.counts.add(`${call.snapshot}/${call.action}`, nowMs);
  if (!throttle) return;
  const isGet = call.action === 'GetSnapshotBlock';
  if (!world.mayPass(account, isGet ? quotas.blocksPerAccount : quotas.lists, nowMs)) throw throttled('ACCOUNT_THROTTLED');
  if (isGet && !world.mayPass(call.snapshot, quotas.blocksPerSnapshot, nowMs)) throw throttled('RESOURCE_LEVEL_THROTTLE');
}

export const throttled = (reason: string): ApiError => new ApiError('RequestThrottledException', 400, 'The number of API requests exceeds the limit.', reason);

/** The snapshot, if these APIs read it: the caller's own, in this region, completed. */
function readable(world: World, id: string, place: Place): SnapshotRecord {
  if (!/^snap-[0-9a-f]+$/.test(id)) throw invalid('INVALID_SNAPSHOT_ID', 'This is no snapshot id.');
  const found = world.saved.snapshots[id];
  const isTheirs = found?.place.account === place.account && found.place.region === place.region;
  if (!found || !isTheirs || found.state === 'deleted' || found.state === 'recycled')
    throw new ApiError('ResourceNotFoundException', 404, `The snapshot '${id}' does not exist.`, 'SNAPSHOT_NOT_FOUND');
  if (found.state === 'error' || world.nowMs() < found.readyMs) throw invalid('INVALID_SNAPSHOT_ID', 'The snapshot is not in the completed state.');
  return found;
}

function listBlocks(world: World, { snapshot, query }: EbsCall, place: Place): object {
  const record = readable(world, snapshot, place);
  const { blocks } = world.index(snapshot);
  const page = pageOf(world, `blocks/${snapshot}`, query, [record]);
  const at = positionOf(blocks, page.from);
  const shown = blocks.subarray(at, at + page.length);
  const token = tokenMaker(world, page.untilMs);
  return {
    Blocks: [...shown].map((block) => ({ BlockIndex: block, BlockToken: token(snapshot, record, block) })),
    ...shared(record, page),
    ...page.next(blocks[at + page.length]),
  };
}

function listChanges(world: World, { snapshot: second, query }: EbsCall, place: Place): object {
  const first = query.get('firstSnapshotId');
  if (!first) throw invalid('INVALID_SNAPSHOT_ID', 'firstSnapshotId is missing.');
  const [before, after] = [readable(world, first, place), readable(world, second, place)];
  if (before.lineage !== after.lineage) throw invalid('UNRELATED_SNAPSHOTS', 'The snapshots are not of one volume.');
  const page = pageOf(world, `changes/${first}/${second}`, query, [before, after]);
  const changes = differences(world.index(first), world.index(second), page.from, page.length + 1);
  const token = tokenMaker(world, page.untilMs);
  return {
    ChangedBlocks: changes.slice(0, page.length).map(({ block, wasThere, isThere }) => ({
      BlockIndex: block,
      ...(wasThere && { FirstBlockToken: token(first, before, block) }),
      ...(isThere && { SecondBlockToken: token(second, after, block) }),
    })),
    ...shared(after, page),
    ...page.next(changes[page.length]?.block),
  };
}

const tokenMaker =
  (world: World, untilMs: number) =>
  (snapshot: string, { listings }: SnapshotRecord, block: number): string =>
    writeToken({ snapshot, block, listing: listings, untilMs }, world.saved.tokenSecret);

const shared = ({ sizeGiB }: SnapshotRecord, { untilMs }: Page): object => ({ BlockSize: blockBytes, VolumeSize: sizeGiB, ExpiryTime: untilMs / 1000 });

interface Page {
  readonly from: number;
  /** 0 = an empty page, in the middle of the list. */
  readonly length: number;
  /** End of the block tokens on it. */
  readonly untilMs: number;
  next(block: number | undefined): { readonly NextToken?: string };
}

function pageOf(world: World, list: string, query: URLSearchParams, snapshots: readonly SnapshotRecord[]): Page {
  const { settings, tokenSecret } = world.saved;
  const asked = numberIn(query, 'maxResults', 10_000);
  if (asked < 100 || asked > 10_000) throw invalid('INVALID_PARAMETER_VALUE', 'maxResults must be 100 to 10,000.');
  const token = query.get('pageToken');
  const begun = token === null ? undefined : pageToken(world, token, list);
  // A page that goes on belongs to the listing that began it; only a new one changes the tokens.
  if (!begun) for (const snapshot of snapshots) snapshot.listings += 1;
  const from = begun?.from ?? numberIn(query, 'startingBlockIndex', 0);
  const page = (begun?.page ?? 0) + 1;
  const isEmpty = settings.emptyPageEvery > 0 && page % settings.emptyPageEvery === 0;
  const listing = snapshots[0]?.listings ?? 0;
  const untilMs = world.nowMs() + settings.pageTokenMs;
  return {
    from,
    length: isEmpty ? 0 : settings.pageSize > 0 ? Math.min(asked, settings.pageSize) : asked,
    untilMs: world.nowMs() + settings.blockTokenMs,
    next: (block) => (block === undefined ? {} : { NextToken: writeToken({ list, from: block, page, listing, untilMs }, tokenSecret) }),
  };
}

function numberIn(query: URLSearchParams, name: string, usual: number): number {
  const text = query.get(name);
  if (text === null) return usual;
  if (!/^\d+$/.test(text)) throw invalid('INVALID_PARAMETER_VALUE', `${name} must be a whole number.`);
  return Number(text);
}

function pageToken(world: World, text: string, list: string): PageToken {
  const token = readPageToken(text, world.saved.tokenSecret);
  if (!token || token.list !== list || token.untilMs < world.nowMs()) throw invalid('INVALID_PAGE_TOKEN', 'The page token is not of this list, or too old.');
  return token;
}

interface Difference {
  readonly block: number;
  readonly wasThere: boolean;
  readonly isThere: boolean;
}

/** At most `most` blocks, from block `from` on, that are in one of the two only, or in both with other bytes. */
function differences(first: BlockIndex, second: BlockIndex, from: number, most: number): readonly Difference[] {
  const found: Difference[] = [];
  let [a, b] = [positionOf(first.blocks, from), positionOf(second.blocks, from)];
  while (found.length < most && (a < first.blocks.length || b < second.blocks.length)) {
    const block = Math.min(first.blocks[a] ?? Number.POSITIVE_INFINITY, second.blocks[b] ?? Number.POSITIVE_INFINITY);
    const [wasThere, isThere] = [first.blocks[a] === block, second.blocks[b] === block];
    // The pack holds each content once: the same slot is the same bytes.
    if (!wasThere || !isThere || first.slots[a] !== second.slots[b]) found.push({ block, wasThere, isThere });
    if (wasThere) a += 1;
    if (isThere) b += 1;
  }
  return found;
}

async function getBlock(world: World, { snapshot, block, query }: EbsCall, place: Place, faults: readonly Fault[]): Promise<Answer> {
  const record = readable(world, snapshot, place);
  const token = readBlockToken(query.get('blockToken') ?? '', world.saved.tokenSecret);
  const isOld = token !== undefined && (token.untilMs < world.nowMs() || (world.saved.settings.rotateTokens && token.listing !== record.listings));
  if (!token || token.snapshot !== snapshot || token.block !== block || isOld)
    throw invalid('INVALID_BLOCK_TOKEN', 'The block token is not of this block, or too old.');
  const { blocks, slots } = world.index(snapshot);
  const slot = slots[positionOf(blocks, block)] ?? 0;
  const bytes = await world.pack.read(slot);
  note(world, snapshot, block);
  if (faults.some(({ what }) => what === 'wrong checksum')) bytes[0] = (bytes[0] ?? 0) ^ 0xff;
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'x-amz-data-length': String(blockBytes),
      'x-amz-checksum': world.pack.digest(slot).toString('base64'),
      'x-amz-checksum-algorithm': 'SHA256',
    },
    body: bytes,
  };
}

function note({ reads }: World, snapshot: string, block: number): void {
  const read = reads.get(snapshot) ?? { requests: 0, blocks: new Set<number>() };
  reads.set(snapshot, read);
  read.requests += 1;
  read.blocks.add(block);
}

const json = (value: object): Answer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
