import type { LossCode } from './loss.ts';

const segmentBytes = 255; // file systems' limit on a name, which stores that keep objects as files inherit
const keyBytes = 1024; // S3's limit on a key

/** What some S3 stores are known to alter or refuse about one key: codes of core/loss.ts; [] for a plain key. */
export function keyFindings(key: string): readonly LossCode[] {
  if (plainKey.test(key)) return [];
  const findings: LossCode[] = [];
  const segments = key.split('/');
  if (key.startsWith('/')) findings.push('KEY_LEADING_SLASH');
  if (key.includes('//')) findings.push('KEY_DOUBLE_SLASH');
  if (segments.some((segment) => segment === '.' || segment === '..')) findings.push('KEY_DOT_SEGMENT');
  if (key.includes('\\')) findings.push('KEY_BACKSLASH');
  if (utf8Length(key) > keyBytes) findings.push('KEY_TOO_LONG');
  if (segments.some((segment) => utf8Length(segment) > segmentBytes)) findings.push('KEY_SEGMENT_LONG');
  if (hasControlCharacter(key)) findings.push('KEY_CONTROL_CHARACTER');
  return findings;
}

/**
 * The form in which some store may keep the key: slashes folded, dots resolved, Unicode composed. Two keys of one
 * loose form may become one object on such a store (KEYS_MERGED).
 */
export function looseForm(key: string): string {
  const kept: string[] = [];
  for (const segment of key.normalize('NFC').replaceAll('\\', '/').split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  return kept.join('/');
}

/** Most keys: short ASCII segments, no dot at the start of one. One test spares them everything above. */
const plainKey = /^(?!.{1025})[\w!'()*+,;=@~ %&$:-][\w!'()*+,;=@~ %&$:.-]{0,254}(?:\/[\w!'()*+,;=@~ %&$:-][\w!'()*+,;=@~ %&$:.-]{0,254})*\/?$/;

function hasControlCharacter(key: string): boolean {
  for (let at = 0; at < key.length; at += 1) {
    const unit = key.charCodeAt(at);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true;
  }
  return false;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
