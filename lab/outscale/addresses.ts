import { refused } from './oapi-error.ts';

/** An IPv4 range as numbers; `last` included. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Of CIDR notation whose address is the first of the range. Throws the API's refusal. */
export function rangeOf(cidr: string): Range {
  const [, address = '', size = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr) ?? [];
  const bytes = address.split('.').map(Number);
  const bits = Number(size);
  if (address === '' || bits > 32 || bytes.some((byte) => byte > 255)) throw refused(4047, `${cidr} is no range.`);
  const first = bytes.reduce((number, byte) => number * 256 + byte, 0);
  const count = 2 ** (32 - bits);
  if (first % count !== 0) throw refused(4047, `${cidr} does not begin at its first address.`);
  return { first, last: first + count - 1, bits };
}

export const addressText = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
export const addressOf = (text: string): number => rangeOf(`${text}/32`).first;

export const holds = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;
export const overlaps = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

/** Of two ranges the smaller, if one holds the other: CIDR ranges overlap in no other way. */
export function common(a: string, b: string): string | undefined {
  if (holds(rangeOf(a), rangeOf(b))) return b;
  return holds(rangeOf(b), rangeOf(a)) ? a : undefined;
}
