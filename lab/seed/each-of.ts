/** Runs `work` over all items, `width` at a time; the first failure stops the rest from starting. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  let isFailed = false;
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !isFailed; next = queue.next()) {
      await work(next.value).catch((error: unknown) => {
        isFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}
