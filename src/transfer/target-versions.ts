import type { ObjectEntry } from '../model/object-entry.ts';
import type { Listing } from '../ports/object-store.ts';
import { type Patience, persist } from './persist.ts';

/** Every version and delete marker of exactly this key, in the store's order: newest first. The prefix matches longer keys too; they are skipped. */
export async function listVersionsOf(store: Listing, patience: Patience, key: string): Promise<readonly ObjectEntry[]> {
  const found: ObjectEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await persist(patience, () => store.list({ versions: 'all', prefix: key, cursor }, patience.signal));
    found.push(...page.entries.filter((entry) => entry.key === key));
    // In a store that lists in order the key itself comes first under its own prefix.
    cursor = found.length > 0 && page.entries.at(-1)?.key !== key ? undefined : page.next;
  } while (cursor !== undefined);
  return found;
}
