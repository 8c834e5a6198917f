import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { localTime } from '../../../src/core/local-time.ts';
import { nextCommands, waitsForPerson } from '../../../src/core/next-command.ts';
import { doneShare, percentDone } from '../../../src/core/progress.ts';
import { byUrgency, projectTable } from '../../../src/core/project-table.ts';
import { waitsFor } from '../../../src/core/project-words.ts';
import { statusOf } from '../../support/status-of.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => statusOf({ workload: `w${String(i).padStart(4, '0')}`, wave: 1 + (i % 7), condition: 'moving' }));

/** Without the spaces that keep the UI's columns apart. */
const shown = (page: string): string => page.replaceAll(/\u00a0+(?= \|)/g, '').replaceAll('\u00a0', ' ');

describe('the table of a project', () => {
  it('shows stuck and waiting workloads before those that move', () => {
    const moving = statusOf({ workload: 'a', condition: 'moving' });
    const waitingForWave = statusOf({ workload: 'b', condition: 'waiting', waitingFor: 'its wave', state: 'not ready', startedAt: '' });
    const gate = statusOf({ workload: 'c', condition: 'waiting', gate: { gate: 'loss', scope: 'f'.repeat(64) } });
    const stuck = statusOf({ workload: 'd', condition: 'stuck', reason: { code: 'PERMISSION_DENIED', detail: '' } });
    expect(byUrgency([moving, waitingForWave, gate, stuck]).map(({ workload }) => workload)).toEqual(['d', 'c', 'a', 'b']);
  });

  it('is the page that a manager reads, in both languages', () => {
    const statuses = [
      statusOf({
        workload: 'photos',
        wave: 2,
        condition: 'waiting',
        state: 'ready for cutover',
        gate: { gate: 'cutover', scope: 'f'.repeat(64) },
        verdict: 'PASS',
      }),
      statusOf({ workload: 'logs', condition: 'moving', predictedEnd: '2026-03-29T00:30:00.000Z', pass: 1 }),
    ];
    expect(shown(projectTable(statuses, 'en', 'Europe/Paris')).split('\n')).toEqual([
      '**2 workloads** · 1 waits for a person · last change 2026-01-01 01:00 · Times: Europe/Paris',
      '',
      '| Wave | Workload | State | Condition | Waits for | Done | Predicted end | Verdict |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      '| 2 | photos | ready for cutover | waiting | approval: cutover | – |  | PASS |',
      '| 1 | logs | replicating | moving |  | 100 % | 2026-03-29 01:30 | UNKNOWN |',
      '',
      '**Next**',
      '',
      '- photos: `ecluse approve cutover photos`',
    ]);
    expect(shown(projectTable(statuses, 'fr', 'Europe/Paris'))).toContain(
      '| 2 | photos | prêt à basculer | en attente | validation : bascule | – |  | CONFORME |',
    );
  });

  it('never exceeds 100 rows nor 20 KB, and counts the rest by wave', () => {
    for (const count of [100, 101, 250, 4000]) {
      const table = projectTable(many(count), 'fr', 'Europe/Paris');
      const rows = table.split('\n').filter((line) => /^\| \d/.test(line)).length;
      const counted = [...table.matchAll(/: (\d+) en réplication/g)].reduce((sum, [, n]) => sum + Number(n), 0);
      expect(Buffer.byteLength(table)).toBeLessThanOrEqual(20_000);
      expect(rows).toBeLessThanOrEqual(100);
      expect(rows + counted).toBe(count);
    }
  });

  it('stays below 20 KB whatever the workflows write, and nothing they write becomes markup', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 130 }), (texts) => {
        const statuses = texts.map((waitingFor, i) =>
          statusOf({ workload: `w${i}`, wave: i, condition: 'waiting', state: 'not ready', startedAt: '', waitingFor }),
        );
        const table = projectTable(statuses, 'en', 'UTC');
        expect(Buffer.byteLength(table)).toBeLessThanOrEqual(20_000);
        for (const line of table.split('\n').filter((each) => /^\| \d/.test(each))) expect(line.match(/(?<!\\)\|/g)).toHaveLength(9);
        expect(table).not.toContain('<');
      }),
      { numRuns: 50 },
    );
  });
});

describe('what a person may do', () => {
  it.each([
    [statusOf({ condition: 'waiting', gate: { gate: 'loss', scope: 'a' } }), 'ecluse approve loss photos'],
    [statusOf({ condition: 'held', reason: { code: 'DEPOT_FULL', detail: '' } }), 'ecluse resume photos'],
    [statusOf({ condition: 'held', reason: { code: 'DELETE_GUARD', detail: '' } }), 'ecluse resolve photos accept --reason "…"'],
    [statusOf({ condition: 'stuck', reason: { code: 'PERMISSION_DENIED', detail: '' } }), 'ecluse resolve photos retry --reason "…"'],
    [statusOf({ condition: 'paused' }), 'ecluse resume photos'],
    [statusOf({ condition: 'waiting', state: 'ready for cutover' }), 'ecluse cutover photos'],
    [statusOf({ condition: 'waiting', state: 'cut over' }), 'ecluse finalize photos'],
    [statusOf({ condition: 'waiting', state: 'rolled back' }), 'ecluse discard photos'],
    [statusOf({ condition: 'waiting', state: 'not ready', reason: { code: 'TARGET_NOT_EMPTY', detail: '' } }), 'ecluse resume photos'],
  ])('%# names the command', (status, command) => {
    expect(nextCommands(status)[0]).toBe(command);
    expect(waitsFor(status, 'fr')).not.toBe('');
  });

  it('is nothing while a workload moves, waits for its wave or is done', () => {
    for (const status of [
      statusOf({ condition: 'moving' }),
      statusOf({ condition: 'waiting', state: 'not ready', startedAt: '', waitingFor: 'its wave' }),
      statusOf({ condition: 'done' }),
    ])
      expect(waitsForPerson(status)).toBe(false);
    expect(waitsFor(statusOf({ condition: 'waiting', state: 'not ready', startedAt: '', waitingFor: 'its wave' }), 'fr')).toBe('sa vague');
  });
});

describe('progress', () => {
  const progress = { totalObjects: 10, totalBytes: 1000, copiedObjects: 10, copiedBytes: 1000, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 };
  it('counts a copy that nobody re-read as half', () => expect(doneShare(progress)).toBe(0.5));
  it('says 100 % only when all was re-read', () => {
    expect(
      percentDone({ pass: 1, progress: { ...progress, totalObjects: 10_000_000, copiedObjects: 10_000_000, verifiedObjects: 9_999_999, verifiedBytes: 1000 } }),
    ).toBe(99);
    expect(percentDone({ pass: 1, progress: { ...progress, verifiedObjects: 10, verifiedBytes: 1000 } })).toBe(100);
    expect(percentDone({ pass: 1, progress: { ...progress, copiedObjects: 30, copiedBytes: 9000, verifiedObjects: 30, verifiedBytes: 9000 } })).toBe(100);
  });
});

describe('local time', () => {
  it('follows the zone through the change of the clock', () => {
    expect(localTime('2026-03-29T00:59:00Z', 'Europe/Paris')).toBe('2026-03-29 01:59');
    expect(localTime('2026-03-29T01:00:00Z', 'Europe/Paris')).toBe('2026-03-29 03:00');
    expect(localTime('2026-01-01T00:00:00Z', 'UTC')).toBe('2026-01-01 00:00');
    expect(localTime('soon', 'UTC')).toBe('soon');
  });
});
