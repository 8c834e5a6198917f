import { afterAll, expect, it, jest } from '@jest/globals';
import { describeTemporal } from '../support/temporal.ts';
import { disconnect } from './stage.ts';
import { bucketPassage, callsOf, dieAtAppend, everythingTwice, type FailureForm, failAt, machinePassage } from './suites.ts';

jest.setTimeout(900_000);
afterAll(disconnect);

/** So many passages at once: each is mostly waiting. */
const atOnce = 10;

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items.entries()];
  const failures: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [, item] = next;
      await work(item).catch((error: unknown) => {
        failures.push(`${JSON.stringify(item)}: ${error instanceof Error ? error.message : String(error)}`);
        process.stderr.write(`${failures.at(-1)?.slice(0, 1500)}\n`);
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  expect(failures).toEqual([]);
}

for (const passage of [bucketPassage, machinePassage])
  describeTemporal(`the migration of a ${passage.name}`, () => {
    it('gives the same result when every action and every undo is repeated (suites 1 and 3)', () => everythingTwice(passage));

    it('unwinds or holds when any step fails, not done or done but unreported, and arrives afterwards (suite 2)', async () => {
      const { calls, forth } = await callsOf(passage);
      expect(calls.length).toBeGreaterThan(20);
      // Each step fails in both forms and by both judgements; which form meets which alternates from step to step. A machine has more steps than a
      // minute has passages: there each step fails in one form, the next one in the other, and every fifth goes all the way back too.
      const { isLong = false } = passage;
      const forms: FailureForm[] = ['not done', 'done but unreported'];
      const cases = calls.flatMap((name, n) =>
        (isLong ? [forms[n % 2] as FailureForm] : forms).map((form, f) => {
          const judged = isLong ? n >> 1 : n + f;
          const code = judged % 2 ? ('PERMISSION_DENIED' as const) : ('TARGET_INVALID' as const);
          return { n, name, form, code, andBack: !isLong || n >= forth || n % 5 === 0 };
        }),
      );
      await forEach(cases, (planned) => failAt(passage, planned));
    });

    it('resumes when its worker dies between any two checkpoints (suite 4)', () =>
      forEach(
        Array.from({ length: 24 }, (_, n) => n + 1),
        (n) => dieAtAppend(passage, n),
      ));
  });
