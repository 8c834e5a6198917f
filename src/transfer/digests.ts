import { createHash, createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../core/canonical-json.ts';
import type { ObjectMetadata } from '../model/object-entry.ts';

export const sha256Hex = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex');

/** The project's reference key as a KeyObject: raw key bytes cost ten times as much per HMAC on Node 24. */
export const referenceKeyOf = (bytes: Uint8Array): KeyObject => createSecretKey(bytes);

/** HMAC-SHA-256 under the project's key of container, key and version, each ended by 00 but the last: a name that only its owner can resolve. */
export const referenceOf = (key: KeyObject, container: string, object: string, version = ''): string =>
  createHmac('sha256', key).update(`${container}\0${object}\0${version}`).digest('hex');

/**
 * SHA-256 of the canonical JSON of `{headers, user, tags}`, `tags` only where there are any: an object without tags and a store
 * without tagging compare equal.
 */
export function metadataDigest({ headers, user, tags }: ObjectMetadata): string {
  const hasTags = tags !== undefined && Object.keys(tags).length > 0;
  return sha256Hex(canonicalJson({ headers, user, ...(hasTags ? { tags } : {}) } as CanonicalValue));
}

export const tagsDigest = (tags: Readonly<Record<string, string>>): string => sha256Hex(canonicalJson(tags));

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/**
 * RFC 6962 root over entries that are themselves SHA-256 digests (hex) of an object's chunks in order: leaf = SHA-256(00‖entry),
 * node = SHA-256(01‖L‖R), an odd last node moves up unchanged. At least one entry.
 */
export function treeRoot(entries: readonly string[]): string {
  let level = entries.map((entry) => sha256(leafPrefix, Buffer.from(entry, 'hex')));
  while (level.length > 1) level = pairs(level);
  const [root] = level;
  if (!root) throw new RangeError('a tree of chunks has at least one');
  return root.toString('hex');
}

function pairs(level: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = [level[at], level[at + 1]];
    if (left) above.push(right ? sha256(nodePrefix, left, right) : left);
  }
  return above;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const running = createHash('sha256');
  for (const part of parts) running.update(part);
  return running.digest();
};
