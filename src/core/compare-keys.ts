/**
 * Orders keys by their UTF-8 bytes, as S3 stores list them. JavaScript's own order is by UTF-16 unit and differs where
 * a surrogate (a character above U+FFFF) meets U+E000 to U+FFFF: there the surrogate is the greater.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return left >= 0xd800 && right >= 0xd800 ? byteRank(left) - byteRank(right) : left - right;
  }
  return a.length - b.length;
}

const byteRank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);
