import { afterAll, expect, it, jest } from '@jest/globals';
import { describeTemporal } from '../support/temporal.ts';
import { disconnect } from './stage.ts';
import { bucketPassage, callsOf, dieAtAppend, everythingTwice, type FailureForm, failAt, machinePassage } from './suites.ts';

jest.setTimeout(240_000);
afterAll(disconnect);

/** So many passages at once: each is mostly waiting. */
const atOnce = 8;

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
      const calls = await callsOf(passage);
      expect(calls.length).toBeGreaterThan(20);
      // Each step fails in both forms and by both judgements; which form meets which alternates from step to step.
      const judgement = (n: number): 'PERMISSION_DENIED' | 'TARGET_INVALID' => (n % 2 ? 'PERMISSION_DENIED' : 'TARGET_INVALID');
      const cases = calls.flatMap((name, n) =>
        (['not done', 'done but unreported'] as FailureForm[]).map((form, f) => ({ n, name, form, code: judgement(n + f) })),
      );
      await forEach(cases, ({ n, form, code }) => failAt(passage, n, form, code));
    });

    it('resumes when its worker dies between any two checkpoints (suite 4)', () =>
      forEach(
        Array.from({ length: 24 }, (_, n) => n + 1),
        (n) => dieAtAppend(passage, n),
      ));
  });
