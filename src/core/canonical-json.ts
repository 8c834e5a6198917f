/** What the restricted RFC 8785 form of facts allows: no null, no float, no undefined. */
export type CanonicalValue = string | number | boolean | readonly CanonicalValue[] | { readonly [key: string]: CanonicalValue | undefined };

/**
 * One value, one byte sequence: keys sorted by UTF-16 unit, no spaces, integers below 2^53, no lone surrogates
 * (restricted RFC 8785; the same bytes as Python's json.dumps(sort_keys=True, separators=(",",":"), ensure_ascii=False)).
 * Undefined members are left out. Throws RangeError or TypeError for what the form cannot hold.
 */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return integer(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) throw new TypeError(`${String(value)} has no canonical form`);
  const members = value as { readonly [key: string]: CanonicalValue | undefined };
  const present = Object.keys(members).filter((key) => members[key] !== undefined);
  return `{${present
    .sort()
    .map((key) => `${quote(key)}:${canonicalJson(members[key] as CanonicalValue)}`)
    .join(',')}}`;
}

function quote(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('a lone surrogate has no canonical form');
  return JSON.stringify(text);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer below 2^53`);
  return String(value === 0 ? 0 : value);
}
