import { beforeEach, describe, expect, it } from '@jest/globals';
import { entryHash } from '../../src/ledger/record.ts';
import { ledgerLines, verifyLedger } from '../../src/ledger/verify.ts';
import type { LedgerRecord } from '../../src/model/ledger-record.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import { draftOf, instructionDraft, openedDraft } from '../unit/ledger/drafts.ts';

export interface LedgerPlace {
  /** A handle on the same log, written under `writer` and with the clock that `clock.nowMs` shows. */
  open(clock: { nowMs: number }): Ledger | Promise<Ledger>;
}

/** The duties of `ports/ledger.ts`. `make` gives an empty place each time. */
export function testLedger(name: string, make: () => Promise<LedgerPlace>): void {
  describe(`${name} as a Ledger`, () => {
    const at = { provider: 's3' };
    const startMs = Date.parse('2026-12-01T08:00:00.000Z');
    let place: LedgerPlace;
    let clock: { nowMs: number };
    let ledger: Ledger;
    beforeEach(async () => {
      place = await make();
      clock = { nowMs: startMs };
      ledger = await place.open(clock);
    });
    const linesOf = async (one: Ledger): Promise<readonly string[]> => one.read(0, 1000);

    it('is empty at first', async () => {
      expect(await ledger.head()).toEqual({ size: 0, head: '0'.repeat(64) });
      expect(await linesOf(ledger)).toEqual([]);
    });

    it('gives place, chain, salt, time and writer, and answers what it stored', async () => {
      const records = await ledger.append([
        openedDraft(),
        draftOf('demo/a/1', { event: 'transfer.exception', unit: { kind: 'shard', ref: '1' }, source: at, target: at, reasons: ['UNAVAILABLE'] }),
      ]);
      const lines = await linesOf(ledger);
      expect(lines.map((line) => JSON.parse(line))).toEqual(records);
      expect(records[0]).toMatchObject({ v: 1, log: 'ecluse.example/log/demo', seq: 0, prev: '0'.repeat(64), project: 'demo', severity: 'notice' });
      expect(records[0]).toMatchObject({ time: '2026-12-01T08:00:00.000Z', host: { id: 'h1' }, software: { name: 'ecluse' } });
      expect(records[1]).toMatchObject({ seq: 1, prev: entryHash(lines[0] ?? ''), severity: 'exception', reasons: ['UNAVAILABLE'] });
      expect(records[0]?.salt).not.toBe(records[1]?.salt);
      expect(await ledger.head()).toEqual({ size: 2, head: entryHash(lines[1] ?? '') });
    });

    it('takes nothing before log.opened', async () => {
      for (const drafts of [[draftOf('demo/a')], [draftOf('demo/a'), openedDraft()]])
        await expect(ledger.append(drafts)).rejects.toMatchObject({ code: 'LEDGER_NOT_OPENED' });
      expect(await ledger.head()).toMatchObject({ size: 0 });
      await ledger.append([openedDraft(), draftOf('demo/a')]);
      expect(await ledger.head()).toMatchObject({ size: 2 });
    });

    it('takes nothing behind log.closed, and still answers what it knows', async () => {
      const closed = draftOf('demo/log/closed', { event: 'log.closed', counts: { records: 2 } });
      const written = await ledger.append([openedDraft(), draftOf('demo/a'), closed]);
      await expect(ledger.append([draftOf('demo/b')])).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
      await expect(ledger.append([draftOf('demo/a'), draftOf('demo/b')])).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
      expect(await ledger.append([closed, draftOf('demo/a')])).toEqual([written[2], written[1]]);
      expect(await ledger.head()).toMatchObject({ size: 3 });
      expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS', size: 3 });
    });

    it('writes on each record the plan that was in force before it', async () => {
      const first = await ledger.append([openedDraft(), draftOf('demo/a'), instructionDraft('demo/plan/1', 'a'), draftOf('demo/b')]);
      const later = await ledger.append([draftOf('demo/c'), instructionDraft('demo/plan/2', 'b')]);
      const last = await (await place.open(clock)).append([draftOf('demo/d')]);
      expect([...first, ...later, ...last].map((record) => record.instruction_sha256?.[0] ?? '–').join('')).toBe('–––aaab');
      // Known from before the second plan: it keeps the plan of its time.
      expect(await ledger.append([draftOf('demo/b')])).toEqual([first[3]]);
      expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS', size: 7 });
    });

    it('lets no caller say what the store gives', async () => {
      for (const given of ['seq', 'prev', 'salt', 'time', 'log', 'project', 'host', 'software', 'v', 'instruction_sha256']) {
        const draft = { ...openedDraft(), [given]: 'x' };
        await expect(ledger.append([draft])).rejects.toMatchObject({ code: 'UNEXPECTED' });
      }
      expect(await ledger.head()).toMatchObject({ size: 0 });
    });

    it('reads from any place, as many as asked for', async () => {
      await ledger.append([openedDraft(), ...Array.from({ length: 6 }, (_, n) => draftOf(`demo/${n}`))]);
      const lines = await linesOf(ledger);
      expect(await ledger.read(2, 3)).toEqual(lines.slice(2, 5));
      expect(await ledger.read(6, 3)).toEqual(lines.slice(6));
      expect(await ledger.read(7, 3)).toEqual([]);
    });

    it('keeps every sign that a line can hold', async () => {
      const org = 'Éclusière “du” Nord \u0000\t\\ 水 🔏';
      const [, written] = await ledger.append([openedDraft(), draftOf('demo/a', { actor: { id: 'p-1', type: 'person', auth: 'sshsig', org } })]);
      expect(JSON.parse((await ledger.read(1, 1))[0] ?? '')).toEqual(written);
      expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS' });
    });

    it('answers a repeated draft with the stored record, whichever attempt repeats it and when', async () => {
      const refs = (attempt: number): LedgerRecord['refs'] => ({ workflow_id: 'w', run_id: 'r', activity_id: '5', attempt });
      const [opened, first] = await ledger.append([openedDraft(), draftOf('demo/a', { refs: refs(1) })]);
      clock.nowMs += 60_000;
      const laterClock = { source: 'system', offset_ms: 7, checked_at: '2026-12-01T08:01:00.000Z' };
      const again = [openedDraft({ clock: laterClock }), draftOf('demo/a', { refs: refs(2) }), draftOf('demo/b'), draftOf('demo/b', { severity: 'info' })];
      const records = await (await place.open(clock)).append(again);
      expect(records.slice(0, 2)).toEqual([opened, first]);
      expect(records[2]).toEqual(records[3]);
      expect(await ledger.head()).toMatchObject({ size: 3 });
    });

    it('refuses another statement under a known event id, and everything that came with it', async () => {
      await ledger.append([openedDraft(), draftOf('demo/a')]);
      for (const other of [draftOf('demo/a', { event: 'access.granted' }), draftOf('demo/a', { severity: 'notice' }), draftOf('demo/a', { reasons: ['X'] })])
        await expect(ledger.append([draftOf('demo/new'), other])).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
      await expect(ledger.append([draftOf('demo/c'), draftOf('demo/c', { verdict: 'FAIL' })])).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
      expect(await ledger.head()).toMatchObject({ size: 2 });
    });

    it('refuses a draft that breaks the format, naming the field and not its value', async () => {
      const wrong = { ...draftOf('demo/a', { reasons: ['what Jean Valjean typed'] }), surprise: 'secret' };
      const error = await ledger.append([openedDraft(), wrong]).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'UNEXPECTED', message: expect.stringContaining('reasons.0') });
      expect(String(error)).not.toMatch(/Valjean|secret/);
      await expect(ledger.append([draftOf('demo/c', { event: 'batch.verified' })])).rejects.toMatchObject({ code: 'UNEXPECTED' });
      await expect(ledger.append([draftOf('demo/d', { counts: { half: 0.5 } })])).rejects.toMatchObject({ code: 'UNEXPECTED' });
      expect(await ledger.head()).toMatchObject({ size: 0 });
    });

    it('refuses a record that is longer than a line may be', async () => {
      const long = draftOf('demo/a', { reasons: Array.from({ length: 600 }, (_, n) => `${n}`.padStart(120, 'R')) });
      await expect(ledger.append([openedDraft(), long])).rejects.toMatchObject({ code: 'UNEXPECTED' });
      expect(await ledger.head()).toMatchObject({ size: 0 });
    });

    it('appends only to the head that the caller read, when it says which', async () => {
      const before = await ledger.head();
      await ledger.append([openedDraft()], before);
      await expect(ledger.append([draftOf('demo/b')], before)).rejects.toMatchObject({ code: 'LEDGER_MOVED' });
      await expect(ledger.append([draftOf('demo/b')], { size: 1, head: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'LEDGER_MOVED' });
      await ledger.append([draftOf('demo/b')], await ledger.head());
      expect(await ledger.head()).toMatchObject({ size: 2 });
    });

    it('never writes a time before the last one, and nothing while the clock stands five minutes before it', async () => {
      await ledger.append([openedDraft()]);
      const times: string[] = [];
      for (const stepMs of [0, -300_000, 1, 7_200_000]) {
        clock.nowMs += stepMs;
        times.push(...(await ledger.append([draftOf(`demo/${times.length}`)])).map((record) => record.time));
      }
      expect(times.map((time) => time.slice(11, 23))).toEqual(['08:00:00.000', '08:00:00.000', '08:00:00.000', '09:55:00.001']);
      clock.nowMs -= 300_001;
      await expect(ledger.append([draftOf('demo/late')])).rejects.toMatchObject({ code: 'LEDGER_CLOCK' });
      expect(await ledger.append([draftOf('demo/0')])).toHaveLength(1);
      clock.nowMs += 1;
      await ledger.append([draftOf('demo/late')]);
      expect(await ledger.head()).toMatchObject({ size: 6 });
    });

    it('puts racing writers in one order', async () => {
      await ledger.append([openedDraft()]);
      const handles = [ledger, await place.open(clock), await place.open(clock)];
      await Promise.all(Array.from({ length: 60 }, (_, n) => handles[n % 3]?.append([draftOf(`demo/${n}`), draftOf('demo/the-same')])));
      expect(await verifyLedger(ledgerLines(ledger))).toMatchObject({ verdict: 'PASS', size: 62, problems: [] });
    });
  });
}
