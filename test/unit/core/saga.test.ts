import { describe, expect, it } from '@jest/globals';
import { atStart, none, runPhase, type SagaEffects, type StepTable } from '../../../src/core/saga.ts';

interface Log {
  readonly lines: string[];
}

/** Steps a, b, c; `faults` says what each call does before it fails: nothing (`not done`) or its work (`unreported`). */
function tableOf(faults: Readonly<Record<string, 'not done' | 'unreported'>>, failing: Set<string>): StepTable<Log> {
  const act = (name: string) => async (log: Log) => {
    const fault = failing.has(name) ? faults[name] : undefined;
    if (fault !== 'not done') log.lines.push(name);
    if (fault) throw new Error(`${name} ${fault}`);
  };
  return [
    { name: 'a', action: act('a'), undo: act('undo a') },
    { name: 'b', action: act('b'), undo: none('nothing to undo') },
    { name: 'c', action: act('c'), undo: act('undo c') },
  ];
}

function effectsOf(
  log: Log,
  judge: SagaEffects['judge'],
  answer: { held?: 'again' | 'unwind'; stuck?: 'again' | 'accept' } = {},
  mend: () => void = () => undefined,
): SagaEffects {
  return {
    judge,
    entered: () => undefined,
    held: async (step) => {
      log.lines.push(`held ${step}`);
      mend();
      return answer.held ?? 'again';
    },
    unwinding: () => void log.lines.push('unwinding'),
    stuck: async (step) => {
      log.lines.push(`stuck ${step}`);
      mend();
      return answer.stuck ?? 'again';
    },
    shielded: (work) => work(),
  };
}

describe('a phase', () => {
  it('runs its steps in order', async () => {
    const log = { lines: [] };
    expect(
      await runPhase(
        tableOf({}, new Set()),
        log,
        atStart(),
        effectsOf(log, () => 'unwind'),
      ),
    ).toBeUndefined();
    expect(log.lines).toEqual(['a', 'b', 'c']);
  });

  for (const fault of ['not done', 'unreported'] as const) {
    it(`undoes the failed step too, in reverse, when it failed ${fault}`, async () => {
      const log: Log = { lines: [] };
      const position = atStart();
      const error = await runPhase(
        tableOf({ c: fault }, new Set(['c'])),
        log,
        position,
        effectsOf(log, () => 'unwind'),
      );
      expect(error).toBeInstanceOf(Error);
      expect(log.lines).toEqual(['a', 'b', ...(fault === 'unreported' ? ['c'] : []), 'unwinding', 'undo c', 'undo a']);
      expect(position).toEqual(atStart());
    });
  }

  it('holds, and tries the same step again when a person has mended it', async () => {
    const log: Log = { lines: [] };
    const failing = new Set(['b']);
    await runPhase(
      tableOf({ b: 'not done' }, failing),
      log,
      atStart(),
      effectsOf(
        log,
        () => 'hold',
        {},
        () => failing.delete('b'),
      ),
    );
    expect(log.lines).toEqual(['a', 'held b', 'b', 'c']);
  });

  it('unwinds from a hold on order', async () => {
    const log: Log = { lines: [] };
    await runPhase(
      tableOf({ b: 'not done' }, new Set(['b'])),
      log,
      atStart(),
      effectsOf(log, () => 'hold', { held: 'unwind' }),
    );
    expect(log.lines).toEqual(['a', 'held b', 'unwinding', 'undo a']);
  });

  it('is stuck when an undo fails, and goes on with the other undos once a person decided', async () => {
    const log: Log = { lines: [] };
    await runPhase(
      tableOf({ c: 'not done', 'undo c': 'not done' }, new Set(['c', 'undo c'])),
      log,
      atStart(),
      effectsOf(log, () => 'unwind', { stuck: 'accept' }),
    );
    expect(log.lines).toEqual(['a', 'b', 'unwinding', 'stuck c', 'undo a']);
  });

  it('goes on where a continued workflow stood, and lets a continue-as-new through untouched', async () => {
    const log: Log = { lines: [] };
    const position = { done: ['a'], owed: ['a', 'b'] };
    await expect(
      runPhase(
        tableOf({ c: 'not done' }, new Set(['c'])),
        log,
        position,
        effectsOf(log, () => 'pass'),
      ),
    ).rejects.toThrow('c not done');
    expect(log.lines).toEqual(['b']);
    expect(position).toEqual({ done: ['a', 'b'], owed: ['a', 'b', 'c'] });
  });
});
