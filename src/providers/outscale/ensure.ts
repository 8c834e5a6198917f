import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import { type Asked, isNotThere, isThereAlready, mustWait } from './errors.ts';

/**
 * Looks, makes, and looks again where the answer was lost or said that it is there already. A crash at any point leaves one thing that the next
 * call finds, since what `make` sends carries what `find` asks for.
 */
export async function findOrMake<T>(find: () => Promise<T | undefined>, make: () => Promise<T>): Promise<T> {
  const found = await find();
  if (found !== undefined) return found;
  try {
    return await make();
  } catch (error) {
    if (!isMigrationError(error, 'UNAVAILABLE', 'BODY_LENGTH') && !isThereAlready(error)) throw error;
    const late = await find();
    if (late === undefined) throw error;
    return late;
  }
}

/** Two matches of one mark are a person's case. */
export function only<T>(found: readonly T[], { operation, place }: Asked): T | undefined {
  if (found.length > 1) throw new MigrationError('TARGET_AMBIGUOUS', { operation, target: place, detail: `${found.length} of one mark` });
  return found[0];
}

/** An id that the API did not give: nothing can be done with what it belongs to. */
export function idOf(id: string | undefined, { operation, place }: Asked): string {
  if (id) return id;
  throw new MigrationError('UNAVAILABLE', { operation, target: place, detail: 'ANSWER_SHAPE' });
}

/** One deletion: gone already is success, and what something stands in the way of waits. */
export async function deleted(remove: () => Promise<unknown>): Promise<'ordered' | 'gone' | 'waiting'> {
  try {
    await remove();
    return 'ordered';
  } catch (error) {
    if (isNotThere(error)) return 'gone';
    if (mustWait(error)) return 'waiting';
    throw error;
  }
}
