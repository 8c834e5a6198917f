import { describe, expect, it } from '@jest/globals';
import { close } from '../../../src/cli/close.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { run, type Stage, stage } from './fake-project.ts';

const closing = (person?: boolean): Stage => {
  const set = stage(person === undefined ? {} : { person });
  set.project.answers = { closeLog: () => ({ size: 57, root: 'e'.repeat(64) }) };
  return set;
};

describe('close', () => {
  it('asks a person first, and on no ends nothing', async () => {
    const set = closing(false);
    expect(await run(set, close)).toMatchObject({ exit: 1, answer: 'Nothing was sent.\n', remarks: expect.stringContaining('for good') });
    expect(set.project.told).toEqual([]);
  });

  it.each([
    [closing(true), {}],
    [closing(false), { yes: true }],
    [closing(), {}],
  ])('ends the record, and says what comes next: %#', async (set, options) => {
    const { exit, answer } = await run(set, close, [], options);
    expect(exit).toBe(0);
    for (const part of ['57 records', 'e'.repeat(64), 'ecluse ledger export']) expect(answer).toContain(part);
    expect(set.project.told).toEqual([{ kind: 'closeLog', input: { project: 'demo' } }]);
  });

  it('tells what still has no end: 1', async () => {
    const set = closing();
    set.project.failing = { closeLog: new Failure({ code: 'CONFIG_INVALID', doing: 'close', answer: 'not finalized and not discarded: photos', next: [] }) };
    expect(await run(set, close)).toMatchObject({ exit: 1, remarks: expect.stringContaining('photos') });
  });
});
