import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from '../../../../src/report/evidence/csv.ts';
import { sumLog } from '../../../../src/report/evidence/log-sums.ts';
import { fileOf, recordCsvs, workloadsCsv } from '../../../../src/report/evidence/workload-csv.ts';
import { bucket, factsOf, type Said, source, target, textOf } from './evidence-facts.ts';

const step = (ref: string): Said => ({ event: 'step.started', unit: bucket(ref), source, target, act: { name: 'copy', run: 1, pass: 1, turn: 0 } });

async function filesOf(said: Iterable<Said>): Promise<Map<string, string>> {
  const facts = factsOf(said);
  const files = new Map<string, string>();
  for await (const { path, text } of recordCsvs(facts, [...(await sumLog(facts)).workloads.values()])) files.set(path, await textOf(text));
  return files;
}

describe('a cell', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\n=1', ' =1', '\u0000=1', '＝1'])('that a spreadsheet would run stays a text: %j', (value) => {
    expect(csvLine([value])).toMatch(/^"?'/);
  });

  it('is quoted where it must be, and a number stays one', () => {
    expect(csvLine(['a,b', 'say "x"', 'plain', 3, 9007199254740993n, undefined])).toBe('"a,b","say ""x""",plain,3,9007199254740993,\r\n');
  });

  it('comes back as it went in, but for the apostrophe', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (texts) => {
        const line = csvLine(texts);
        const cells = parsed(line.slice(0, -2)).map((cell, at) => (cell === texts[at] ? cell : cell.replace(/^'/, '')));
        expect(cells).toEqual(texts);
      }),
    );
  });
});

describe('the lists for a spreadsheet', () => {
  it('have one line a workload, with a mark for Excel in front', async () => {
    const closed: Said = { event: 'reconciliation.closed', unit: bucket('photos'), source, target, counts: { verified: 2, inventoried: 3 }, verdict: 'FAIL' };
    const [heads = '', line = '', end] = workloadsCsv((await sumLog(factsOf([step('photos'), closed]))).workloads.values()).split('\r\n');
    const cells = new Map(
      heads
        .slice(1)
        .split(',')
        .map((head, at) => [head, line.split(',')[at]]),
    );
    expect(heads.startsWith('\ufeffworkload,')).toBe(true);
    expect(Object.fromEntries(cells)).toMatchObject({
      workload: 'photos',
      verdict: 'FAIL',
      pending: 'no',
      records: '2',
      source_country: 'FR',
      verified: '2',
      failed: '0',
    });
    expect(line.split(',')).toHaveLength(heads.split(',').length);
    expect(end).toBe('');
  });

  it('have one file a workload, with its records alone, those of its shards too', async () => {
    const shard: Said = { ...step('photos/1/1/0'), unit: { kind: 'shard', ref: 'photos/1/1/0' } };
    const files = await filesOf([{ event: 'log.opened', unit: { kind: 'log', ref: 'photos' } }, step('photos'), step('videos'), shard]);
    expect([...files.keys()]).toEqual(['exports/workloads/photos.csv', 'exports/workloads/videos.csv']);
    expect([...(files.get('exports/workloads/photos.csv') ?? '').matchAll(/^(\d+),/gm)].map(([, seq]) => seq)).toEqual(['1', '3']);
  });

  it('write a large workload while it is read, and the small ones together', async () => {
    const large = 50_001;
    let readings = 0;
    const said = {
      *[Symbol.iterator](): Generator<Said> {
        readings += 1;
        yield step('small');
        for (let n = 0; n < large; n += 1) yield step('large');
        yield step('tiny');
      },
    };
    const files = await filesOf(said);
    expect([...files].map(([path, text]) => [path, text.split('\r\n').length - 2])).toEqual([
      ['exports/workloads/small.csv', 1],
      ['exports/workloads/large.csv', large],
      ['exports/workloads/tiny.csv', 1],
    ]);
    expect(readings).toBe(4);
  });

  it.each(['../../etc/passwd', 'a/b', '=cmd', 'Photos', 'con', 'é', '', 'a'.repeat(64), 'x.csv'])('put a name like %j under its digest', (name) => {
    expect(fileOf(name)).toMatch(/^exports\/workloads\/name\.[0-9a-f]{32}\.csv$/);
  });

  it('neutralise what a record says', async () => {
    const said: Said = { ...step('photos'), reasons: ['=HYPERLINK("x")'], actor: { id: '@id', type: 'person', auth: 'sshsig', org: '-org', role: '+role' } };
    const text = (await filesOf([said])).get('exports/workloads/photos.csv') ?? '';
    expect(text).toContain(`"'=HYPERLINK(""x"")",'@id,person,sshsig,'-org,'+role`);
  });
});

/** A reader of RFC 4180 that knows nothing of the writer. */
function parsed(line: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] === '"') {
      const end = /^"((?:[^"]|"")*)"/.exec(line.slice(at))?.[1] ?? '';
      cells.push(end.replaceAll('""', '"'));
      at += end.length + 3;
    } else {
      const end = line.indexOf(',', at) < 0 ? line.length : line.indexOf(',', at);
      cells.push(line.slice(at, end));
      at = end + 1;
    }
  }
  return cells;
}
