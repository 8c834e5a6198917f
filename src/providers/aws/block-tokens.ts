import { isMigrationError, type MigrationError } from '../../core/migration-error.ts';
import type { BlockList, Listed, ListedPage } from './block-list.ts';

/** The tokens of one listed page, as long as EBS takes them. */
export interface TokenWindow {
  readonly from: number;
  readonly end: number;
  readonly tokens: ReadonlyMap<number, string>;
  readonly pageToken?: string | undefined;
  /** Blocks read by it so far. */
  reads: number;
}

/** Tokens of one snapshot (or of its difference from an earlier one), shared by all readers of this process. */
export interface BlockTokens {
  /** The window that tells of this block, if one is at hand. */
  find(block: number): TokenWindow | undefined;
  /** Lists until one is. One listing at a time: whoever comes meanwhile waits for it and looks again. */
  list(block: number, signal: AbortSignal | undefined): Promise<TokenWindow>;
  /** A token of that window was refused. */
  drop(window: TokenWindow): void;
}

export interface TokenParts {
  readonly list: BlockList;
  readonly listed: Listed;
  readonly random: () => number;
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

const mostWindows = 8; // of 5,000 tokens: 8 MiB at most, for as many distant shards as a process reads at once
/** A window that served fewer reads than this was ended by another reader's listing before it was worth its call. */
const worthReads = 64;
const firstPauseMs = 100;
const longestPauseMs = 20_000;

/**
 * AWS may end all tokens of a snapshot when anybody lists it again (facts: sources §1.2). Readers in several processes would then end each other's
 * tokens for ever; so a reader whose windows die young waits, at random and up to twice as long each time, before it lists: as stations on one wire do.
 */
export function createBlockTokens({ list, listed, random, sleep }: TokenParts): BlockTokens {
  const windows: TokenWindow[] = [];
  let listing: Promise<MigrationError | undefined> | undefined;
  let refused = false;
  let collisions = 0;

  // By no clock: a token that has expired (7 days) is refused as any other, and a clock that differs would end all of them.
  const find = (block: number): TokenWindow | undefined => windows.findLast(({ from, end }) => from <= block && block < end);

  /** The last page may go on where this block lies: cheaper, and it ends nobody's tokens. */
  const before = (block: number): TokenWindow | undefined =>
    windows.findLast(({ end, tokens, pageToken }) => pageToken !== undefined && end <= block && block < end + Math.max(tokens.size, 1));

  async function extend(block: number, signal: AbortSignal | undefined): Promise<void> {
    if (refused) {
      await sleep(random() * Math.min(longestPauseMs, firstPauseMs * 2 ** collisions), signal);
      refused = false;
    }
    const last = before(block);
    const from = last?.end ?? block;
    const page = await list.page(listed, from, last?.pageToken, signal);
    windows.push(windowOf(page, from));
    if (windows.length > mostWindows) windows.shift();
  }

  return {
    find,
    async list(block, signal) {
      for (;;) {
        signal?.throwIfAborted();
        const window = find(block);
        if (window) return window;
        if (listing) {
          const failed = await orAbort(listing, signal);
          if (failed) throw failed;
          continue;
        }
        const mine = extend(block, signal);
        // Those who wait share its failure, but look again where it was this reader's own abort.
        listing = mine.then(
          () => undefined,
          (error) => (isMigrationError(error) ? error : undefined),
        );
        try {
          await mine;
        } finally {
          listing = undefined;
        }
      }
    },
    drop(window) {
      const at = windows.indexOf(window);
      if (at < 0) return;
      windows.splice(at, 1);
      collisions = window.reads < worthReads ? Math.min(collisions + 1, 10) : 0;
      refused = true;
    },
  };
}

const windowOf = ({ tokens, end, pageToken }: ListedPage, from: number): TokenWindow => ({ from, end, tokens, pageToken, reads: 0 });

/** Waits for another's listing, but not beyond one's own signal. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
