/**
 * Works through `items` with at most `width` at once. The first failure aborts the others' signal; this settles only after every one of them
 * has settled, so that no buffer or socket of theirs is in use any more, and then throws that first failure.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const iterator = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  let isDone = false;
  const lane = async (): Promise<void> => {
    while (!isDone && !both.aborted) {
      const next = iterator.next();
      if (next.done) {
        isDone = true;
        return;
      }
      try {
        await work(next.value, both);
      } catch (error) {
        failure ??= { error: signal.aborted ? signal.reason : error };
        own.abort(failure.error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (failure) throw failure.error;
  signal.throwIfAborted();
}
