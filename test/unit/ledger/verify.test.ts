import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import { emptyTail, entryHash, sealRecord } from '../../../src/ledger/record.ts';
import { ledgerLines, verifyLedger } from '../../../src/ledger/verify.ts';
import { draftOf, writer } from './drafts.ts';
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

  it('verifies with the published roots', async () => {
    expect(await verifyLedger(setB())).toMatchObject({ verdict: 'PASS', size: 7, root: root7, problems: [] });
    expect(await verifyLedger(setB().slice(0, 3), writer.origin)).toMatchObject({ verdict: 'PASS', size: 3, root: root3 });
  });

  it('is what a writer makes of its drafts, but for the salt', () => {
    const { line } = sealRecord(draftOf('demo/vec/0'), emptyTail, writer, Date.parse('2026-12-01T08:00:00.000Z'));
    expect(line.replace(/"salt":"[^"]*"/, `"salt":"${'A'.repeat(22)}"`)).toBe(setB()[0]);
  });
});

describe('a log that somebody was at', () => {
  const rechained = (lines: readonly string[]): readonly string[] => {
    let prev = emptyTail.head;
    return lines.map((line) => {
      const again = line.replace(/"prev":"[0-9a-f]*"/, `"prev":"${prev}"`);
      prev = entryHash(again);
      return again;
    });
  };
  const edited = (at: number, from: string | RegExp, to: string): readonly string[] => setB().map((line, n) => (n === at ? line.replace(from, to) : line));
  const swapped = (): readonly string[] => setB().map((_, n, lines) => lines[n === 2 ? 3 : n === 3 ? 2 : n] ?? '');
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an edited record', edited(2, 'control-1', 'control-2'), /^record 3: prev/],
    ['a dropped record', setB().filter((_, n) => n !== 3), /^record 3: seq/],
    ['a dropped first record', setB().slice(1), /^record 0: seq/],
    ['swapped records', swapped(), /^record 2: seq/],
    ['the last record twice', [...setB(), setB()[6] ?? ''], /^record 7: seq/],
    ['an event id twice, chained anew', rechained(edited(5, 'vec/5', 'vec/4')), /^record 5: event_id/],
    ['a time set back, chained anew', rechained(edited(5, '08:00:05', '07:00:05')), /^record 5: time/],
    ['a record of another log, chained anew', rechained(edited(5, 'log/demo', 'log/other')), /^record 5: belongs to another log/],
    ['a record of another project, chained anew', rechained(edited(5, '"project":"demo"', '"project":"other"')), /^record 5: belongs to another project/],
    ['an unknown event', rechained(edited(1, 'step.succeeded', 'step.believed')), /^record 1: breaks.*event/],
    ['an unknown field', rechained(edited(1, '"v":1', '"v":1,"w":1')), /^record 1: breaks/],
    ['a missing field', rechained(edited(1, '"host":{"country":"FR","id":"h1"},', '')), /^record 1: breaks.*host/],
    ['a space', rechained(edited(1, '"v":1', '"v": 1')), /^record 1: not in canonical form/],
    ['a CR', edited(1, /$/, '\r'), /^record 1: not in canonical form/],
    ['a key twice', rechained(edited(1, '"v":1', '"v":1,"v":1')), /^record 1: not in canonical form/],
    ['keys out of order', rechained(edited(1, /("time":"[^"]*"),("v":1)/, '$2,$1')), /^record 1: not in canonical form/],
    ['a float', rechained(edited(1, '"v":1', '"v":1.5')), /^record 1: not canonical JSON/],
    ['a null', rechained(edited(1, '"v":1', '"v":null')), /^record 1: not canonical JSON/],
    ['a line that is no JSON', edited(1, /.*/, 'hello'), /^record 1: not canonical JSON/],
    ['an empty line at the end', [...setB(), ''], /^record 7: not canonical JSON/],
    ['a line that is too long', [...setB(), `"${'x'.repeat(65_536)}"`], /^record 7: longer/],
  ];
  it.each(cases)('fails on %s', async (_, lines, problem) => {
    const { verdict, problems } = await verifyLedger(lines);
    expect(verdict).toBe('FAIL');
    expect(problems[0]).toMatch(problem);
  });

  it('fails when the log is not the one that was asked for', async () => {
    expect(await verifyLedger(setB(), 'ecluse.example/log/other')).toMatchObject({ verdict: 'FAIL' });
  });

  it('cannot see that all was made anew: the root can, against one that somebody kept', async () => {
    const { verdict, root } = await verifyLedger(rechained(edited(2, 'control-1', 'control-2')));
    expect(verdict).toBe('PASS');
    expect(root).not.toBe(root7);
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
    await ledger.append(Array.from({ length: 1203 }, (_, n) => draftOf(`demo/${n}`)));
    expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS', size: 1203, head: (await ledger.head()).head });
  });
});
