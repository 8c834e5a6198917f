import { it } from '@jest/globals';

/** One test a case, `width` of them under way at once: a passage is mostly waiting. The first test that runs starts them all. */
export function itSideBySide(width: number, cases: Readonly<Record<string, () => Promise<void>>>): void {
  const ends = new Map(Object.keys(cases).map((name) => [name, Promise.withResolvers<void>()]));
  let isStarted = false;
  const start = (): void => {
    if (isStarted) return;
    isStarted = true;
    const left = Object.entries(cases);
    const lane = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift()) {
        const end = ends.get(next[0]);
        end?.promise.catch(() => undefined); // told by its own test, which may still have to wait for its turn
        await next[1]().then(end?.resolve, end?.reject);
      }
    };
    for (let n = 0; n < width; n++) void lane();
  };
  for (const [name, { promise }] of ends)
    it(name, () => {
      start();
      return promise;
    });
}
