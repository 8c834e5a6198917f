import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { MigrationError } from '../../../../src/core/migration-error.ts';
import { type BundleOrder, writeBundle } from '../../../../src/ledger/bundle/write-bundle.ts';
import type { BundleFacts } from '../../../../src/ports/bundle-pages.ts';
import { makeSampleBundle, type Sample } from '../../../support/evidence/sample.ts';
import { policyBytes } from '../../../support/evidence/sample-policy.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a bundle', () => {
  let place: string;
  let sample: Sample;
  const facts: BundleFacts[] = [];
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'ecluse-bundle-'));
    const pages: BundleOrder['pages'] = (given) => {
      facts.push(given);
      return [
        { path: 'README.md', text: 'read me\n' },
        { path: 'exports/records.ocsf.jsonl', text: given.records() },
      ];
    };
    sample = await makeSampleBundle(join(place, 'whole'), { verifiers: [{ name: 'verify.py', bytes: Buffer.from('# python\n') }], pages });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const order = (folder: string, more: Partial<BundleOrder> = {}): BundleOrder => ({
    records: stream(sample.lines),
    size: sample.lines.length,
    checkpoints: sample.checkpoints,
    cosigned: sample.cosigned,
    depot: depotOf(sample.files),
    policyBytes: policyBytes(sample.policy),
    verifiers: [],
    pages: () => [],
    folder: join(place, folder),
    ...more,
  });
  const bytes = (path: string): Buffer => readFileSync(join(sample.folder, path));
  const records = () => sample.lines.map((line) => JSON.parse(line));
  const evidence = () => records().flatMap((record) => (record.evidence ?? []).map((item: Record<string, string>) => ({ ...item, record })));

  it('lists every file but SHA256SUMS, sorted, with its digest', () => {
    const listed = bytes('SHA256SUMS').toString().split('\n').slice(0, -1);
    const paths = filesOf(sample.folder).filter((path) => path !== 'SHA256SUMS');
    expect(listed).toEqual(paths.sort().map((path) => `${sha256(bytes(path))}  ${path}`));
  });

  it('holds the records byte for byte', () => {
    expect(bytes('log/records.jsonl').toString()).toBe(sample.lines.map((line) => `${line}\n`).join(''));
  });

  it('holds each bound file under the name that the page gives it', () => {
    const here = (item: { name: string; sha256: string; confidential?: boolean; record: Record<string, never> }): string | undefined => {
      const { counts, unit, approval, event } = item.record as {
        counts?: { size?: number };
        unit?: { ref: string };
        approval?: { nonce?: string };
        event?: string;
      };
      if (item.confidential) return undefined;
      if (item.name === 'policy') return 'trust/policy.json';
      if (item.name === 'approval') return `approvals/${approval?.nonce}.json`;
      if (item.name === 'signature') return `approvals/${approval?.nonce}.json.sig`;
      if (item.name === 'checkpoint') return `log/checkpoints/${counts?.size}`;
      if (item.name === 'p256') return `log/checkpoints/${counts?.size}.p256.sig`;
      if (item.name === 'cosigned') return `log/cosigned/${counts?.size}`;
      if (item.name === 'query') return `timestamps/${counts?.size}.${unit?.ref}.tsq`;
      if (item.name === 'token') return event === 'tsa.token' ? `timestamps/${counts?.size}.${unit?.ref}.tsr` : undefined;
      if (['rows', 'inventory-set', 'final-set'].includes(item.name)) return `manifests/${item.sha256}.gz`;
      return `evidence/${item.sha256}`;
    };
    let checked = 0;
    for (const item of evidence()) {
      const path = here(item);
      if (!path) continue;
      const stored = path.endsWith('.gz') ? gunzipSync(bytes(path)) : bytes(path);
      expect({ path, sha256: sha256(stored) }).toEqual({ path, sha256: item.sha256 });
      checked += 1;
    }
    expect(checked).toBeGreaterThan(40);
  });

  it('holds every bucket behind every set, also an empty one that the depot has not', async () => {
    const index = evidence().find(({ name }: { name: string }) => name === 'final-set');
    const { buckets } = JSON.parse(gunzipSync(bytes(`manifests/${index.sha256}.gz`)).toString());
    expect(buckets.length).toBe(4);
    for (const bucket of buckets) expect(sha256(gunzipSync(bytes(`manifests/${bucket.sha256}.gz`)))).toBe(bucket.sha256);

    const empty = await makeSampleBundle(join(place, 'empty-set'), { kind: 'interim', edit: { inventory: () => [] } });
    const files = new Map(empty.files);
    files.delete(sha256(Buffer.alloc(0)));
    const again = order('empty-set-again', {
      records: stream(empty.lines),
      size: empty.lines.length,
      checkpoints: empty.checkpoints,
      cosigned: empty.cosigned,
    });
    await writeBundle({ ...again, depot: depotOf(files), policyBytes: policyBytes(empty.policy) });
    expect(existsSync(join(place, 'empty-set-again/manifests', `${sha256(Buffer.alloc(0))}.gz`))).toBe(true);
  });

  it('leaves out what holds names where nobody can read it, and says how much', () => {
    expect(existsSync(join(sample.folder, 'confidential'))).toBe(false);
    const items = evidence().filter((item: { confidential?: true }) => item.confidential);
    expect(new Set(items.map(({ name }: { name: string }) => name))).toEqual(new Set(['manifest', 'entries', 'differences']));
    const confidential: readonly string[] = items.map((item: { sha256: string }) => item.sha256);
    expect(facts[0]).toMatchObject({ confidential: 0, withheld: 3, kind: 'final', size: sample.lines.length, root: sample.checkpoints.at(-1)?.root });
    for (const digest of confidential) expect(filesOf(sample.folder).filter((path) => path.includes(digest))).toEqual([]);
  });

  it('hands the records to who writes pages, and lists the pages', () => {
    expect(bytes('exports/records.ocsf.jsonl').toString()).toBe(sample.lines.join(''));
    expect(bytes('SHA256SUMS').toString()).toContain('  exports/records.ocsf.jsonl\n');
  });

  it('makes the trust files from the policy', () => {
    const { policy, keys } = sample;
    expect(bytes('trust/log.vkey').toString()).toBe(`${policy.keys.log}\n`);
    expect(bytes('trust/witnesses.vkeys').toString()).toBe(`${keys.witness.vkey}\n`);
    expect(bytes('trust/allowed_signers').toString().split('\n')[0]).toBe(
      `p-017 namespaces="approval-v1@ecluse",valid-after="20250101000000Z",valid-before="20280101000000Z" ${keys.people.get('p-017')?.publicKey}`,
    );
    expect(bytes('trust/fingerprints.txt').toString()).toBe(
      [
        `policy ${sha256(policyBytes(policy))}`,
        `log ${sha256(Buffer.from(policy.keys.log))}`,
        `p256 ${sha256(Buffer.from(policy.keys.p256, 'base64'))}`,
        `witness ${sha256(Buffer.from(keys.witness.vkey))}`,
        `verify.py ${sha256(Buffer.from('# python\n'))}`,
        '',
      ].join('\n'),
    );
  });

  it('has a schema that its own records pass, and a broken one does not', () => {
    const check = new Ajv2020({ strict: false }).compile(JSON.parse(bytes('log/schema.json').toString()));
    for (const record of records()) expect(check(record)).toBe(true);
    expect(check({ ...records()[0], seq: -1 })).toBe(false);
    expect(check({ ...records()[0], name: 'Alice' })).toBe(false);
  });

  it('is not made without a bound file: DEPOT_MISSING names the record, and nothing is left', async () => {
    const rows = evidence().find(({ name }: { name: string }) => name === 'rows');
    const files = new Map(sample.files);
    files.delete(rows.sha256);
    await expect(writeBundle(order('missing', { depot: depotOf(files) }))).rejects.toMatchObject({
      code: 'DEPOT_MISSING',
      message: expect.stringContaining(`record ${rows.record.seq} `),
    });
    expect(readdirSync(place).filter((name) => name.startsWith('missing'))).toEqual([]);
  });

  it.each([
    ['a checkpoint', 'checkpoint' as const],
    ['the cosignatures', 'cosigned' as const],
  ])('is not made without %s that a gate opened with', async (_, what) => {
    const opened = records().find(({ event }) => event === 'gate.opened');
    const without = <T extends { readonly size: number }>(notes: readonly T[]): readonly T[] => notes.filter(({ size }) => size !== opened.counts.size);
    const more = what === 'checkpoint' ? { checkpoints: without(sample.checkpoints) } : { cosigned: without(sample.cosigned) };
    await expect(writeBundle(order('held', more))).rejects.toMatchObject({ code: 'DEPOT_MISSING' });
  });

  it('is not made when the newest checkpoint is not that of the records', async () => {
    const size = sample.lines.length - 1;
    await expect(writeBundle(order('forked', { records: stream(sample.lines.slice(0, size)), size }))).rejects.toMatchObject({ code: 'LEDGER_FORKED' });
    await expect(writeBundle(order('forked', { records: stream(sample.lines.slice(0, size)) }))).rejects.toMatchObject({ code: 'LEDGER_FORKED' });
  });

  it('is never written over one that exists, nor with a policy that is none', async () => {
    await expect(writeBundle(order('whole'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(writeBundle(order('bad-policy', { policyBytes: Buffer.from('{}\n') }))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(writeBundle(order('bad-path', { pages: () => [{ path: '../escaped', text: '' }] }))).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(existsSync(join(place, 'escaped'))).toBe(false);
  });

  it('has its own name only when it is whole: a killed export leaves a .part, which the next one removes', async () => {
    mkdirSync(join(place, 'killed.part'));
    writeFileSync(join(place, 'killed.part/old'), 'of the export before');
    let seen: readonly string[] = [];
    const pages: BundleOrder['pages'] = () => {
      seen = readdirSync(place).filter((name) => name.startsWith('killed'));
      expect(existsSync(join(place, 'killed.part/SHA256SUMS'))).toBe(false);
      return [];
    };
    await writeBundle(order('killed', { pages }));
    expect(seen).toEqual(['killed.part']);
    expect(readdirSync(place).filter((name) => name.startsWith('killed'))).toEqual(['killed']);
    expect(existsSync(join(place, 'killed/old'))).toBe(false);
  });

  it('joins the lines of several witnesses under one checkpoint', async () => {
    const [first] = sample.cosigned;
    if (!first) throw new Error('the sample has no cosignature');
    const other = first.note.replace(/— witness\S+ \S+\n$/, '— witness.example/second AAAAAAAA\n');
    await writeBundle(order('two-witnesses', { cosigned: [...sample.cosigned, { size: first.size, note: other }, { size: first.size, note: other }] }));
    const joined = readFileSync(join(place, 'two-witnesses/log/cosigned', String(first.size)), 'utf8');
    expect(joined).toBe(`${first.note}— witness.example/second AAAAAAAA\n`);
  });

  it('holds a timestamp that no record tells of yet, but never in the place of one that a record binds', async () => {
    const token = records().find(({ event }) => event === 'tsa.token');
    const [query, response, size] = [Buffer.from('query'), Buffer.from('response'), sample.lines.length];
    const timestamps = [size, token.counts.size, size + 1].map((at) => ({ size: at, authority: token.unit.ref, query, response }));
    await writeBundle(order('stamped', { timestamps }));
    const stamped = (at: number, form: string): Buffer => readFileSync(join(place, `stamped/timestamps/${at}.${token.unit.ref}.${form}`));
    expect([stamped(size, 'tsq'), stamped(size, 'tsr')]).toEqual([query, response]);
    expect(sha256(stamped(token.counts.size, 'tsr'))).toBe(token.evidence.find(({ name }: { name: string }) => name === 'token').sha256);
    expect(existsSync(join(place, `stamped/timestamps/${size + 1}.${token.unit.ref}.tsr`))).toBe(false);
  });

  it('asks the depot for a file once, and for few at a time', async () => {
    let [underway, most] = [0, 0];
    const asked: string[] = [];
    const get = async (digest: string): Promise<Buffer> => {
      asked.push(digest);
      most = Math.max(most, ++underway);
      await new Promise((resolve) => setImmediate(resolve));
      underway -= 1;
      return depotOf(sample.files).get(digest);
    };
    await writeBundle(order('window', { depot: { get } }));
    expect(new Set(asked).size).toBe(asked.length);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(9);
  });
});

const depotOf = (files: ReadonlyMap<string, Buffer>) => ({
  get: async (digest: string): Promise<Buffer> => {
    const bytes = files.get(digest);
    if (!bytes) throw new MigrationError('DEPOT_MISSING', { operation: 'get' });
    return bytes;
  },
});

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
