import { createHmac } from 'node:crypto';

/** What a block's token says: it opens this block of this snapshot, and comes from this listing of it. */
export interface BlockToken {
  readonly snapshot: string;
  readonly block: number;
  /** How many listings of the snapshot had begun. */
  readonly listing: number;
  readonly untilMs: number;
}

/** Where a listing goes on. */
export interface PageToken {
  /** `blocks/snap-…` or `changes/snap-…/snap-…`. */
  readonly list: string;
  readonly from: number;
  readonly page: number;
  readonly listing: number;
  readonly untilMs: number;
}

/** Opaque to everybody else, and, as AWS's own, at most 256 signs of plain base64: its `+`, `/` and `=` must be encoded in a URL. */
export function writeToken(token: BlockToken | PageToken, secret: string): string {
  const said = JSON.stringify(Object.values(token));
  return Buffer.concat([seal(said, secret), Buffer.from(said)]).toString('base64');
}

export function readBlockToken(text: string, secret: string): BlockToken | undefined {
  const [snapshot, block, listing, untilMs, ...rest] = open(text, secret);
  if (rest.length > 0 || typeof snapshot !== 'string' || typeof block !== 'number' || typeof listing !== 'number' || typeof untilMs !== 'number')
    return undefined;
  return { snapshot, block, listing, untilMs };
}

export function readPageToken(text: string, secret: string): PageToken | undefined {
  const [list, from, page, listing, untilMs] = open(text, secret);
  if (typeof list !== 'string' || typeof from !== 'number' || typeof page !== 'number' || typeof listing !== 'number' || typeof untilMs !== 'number')
    return undefined;
  return { list, from, page, listing, untilMs };
}

const sealBytes = 15;

function open(text: string, secret: string): readonly unknown[] {
  const bytes = Buffer.from(text, 'base64');
  const said = bytes.subarray(sealBytes).toString();
  return bytes.length > sealBytes && seal(said, secret).equals(bytes.subarray(0, sealBytes)) ? (JSON.parse(said) as unknown[]) : [];
}

const seal = (said: string, secret: string): Buffer => createHmac('sha256', secret).update(said).digest().subarray(0, sealBytes);
