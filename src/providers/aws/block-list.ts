import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { blockBytes } from '../../model/disk.ts';
import { canonicalQuery } from '../../wire/sigv4.ts';
import { type EbsCaller, StaleToken } from './ebs-call.ts';

/** What is listed: a snapshot's blocks, or (`since`) those in which it differs from an earlier one. */
export interface Listed {
  readonly snapshot: string;
  readonly since?: string | undefined;
}

export interface ListedPage {
  /** Of the blocks that are there, ascending: index and token. */
  readonly tokens: ReadonlyMap<number, string>;
  /** Gone from the snapshot since the earlier one. */
  readonly cleared: readonly number[];
  /** Every block from where the page was asked for up to here, this one excluded, is told by it. Infinity at the end of the list. */
  readonly end: number;
  /** Goes on where the page ends; lives 60 minutes, in memory only. */
  readonly pageToken?: string;
  readonly sizeBytes: number;
}

export interface BlockList {
  /**
   * The page from block `from` on, with at least one block unless the list ends. With a page token that is no longer taken, it is listed anew from
   * that block. Each new listing may end the tokens of every earlier one of that snapshot, so one that can go on by its page token does.
   */
  page(listed: Listed, from: number, pageToken: string | undefined, signal: AbortSignal | undefined): Promise<ListedPage>;
}

/** Why EBS does not read a snapshot that it refuses to know: EC2 can tell. */
export type WhyUnread = (snapshot: string, signal: AbortSignal | undefined) => Promise<'SNAPSHOT_MISSING' | 'SNAPSHOT_FAILED' | 'TARGET_BUSY'>;

/** AWS takes 100 to 10,000. 2.5 GiB of a full disk: a list every five seconds at the usual rate, and half a megabyte of tokens. */
const blocksOfPage = 5_000;

export function createBlockList(caller: EbsCaller, whyUnread: WhyUnread): BlockList {
  async function ask({ snapshot, since }: Listed, from: number, pageToken: string | undefined, signal: AbortSignal | undefined): Promise<Answered> {
    // AWS ignores startingBlockIndex beside a page token; it is left out, so that nobody reads it as meant.
    const at = pageToken === undefined ? { startingBlockIndex: from } : { pageToken };
    const query = canonicalQuery({ ...at, maxResults: blocksOfPage, firstSnapshotId: since });
    const operation = since === undefined ? ('ListSnapshotBlocks' as const) : ('ListChangedBlocks' as const);
    let chunks: Buffer[] = [];
    const begin = (): void => {
      chunks = [];
    };
    const path = since === undefined ? 'blocks' : 'changedblocks';
    await caller.call({ operation, snapshot, path, query, begin, sink: (chunk) => chunks.push(Buffer.from(chunk)), signal });
    return parsed(Buffer.concat(chunks), { operation, source: caller.place });
  }

  async function explained(error: unknown, { snapshot, since }: Listed, signal: AbortSignal | undefined): Promise<unknown> {
    if (error instanceof StaleToken) return new MigrationError('UNAVAILABLE', { operation: 'ListSnapshotBlocks', source: caller.place, detail: error.message });
    if (!isMigrationError(error, 'SNAPSHOT_MISSING')) return error;
    for (const id of since === undefined ? [snapshot] : [snapshot, since]) {
      const code = await whyUnread(id, signal);
      if (code !== 'SNAPSHOT_MISSING') return new MigrationError(code, error.context);
    }
    return error;
  }

  return {
    async page(listed, from, pageToken, signal) {
      for (let token = pageToken; ; ) {
        let answer: Answered;
        try {
          answer = await ask(listed, from, token, signal);
        } catch (error) {
          // An hour has passed, or another listing began: from the index, which never ends.
          if (!(error instanceof StaleToken) || token === undefined) throw await explained(error, listed, signal);
          token = undefined;
          continue;
        }
        const page = pageOf(answer);
        // An empty page with a token is not the end (facts: sources §1.3), and tells no index to go on from.
        if (page.end !== from || page.pageToken === undefined) return page;
        token = page.pageToken;
      }

      function pageOf({ blocks, NextToken, VolumeSize }: Answered): ListedPage {
        const tokens = new Map<number, string>();
        const cleared: number[] = [];
        let last = from - 1;
        for (const { BlockIndex, BlockToken, SecondBlockToken } of blocks) {
          // A page by token may begin behind `from`, never before it.
          const token = BlockToken ?? SecondBlockToken;
          if (token === undefined) cleared.push(BlockIndex);
          else tokens.set(BlockIndex, token);
          last = BlockIndex;
        }
        return {
          tokens,
          cleared,
          end: NextToken ? last + 1 : Number.POSITIVE_INFINITY,
          ...(NextToken ? { pageToken: NextToken } : {}),
          sizeBytes: VolumeSize * bytesOfGiB,
        };
      }
    },
  };
}

const bytesOfGiB = 2 ** 30;

/** As the service model names them. */
interface Answered {
  readonly blocks: readonly { readonly BlockIndex: number; readonly BlockToken?: string; readonly SecondBlockToken?: string }[];
  readonly NextToken?: string | null;
  readonly VolumeSize: number;
}

/** Only what we rely on is checked: the block size, ascending indexes, the disk's size. */
function parsed(body: Buffer, context: { readonly operation: string; readonly source: string }): Answered {
  const answer = readJson(body);
  const blocks = answer?.Blocks ?? answer?.ChangedBlocks;
  if (!answer || !Array.isArray(blocks) || typeof answer.VolumeSize !== 'number')
    throw new MigrationError('BODY_LENGTH', { ...context, detail: 'no list of blocks' });
  if (answer.BlockSize !== blockBytes) throw new MigrationError('UNSUPPORTED', { ...context, detail: `blocks of ${answer.BlockSize} bytes` });
  let last = -1;
  for (const { BlockIndex } of blocks) {
    if (!Number.isSafeInteger(BlockIndex) || BlockIndex <= last) throw new MigrationError('UNEXPECTED', { ...context, detail: 'indexes do not ascend' });
    last = BlockIndex;
  }
  return { blocks, NextToken: answer.NextToken ?? null, VolumeSize: answer.VolumeSize };
}

type RawPage = Partial<Omit<Answered, 'blocks'>> & {
  readonly BlockSize?: number;
  readonly Blocks?: Answered['blocks'];
  readonly ChangedBlocks?: Answered['blocks'];
};

function readJson(body: Buffer): RawPage | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as RawPage;
  } catch {
    return undefined;
  }
}
