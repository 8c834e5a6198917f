import { hash } from 'node:crypto';
import type { OutscaleClient } from './call.ts';
import type { Tagged } from './shapes.ts';

export const markTag = 'ecluse';

/** Limits of tokens are unpublished; this is what the vendor's neighbours take. */
const longest = 64;
const digits = 16;

/**
 * A mark as token, image name and description: 3 to 64 signs that all of these take. One that is longer, or holds another sign, is cut and gets a digest,
 * so that the same mark is always the same key and two marks are never one.
 */
export function keyOf(mark: string): string {
  const plain = mark.replaceAll(/[^A-Za-z0-9_()./-]/g, '-');
  if (plain === mark && mark.length >= 3 && mark.length <= longest) return mark;
  return `${plain.slice(0, longest - digits - 1)}-${hash('sha256', mark).slice(0, digits)}`;
}

export const markOf = ({ Tags = [] }: Tagged): string | undefined => Tags.find(({ Key }) => Key === markTag)?.Value;

/** There is no tag on create: what was made, and what a crash left without its tag, gets it here. */
export async function tag(
  client: OutscaleClient,
  ids: readonly string[],
  mark: string,
  signal: AbortSignal | undefined,
  more: Readonly<Record<string, string>> = {},
) {
  if (ids.length === 0) return;
  const tags = Object.entries({ ...more, [markTag]: mark }).map(([Key, Value]) => ({ Key, Value: Value.slice(0, 255) }));
  await client.call('CreateTags', { ResourceIds: ids, Tags: tags }, signal);
}
