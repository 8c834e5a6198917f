import { hash } from 'node:crypto';
import { MigrationError } from '../../core/migration-error.ts';
import { blockBytes } from '../../model/disk.ts';
import type { BlockPage, BlockReader, DiskSource } from '../../ports/disk-source.ts';
import type { HttpAnswer } from '../../ports/transport.ts';
import { type Patience, patience as usual } from '../../wire/retry.ts';
import { canonicalQuery } from '../../wire/sigv4.ts';
import { type BlockList, createBlockList, type Listed, type WhyUnread } from './block-list.ts';
import { type BlockTokens, createBlockTokens } from './block-tokens.ts';
import { type EbsCaller, StaleToken } from './ebs-call.ts';

export interface DiskSourceParts {
  readonly caller: EbsCaller;
  readonly whyUnread: WhyUnread;
  readonly patience?: Pick<Patience, 'random' | 'sleep'>;
}

const mostSnapshots = 64; // whose tokens are kept; the oldest opened go first
const staleTries = 16; // lists in a row whose token for one block was refused: with its pauses, some minutes

/** EBS snapshots by the direct APIs: paged, paced, every block compared with its checksum. */
export function createDiskSource({ caller, whyUnread, patience = usual }: DiskSourceParts): DiskSource {
  const list = createBlockList(caller, whyUnread);
  const pages = createPages(list);
  const known = new Map<string, BlockTokens>();

  function tokensOf(listed: Listed): BlockTokens {
    const name = `${listed.since ?? ''}/${listed.snapshot}`;
    const tokens = known.get(name) ?? createBlockTokens({ list, listed, random: patience.random, sleep: patience.sleep });
    known.delete(name);
    known.set(name, tokens);
    for (const [oldest] of known) if (known.size > mostSnapshots) known.delete(oldest);
    return tokens;
  }

  return {
    blocks: (snapshot, from, signal) => pages({ snapshot }, from, signal),
    changes: (first, second, from, signal) => pages({ snapshot: second, since: first }, from, signal),
    open(snapshot, since) {
      const all = tokensOf({ snapshot });
      const changed = since === undefined ? undefined : tokensOf({ snapshot, since });
      return createReader(caller, snapshot, changed ? [changed, all] : [all]);
    },
  };
}

/** A listing goes on by its page token where it can; the token never leaves this process, and is no loss. */
function createPages(list: BlockList): (listed: Listed, from: number, signal: AbortSignal | undefined) => Promise<BlockPage> {
  const goingOn = new Map<string, string>();
  return async (listed, from, signal) => {
    const name = `${listed.since ?? ''}/${listed.snapshot}/`;
    const pageToken = goingOn.get(name + from);
    const page = await list.page(listed, from, pageToken, signal);
    goingOn.delete(name + from);
    const { tokens, cleared, end, sizeBytes } = page;
    if (page.pageToken === undefined) return { blocks: [...tokens.keys()], cleared, sizeBytes };
    goingOn.set(name + end, page.pageToken);
    for (const [oldest] of goingOn) if (goingOn.size > mostSnapshots) goingOn.delete(oldest);
    return { blocks: [...tokens.keys()], cleared, next: end, sizeBytes };
  };
}

/** `stores`: where a block's token is looked for, in turn; in none = not in the snapshot, and it reads as zeros. */
function createReader(caller: EbsCaller, snapshot: string, stores: readonly BlockTokens[]): BlockReader {
  async function readBy(tokens: BlockTokens, block: number, into: Buffer, signal: AbortSignal | undefined): Promise<string | undefined> {
    for (let n = 1; ; n++) {
      const window = tokens.find(block) ?? (await tokens.list(block, signal));
      const token = window.tokens.get(block);
      if (token === undefined) return undefined;
      try {
        const sha256 = await readBlock(caller, { snapshot, block, token }, into, signal);
        window.reads++;
        return sha256;
      } catch (error) {
        if (!(error instanceof StaleToken)) throw error;
        if (n >= staleTries) throw new MigrationError('UNAVAILABLE', { operation: 'GetSnapshotBlock', source: caller.place, detail: error.message });
        tokens.drop(window);
      }
    }
  }

  return {
    async read(block, into, signal) {
      if (into.length !== blockBytes) throw new RangeError(`a block is ${blockBytes} bytes, not ${into.length}`);
      for (const tokens of stores) {
        const sha256 = await readBy(tokens, block, into, signal);
        if (sha256 !== undefined) return sha256;
      }
      into.fill(0);
      return zeroDigest.hex;
    },
  };
}

interface AskedBlock {
  readonly snapshot: string;
  readonly block: number;
  readonly token: string;
}

/** Straight from the socket's buffer into the caller's. A try that fails half-way is written over by the next. */
async function readBlock(caller: EbsCaller, { snapshot, block, token }: AskedBlock, into: Buffer, signal: AbortSignal | undefined): Promise<string> {
  let filled = 0;
  let sha256 = '';
  await caller.call({
    operation: 'GetSnapshotBlock',
    snapshot,
    path: `blocks/${block}`,
    query: canonicalQuery({ blockToken: token }),
    begin() {
      filled = 0;
    },
    sink(chunk) {
      if (filled + chunk.length <= blockBytes) into.set(chunk, filled);
      filled += chunk.length;
    },
    accept(answer) {
      sha256 = checked(answer, filled, into, caller.place);
    },
    signal,
  });
  return sha256;
}

/** Length first (it is a checksum too), then AWS's own over the bytes. One shot: the block is still in the processor's cache. */
function checked({ headers }: HttpAnswer, filled: number, into: Buffer, source: string): string {
  const context = { operation: 'GetSnapshotBlock', source };
  if (filled !== blockBytes || headers['x-amz-data-length'] !== String(blockBytes))
    throw new MigrationError('BODY_LENGTH', { ...context, detail: `${filled} bytes of ${headers['x-amz-data-length'] ?? 'an untold number'}` });
  if (headers['x-amz-checksum-algorithm'] !== 'SHA256') throw new MigrationError('BLOCK_CHECKSUM', { ...context, detail: 'not by SHA256' });
  const digest = digestOf(into);
  if (digest.base64 !== headers['x-amz-checksum']) throw new MigrationError('BLOCK_CHECKSUM', context);
  return digest.hex;
}

interface BlockDigest {
  readonly hex: string;
  readonly base64: string;
}

const zeros = Buffer.alloc(blockBytes);
const hashed = (bytes: Buffer): BlockDigest => {
  const digest = hash('sha256', bytes, 'buffer');
  return { hex: digest.toString('hex'), base64: digest.toString('base64') };
};
const zeroDigest = hashed(zeros);
/** To compare with zeros costs an eighth of hashing them, and next to nothing where the first bytes differ (facts: data-path §5). */
const digestOf = (bytes: Buffer): BlockDigest => (bytes.equals(zeros) ? zeroDigest : hashed(bytes));
