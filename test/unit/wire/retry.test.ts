import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../../src/core/error-codes.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { type Patience, retried } from '../../../src/wire/retry.ts';

function patienceWith(random: number): { how: Patience; slept: number[] } {
  const slept: number[] = [];
  const sleep = async (delayMs: number): Promise<void> => void slept.push(delayMs);
  return { how: { tries: 5, firstDelayMs: 100, longestDelayMs: 500, random: () => random, sleep }, slept };
}
const failing = (code: ErrorCode, retryAfterMs?: number) => new MigrationError(code, { operation: 'PutObject', retryAfterMs });

describe('retried', () => {
  it.each(['UNAVAILABLE', 'THROTTLED', 'BODY_LENGTH'] as const)('tries again on %s', async (code) => {
    const { how, slept } = patienceWith(1);
    const seen: number[] = [];
    const result = await retried(
      async (n) => {
        seen.push(n);
        if (n < 3) throw failing(code);
        return 'done';
      },
      undefined,
      how,
    );
    expect([result, seen, slept]).toEqual(['done', [1, 2, 3], [100, 200]]);
  });

  it('gives up after five tries with the last error, and never waits longer than its most', async () => {
    const { how, slept } = patienceWith(1);
    await expect(
      retried(
        async () => {
          throw failing('UNAVAILABLE');
        },
        undefined,
        how,
      ),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(slept).toEqual([100, 200, 400, 500]);
  });

  it.each(['TARGET_CONDITION', 'CREDENTIALS_REFUSED', 'SOURCE_CHANGED', 'OBJECT_MISSING'] as const)('does not repeat %s', async (code) => {
    let tries = 0;
    const run = retried(async () => {
      tries++;
      throw failing(code);
    });
    await expect(run).rejects.toMatchObject({ code });
    expect(tries).toBe(1);
  });

  it('waits at least as long as the server asks', async () => {
    const { how, slept } = patienceWith(0);
    await retried(async (n) => (n === 1 ? Promise.reject(failing('THROTTLED', 300)) : n), undefined, how);
    expect(slept).toEqual([300]);
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    const run = retried(async () => {
      abort.abort('enough');
      throw failing('UNAVAILABLE');
    }, abort.signal);
    await expect(run).rejects.toBe('enough');
  });
});
