import type { Prices } from '../model/prices.ts';

/** One disk: what its snapshot holds, where it was listed; else its size, which is the most that it can be. */
export interface EstimatedDisk {
  readonly sizeBytes: number;
  readonly usedBytes?: number;
}

export interface EstimateLimits {
  /** Calls a second of GetSnapshotBlock that are ours (ecluse.yaml: clouds.*.rates.blocks). */
  readonly blocksPerSecond: number;
  readonly prices?: Prices;
}

export type BindingLimit = 'account quota' | 'snapshot quota' | 'network' | 'target';

export interface Estimate {
  /** False: no snapshot was listed, so that these are upper bounds. */
  readonly isExact: boolean;
  readonly readBytes: number;
  readonly blockRequests: number;
  readonly listRequests: number;
  /** How long each limit alone would let the first copy take; those that are not known are missing. */
  readonly hours: Readonly<Partial<Record<BindingLimit, number>>>;
  readonly binds: BindingLimit;
  readonly unknown: readonly BindingLimit[];
  readonly cost?: { readonly currency: string; readonly sum: number; readonly asOf: string; readonly source: string; readonly withoutPrice: readonly string[] };
}

const blockBytes = 524_288;
const listedPerRequest = 10_000;
/** Of one snapshot, not to be raised (facts: sources §3). */
const blocksPerSecondOfSnapshot = 1000;
const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

/**
 * What the first copy of these disks takes. Each byte is read once from the source, sent once to the target and read once back; a delta costs the
 * changed blocks only. Disks are read side by side, so the largest decides what the quota of a snapshot means.
 */
export function estimateCopy(disks: readonly EstimatedDisk[], { blocksPerSecond, prices }: EstimateLimits): Estimate {
  const blocks = disks.map(({ sizeBytes, usedBytes }) => Math.ceil((usedBytes ?? sizeBytes) / blockBytes));
  const blockRequests = blocks.reduce((sum, count) => sum + count, 0);
  const readBytes = blockRequests * blockBytes;
  const listRequests = blocks.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / listedPerRequest)), 0);
  const { networkMebibytes, targetMebibytes } = prices?.rates ?? {};
  const atRate = (mebibytes: number | undefined): number | undefined => (mebibytes === undefined ? undefined : readBytes / mebibyte / mebibytes / 3600);
  const hours = known({
    'account quota': blockRequests / blocksPerSecond / 3600,
    'snapshot quota': Math.max(0, ...blocks) / blocksPerSecondOfSnapshot / 3600,
    network: atRate(networkMebibytes),
    target: atRate(targetMebibytes),
  });
  const ranked = (Object.entries(hours) as [BindingLimit, number][]).sort(([, a], [, b]) => b - a);
  return {
    isExact: disks.every(({ usedBytes }) => usedBytes !== undefined),
    readBytes,
    blockRequests,
    listRequests,
    hours,
    binds: ranked[0]?.[0] ?? 'account quota',
    unknown: (['network', 'target'] as const).filter((limit) => hours[limit] === undefined),
    ...(prices ? costOf(prices, { readBlock: blockRequests, listBlocks: listRequests, egressGib: readBytes / gibibyte }) : {}),
  };
}

function known(hours: Readonly<Record<BindingLimit, number | undefined>>): Partial<Record<BindingLimit, number>> {
  return Object.fromEntries(Object.entries(hours).filter(([, value]) => value !== undefined));
}

/** A sum of what has a price, and which parts have none: a part without one is never taken for nothing. */
function costOf({ prices, currency, asOf, source }: Prices, units: Readonly<Record<keyof Prices['prices'], number>>): Pick<Estimate, 'cost'> {
  const names = Object.keys(units) as (keyof Prices['prices'])[];
  const priced = names.filter((name) => prices[name] !== undefined);
  if (priced.length === 0) return {};
  const sum = priced.reduce((total, name) => total + (units[name] / (prices[name]?.per ?? 1)) * (prices[name]?.price ?? 0), 0);
  return { cost: { currency, sum, asOf, source, withoutPrice: names.filter((name) => !priced.includes(name)) } };
}
