import { hash } from 'node:crypto';
import { ebsError, type Heard, type Said } from './scripted-aws.ts';

export const blockBytes = 524_288;
const zeroBlock = Buffer.alloc(blockBytes);

/** A block whose bytes follow from its number. */
export function patterned(seed: number): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  for (let at = 0; at < blockBytes; at += 4_096) bytes.writeUInt32LE(seed + at + 1, at);
  return bytes;
}

export interface SmallEbs {
  /** By id: block → content. */
  readonly snapshots: Map<string, Map<number, Buffer>>;
  readonly answer: (heard: Heard) => Said;
  /** A new listing ends all tokens given before. */
  rotates: boolean;
  pageSize: number;
  emptyEvery: number;
  pageTokensLive: boolean;
  listings: number;
  /** All tokens given so far end. */
  expire(): void;
}

/** EBS direct as its pages tell it: pages, empty ones among them, tokens that end, checksums. Of one lineage, 1 GiB. */
export function smallEbs(): SmallEbs {
  let pages = 0;
  let age = 0;
  const generation = new Map<string, number>();
  const ebs: SmallEbs = {
    snapshots: new Map(),
    rotates: false,
    pageSize: 10_000,
    emptyEvery: 0,
    pageTokensLive: true,
    listings: 0,
    expire: () => void age++,
    answer({ operation, form, request }) {
      const [, , id = '', , block] = new URL(request.origin + request.path).pathname.split('/');
      const blocks = ebs.snapshots.get(id);
      if (!blocks) return ebsError('ResourceNotFoundException', 404, 'SNAPSHOT_NOT_FOUND');
      if (operation === 'GetSnapshotBlock') return getBlock(id, blocks, Number(block), form);
      const before = operation === 'ListChangedBlocks' ? ebs.snapshots.get(form.get('firstSnapshotId') ?? '') : undefined;
      return list(id, blocks, before, form);
    },
  };

  const token = (id: string, block: number): string => Buffer.from(`${id}/${block}/${generation.get(id) ?? 0}/${age}`).toString('base64');

  function getBlock(id: string, blocks: Map<number, Buffer>, block: number, form: URLSearchParams): Said {
    const [of, index, made, born] = Buffer.from(form.get('blockToken') ?? '', 'base64')
      .toString()
      .split('/');
    if (Number(born) !== age || of !== id || Number(index) !== block || (ebs.rotates && Number(made) !== generation.get(id)))
      return ebsError('ValidationException', 400, 'INVALID_BLOCK_TOKEN');
    const body = blocks.get(block) ?? zeroBlock;
    const checksum = hash('sha256', body, 'buffer').toString('base64');
    return { status: 200, headers: { 'x-amz-data-length': String(body.length), 'x-amz-checksum': checksum, 'x-amz-checksum-algorithm': 'SHA256' }, body };
  }

  function list(id: string, blocks: Map<number, Buffer>, before: Map<number, Buffer> | undefined, form: URLSearchParams): Said {
    ebs.listings++;
    const pageToken = form.get('pageToken');
    if (pageToken !== null && !ebs.pageTokensLive) return ebsError('ValidationException', 400, 'INVALID_PAGE_TOKEN');
    if (pageToken === null) generation.set(id, (generation.get(id) ?? 0) + 1);
    const from = Number(pageToken === null ? form.get('startingBlockIndex') : Buffer.from(pageToken, 'base64').toString());
    const size = Math.min(ebs.pageSize, Number(form.get('maxResults')));
    const all = [...new Set([...blocks.keys(), ...(before?.keys() ?? [])])].sort((a, b) => a - b).filter((block) => block >= from);
    const asked = before ? all.filter((block) => !before.get(block)?.equals(blocks.get(block) ?? Buffer.alloc(0))) : all;
    pages++;
    const shown = ebs.emptyEvery > 0 && pages % ebs.emptyEvery === 0 ? [] : asked.slice(0, size);
    const next = asked[shown.length];
    const entries = shown.map((block) => ({ BlockIndex: block, ...tokensOf(block) }));
    const page = { [before ? 'ChangedBlocks' : 'Blocks']: entries, BlockSize: blockBytes, VolumeSize: 1, ExpiryTime: Date.now() / 1000 + 604_800 };
    return { status: 200, body: JSON.stringify({ ...page, ...(next === undefined ? {} : { NextToken: Buffer.from(String(next)).toString('base64') }) }) };

    function tokensOf(block: number): object {
      if (!before) return { BlockToken: token(id, block) };
      return { ...(before.has(block) && { FirstBlockToken: 'Zmlyc3Q=' }), ...(blocks.has(block) && { SecondBlockToken: token(id, block) }) };
    }
  }

  return ebs;
}
