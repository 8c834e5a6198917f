import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import { emptyTail, entryHash, sealRecord, tailAfter } from '../../../src/ledger/record.ts';
import { ledgerLines, verifyLedger } from '../../../src/ledger/verify.ts';
import { draftOf, instructionDraft, openedDraft, writer } from './drafts.ts';
import { setB } from './vectors.ts';

const root3 = '4f7173482bf3b9d2b34ed43543b650e9afb7aeaa6e685a44959db8f76107bcc0';
const root7 = 'fdb578ede015d07bdec1bb4ab8371d2d0013ed199d8b5207593c079f09a4ec56';

describe('set B of the format', () => {
  it('has the published bytes', () => {
    expect(
      createHash('sha256')
        .update(`${setB().join('\n')}\n`)
        .digest('hex'),
    ).toBe('395e67d80c31621412bf039a489f0014ee7fd06cf390b4daead8a4c98eba2fab');
    expect(entryHash(setB()[0] ?? '')).toBe('e0bb3ee869b38537ecdb74ef06bab4cdf7a06fb765e8cbe48829f61b89b91802');
  });

  it('has the published roots', async () => {
    expect(await verifyLedger(setB())).toMatchObject({ size: 7, root: root7 });
    expect(await verifyLedger(setB().slice(0, 3), writer.origin)).toMatchObject({ size: 3, root: root3 });
  });

  it('is what a writer makes of its drafts, but for the salt', () => {
    const { line } = sealRecord(draftOf('demo/vec/0', { event: 'step.succeeded' }), emptyTail, writer, Date.parse('2026-12-01T08:00:00.000Z'));
    expect(line.replace(/"salt":"[^"]*"/, `"salt":"${'A'.repeat(22)}"`)).toBe(setB()[0]);
  });
});

/** Seven records a second apart: opened, an instruction, deployments. */
function whole(): readonly string[] {
  let tail = emptyTail;
  const drafts = [openedDraft(), instructionDraft('demo/vec/1', 'a'), ...[2, 3, 4, 5, 6].map((n) => draftOf(`demo/vec/${n}`))];
  return drafts.map((draft, n) => {
    const { line, record } = sealRecord(draft, tail, writer, Date.parse(`2026-12-01T08:00:0${n}.000Z`));
    tail = tailAfter(line, record);
    return line;
  });
}

describe('a log that somebody was at', () => {
  const rechained = (lines: readonly string[]): readonly string[] => {
    let prev = emptyTail.head;
    return lines.map((line, seq) => {
      const again = line.replace(/"prev":"[0-9a-f]*"/, `"prev":"${prev}"`).replace(/"seq":\d+/, `"seq":${seq}`);
      prev = entryHash(again);
      return again;
    });
  };
  const kept = whole();
  const edited = (at: number, from: string | RegExp, to: string): readonly string[] => kept.map((line, n) => (n === at ? line.replace(from, to) : line));
  const swapped = (): readonly string[] => kept.map((_, n, lines) => lines[n === 2 ? 3 : n === 3 ? 2 : n] ?? '');
  const closing = '"counts":{"records":4},"event":"log.closed"';
  const plan = (sign: string): string => `"instruction_sha256":"${sign.repeat(64)}"`;
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an edited record', edited(2, 'control-1', 'control-2'), /^record 3: prev/],
    ['a dropped record', kept.filter((_, n) => n !== 3), /^record 3: seq/],
    ['a dropped first record', kept.slice(1), /^record 0: seq/],
    ['a dropped log.opened, chained anew', rechained(kept.slice(1)), /^record 0: a log begins with log.opened/],
    ['a record behind log.closed, chained anew', rechained(edited(4, '"event":"worker.deployed"', closing)), /^record 5: stands behind log.closed/],
    ['another plan, chained anew', rechained(edited(4, plan('a'), plan('b'))), /^record 4: instruction_sha256/],
    ['a record without the plan in force, chained anew', rechained(edited(6, `${plan('a')},`, '')), /^record 6: instruction_sha256/],
    ['a plan before its instruction, chained anew', rechained(edited(0, '"log":', `${plan('a')},"log":`)), /^record 0: instruction_sha256/],
    ['an instruction exchanged, chained anew', rechained(edited(1, `"sha256":"${'a'.repeat(64)}"`, `"sha256":"${'b'.repeat(64)}"`)), /^record 2: instruction/],
    ['swapped records', swapped(), /^record 2: seq/],
    ['the last record twice', [...kept, kept[6] ?? ''], /^record 7: seq/],
    ['an event id twice, chained anew', rechained(edited(5, 'vec/5', 'vec/4')), /^record 5: event_id/],
    ['a time set back, chained anew', rechained(edited(5, '08:00:05', '07:00:05')), /^record 5: time/],
    ['a record of another log, chained anew', rechained(edited(5, 'log/demo', 'log/other')), /^record 5: belongs to another log/],
    ['a record of another project, chained anew', rechained(edited(5, '"project":"demo"', '"project":"other"')), /^record 5: belongs to another project/],
    ['an unknown event', rechained(edited(2, 'worker.deployed', 'worker.believed')), /^record 2: breaks.*event/],
    ['an unknown field', rechained(edited(2, '"v":1', '"v":1,"w":1')), /^record 2: breaks/],
    ['a missing field', rechained(edited(2, '"host":{"country":"FR","id":"h1"},', '')), /^record 2: breaks.*host/],
    ['a space', rechained(edited(2, '"v":1', '"v": 1')), /^record 2: not in canonical form/],
    ['a CR', edited(2, /$/, '\r'), /^record 2: not in canonical form/],
    ['a key twice', rechained(edited(2, '"v":1', '"v":1,"v":1')), /^record 2: not in canonical form/],
    ['keys out of order', rechained(edited(2, /("time":"[^"]*"),("v":1)/, '$2,$1')), /^record 2: not in canonical form/],
    ['a float', rechained(edited(2, '"v":1', '"v":1.5')), /^record 2: not canonical JSON/],
    ['a null', rechained(edited(2, '"v":1', '"v":null')), /^record 2: not canonical JSON/],
    ['a line that is no JSON', edited(2, /.*/, 'hello'), /^record 2: not canonical JSON/],
    ['an empty line at the end', [...kept, ''], /^record 7: not canonical JSON/],
    ['a line that is too long', [...kept, `"${'x'.repeat(65_536)}"`], /^record 7: longer/],
  ];
  it('verifies before that', async () => {
    expect(await verifyLedger(kept, writer.origin)).toMatchObject({ verdict: 'PASS', size: 7, problems: [] });
  });

  it.each(cases)('fails on %s', async (_, lines, problem) => {
    const { verdict, problems } = await verifyLedger(lines);
    expect(verdict).toBe('FAIL');
    expect(problems[0]).toMatch(problem);
  });

  it('fails when the log is not the one that was asked for', async () => {
    expect(await verifyLedger(kept, 'ecluse.example/log/other')).toMatchObject({ verdict: 'FAIL' });
  });

  it('cannot see that all was made anew: the root can, against one that somebody kept', async () => {
    const { verdict, root } = await verifyLedger(rechained(edited(2, 'control-1', 'control-2')));
    expect(verdict).toBe('PASS');
    expect(root).not.toBe((await verifyLedger(kept)).root);
  });

  it('lists no more problems than a person reads', async () => {
    const { problems } = await verifyLedger(Array.from({ length: 500 }, () => 'x'));
    expect(problems).toHaveLength(100);
  });
});

describe('verifying a ledger', () => {
  it('is UNKNOWN when nothing is there', async () => {
    expect(await verifyLedger([])).toMatchObject({ verdict: 'UNKNOWN', size: 0, root: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' });
  });

  it('reads it page by page to the end', async () => {
    const ledger = openMemoryLedger(writer);
    await ledger.append([openedDraft(), ...Array.from({ length: 1202 }, (_, n) => draftOf(`demo/${n}`))]);
    expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS', size: 1203, head: (await ledger.head()).head });
  });
});
