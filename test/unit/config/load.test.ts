import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig, loadPlan } from '../../../src/config/load.ts';
import { parseYaml } from '../../../src/config/yaml-file.ts';
import { goodConfig, goodPlan, lines, problemsOf, written } from './yaml-project.ts';

const config = () => loadConfig(written('ecluse.yaml', goodConfig));
const planProblems = (text: string) => problemsOf(() => loadPlan(written('plan.yaml', text), config()));

describe('ecluse.yaml', () => {
  it('is read with its defaults, its paths beside it, and frozen', () => {
    const file = written('ecluse.yaml', goodConfig);
    const read = loadConfig(file);
    expect(read).toMatchObject({ language: 'en', timezone: 'Europe/Paris', temporal: { address: '127.0.0.1:7233', namespace: 'default' } });
    expect(read.depot).toEqual({ folder: join(dirname(file), 'depot') });
    expect(read.ledger.sqlite).toBe(join(dirname(file), 'ledger.db'));
    expect(read.referenceKey).toBe(join(dirname(file), 'reference.key'));
    expect(Object.isFrozen(read.stores.source)).toBe(true);
  });

  it('tells all its problems at once, each with its place and what to do', () => {
    const text = `v: 1
projet: demo
timezone: Mars/Olympus
temporal: { address: 'http://127.0.0.1:7233' }
depot: { at: sauce, bucket: depot }
ledger: { sqlite: 7 }
stores:
  source: { kind: s3, endpoint: http://example.org, regoin: eu-west-1 }
  Bad_Name: { kind: s3, region: a }
`;
    const problems = problemsOf(() => loadConfig(written('ecluse.yaml', text)));
    expect(lines(problems)).toEqual([
      '1:1 project is missing',
      '2:1 projet is not a known key',
      '3:11 timezone not an IANA time zone',
      '4:22 temporal.address is not host:port',
      '5:14 depot.at is no store of this file',
      '6:19 ledger.sqlite is not text',
      '8:11 stores.source.region is missing',
      '8:33 stores.source.endpoint plain http is only for this machine: use https',
      '8:53 stores.source.regoin is not a known key',
      expect.stringMatching(/^9:3 stores\.Bad_Name is not a name/),
    ]);
    expect(problems.map(({ advice }) => advice)).toEqual(
      expect.arrayContaining([
        'Did you mean "project"?',
        'Did you mean "region"?',
        'Put it in quotes if it is meant as text.',
        'Write it without a scheme: 127.0.0.1:7233.',
      ]),
    );
  });

  it('names the branch of a union that was meant', () => {
    const problems = problemsOf(() => loadConfig(written('ecluse.yaml', goodConfig.replace('folder: ./depot', 'folder: ./depot, fodler: x'))));
    expect(lines(problems)).toEqual(['3:27 depot.fodler is not a known key']);
  });

  it.each([
    ['', /^1:1 {2}is not a map|is missing/],
    ['[1, 2]', /^1:1 .* is not a map of keys/],
    ['v: 1\nproject: a\nproject: b\n', /^3:1 {2}Map keys must be unique$/m],
    ['v: {', /Flow map/],
    ['a: *nowhere\n', /alias/],
    ['__proto__: { polluted: 1 }\n', /1:1 __proto__ is not a known key/],
  ])('%j is a problem with a place', (text, expected) => {
    const problems = problemsOf(() => loadConfig(written('ecluse.yaml', text)));
    expect(lines(problems).join('\n')).toMatch(expected);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('is missing, or not UTF-8', () => {
    expect(problemsOf(() => loadConfig('/nowhere/ecluse.yaml'))[0]).toMatchObject({
      problem: 'there is no such file',
      advice: expect.stringContaining('ecluse init'),
    });
    expect(problemsOf(() => loadConfig(dirname(written('x', ''))))[0]?.problem).toContain('EISDIR');
  });

  it('never shows a value: it may be a secret in the wrong place', () => {
    const canary = 'wJalrXUtnFEMI-CANARY';
    const text = goodConfig.replace('region: eu-west-1', `region: eu-west-1, secretKey: ${canary}, profile: { a: ${canary} }, country: ${canary}`);
    expect(JSON.stringify(problemsOf(() => loadConfig(written('ecluse.yaml', text))))).not.toContain(canary);
  });
});

describe('the ledger of ecluse.yaml', () => {
  const withLedger = (ledger: string): string => goodConfig.replace('{ sqlite: ./ledger.db }', ledger);
  const ledgerProblems = (ledger: string): string[] => lines(problemsOf(() => loadConfig(written('ecluse.yaml', withLedger(ledger)))));

  it('has keys and policy beside the file, and nobody outside, unless it says so', () => {
    const file = written('ecluse.yaml', goodConfig);
    const at = (name: string): string => join(dirname(file), name);
    expect(loadConfig(file).ledger).toEqual({ sqlite: at('ledger.db'), keys: at('ledger-keys'), policy: at('policy.json'), witnesses: [], timestamps: [] });
  });

  it('may name a server, witnesses, authorities, a recipient and a clock', () => {
    const recipient = `age1${'q'.repeat(58)}`;
    const text = withLedger(`
  postgres: postgres://ecluse_writer@db.example/ecluse?sslmode=verify-full
  keys: /srv/keys
  policy: rules/policy.json
  witnesses: [{ name: witness.example/w1, url: 'https://witness.example' }]
  timestamps: [{ name: authority, url: 'http://tsa.example/tsr' }]
  recipient: ${recipient}
  clock: ntp.example:123`);
    const file = written('ecluse.yaml', text);
    expect(loadConfig(file).ledger).toEqual({
      postgres: 'postgres://ecluse_writer@db.example/ecluse?sslmode=verify-full',
      keys: '/srv/keys',
      policy: join(dirname(file), 'rules/policy.json'),
      witnesses: [{ name: 'witness.example/w1', url: 'https://witness.example' }],
      timestamps: [{ name: 'authority', url: 'http://tsa.example/tsr' }],
      recipient,
      clock: 'ntp.example:123',
    });
  });

  it.each([
    ['{ keys: ./k }', /^4:9 ledger needs either sqlite or postgres$/],
    ["{ sqlite: ./l.db, postgres: 'postgres://w@h/d' }", /^4:9 ledger needs either sqlite or postgres$/],
    ["{ postgres: 'mysql://w@h/d' }", /^4:21 ledger\.postgres must be postgres:\/\/user@host\/database/],
    ["{ sqlite: ./l.db, witnesses: [{ name: w, url: 'http://witness.example' }] }", /ledger\.witnesses\[0\]\.url plain http is only for this machine/],
    ["{ sqlite: ./l.db, witnesses: [{ url: 'https://witness.example' }] }", /ledger\.witnesses\[0\]\.name is missing/],
    ["{ sqlite: ./l.db, timestamps: [{ name: a, url: 'ftp://tsa.example' }] }", /ledger\.timestamps\[0\]\.url must be an http or https address/],
    ['{ sqlite: ./l.db, recipient: AGE-SECRET-KEY-1QQQ }', /ledger\.recipient an age public key \(age1…\)/],
    ['{ sqlite: ./l.db, clocks: ntp.example }', /ledger\.clocks is not a known key/],
  ])('%s is told by its place', (ledger, expected) => {
    const problems = ledgerProblems(ledger);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  it('refuses a password in an address, and never shows it', () => {
    const ledger = "{ postgres: 'postgres://w:CANARY@h/d', sqlite: ./l.db, timestamps: [{ name: a, url: 'https://u:CANARY@tsa.example' }] }";
    const problems = problemsOf(() => loadConfig(written('ecluse.yaml', withLedger(ledger))));
    expect(lines(problems).join()).toMatch(/ledger\.postgres .*PGPASSWORD or a pgpass file.*ledger\.timestamps\[0\]\.url/);
    expect(JSON.stringify(problems)).not.toContain('CANARY');
  });
});

describe('plan.yaml', () => {
  it('is read with its defaults', () => {
    expect(loadPlan(written('plan.yaml', goodPlan), config()).waves[0]?.workloads[0]).toMatchObject({ into: 'new', freeze: 'policy', deltaEveryMinutes: 60 });
  });

  it('may not name a workload or a target twice, nor a store that is not there, nor write into a source', () => {
    const text = `v: 1
waves:
  - wave: 1
    workloads:
      - { name: photos, kind: bucket, source: { at: source, bucket: photos }, target: { at: target, bucket: photos } }
      - { name: photos, kind: bucket, source: { at: source, bucket: logs }, target: { at: target, bucket: photos } }
  - wave: 1
    workloads:
      - { name: loop, kind: bucket, source: { at: sorce, bucket: abc }, target: { at: source, bucket: logs } }
`;
    expect(lines(planProblems(text))).toEqual([
      '6:17 waves[0].workloads[1].name workload "photos" stands already on line 5',
      expect.stringMatching(/^6:\d+ waves\[0\]\.workloads\[1\]\.target\.bucket is already the target on line 5/),
      '7:11 waves[1].wave wave 1 stands already on line 3',
      expect.stringMatching(/^9:\d+ waves\[1\]\.workloads\[0\]\.source\.at is no store of ecluse\.yaml/),
      expect.stringMatching(/^9:\d+ waves\[1\]\.workloads\[0\]\.target\.bucket is the source on line 6/),
    ]);
  });

  it('sees the same target under two store names', () => {
    const twoNames = loadConfig(written('ecluse.yaml', `${goodConfig}  alias: { kind: s3, endpoint: http://127.0.0.1:8334/, region: x }\n`));
    const text = `${goodPlan}      - { name: other, kind: bucket, source: { at: source, bucket: other }, target: { at: alias, bucket: photos } }\n`;
    expect(lines(problemsOf(() => loadPlan(written('plan.yaml', text), twoNames)))).toEqual([expect.stringContaining('is already the target on line 8')]);
  });

  it('has bounds and types that are told in words', () => {
    const text = goodPlan.replace('v: 1', 'v: 2\nwindow: 0\nparallelWorkloads: many').replace('kind: bucket', 'kind: lake\n        into: exisitng');
    expect(lines(planProblems(text))).toEqual([
      '1:4 v must be one of: 1',
      '2:9 window is below what is allowed: at least 1',
      '3:20 parallelWorkloads is not a number',
      '8:15 waves[0].workloads[0].kind must be one of: bucket, vm',
    ]);
  });
});

/** Any tree of maps and lists with a marker somewhere, written in any of YAML's styles: the place told is the place written. */
describe('positions', () => {
  const leaf = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.integer(), fc.boolean());
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('tree'), { maxKeys: 4 }),
    ),
  }));

  it('of a value are those of its text, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tree, { minKeys: 1, maxKeys: 4 }),
        fc.nat(),
        fc.boolean(),
        fc.integer({ min: 1, max: 8 }),
        (value, seed, flow, indent) => {
          const maps = mapsIn(value);
          const place = maps[seed % maps.length] ?? [];
          (at(value, place) as Record<string, unknown>).zzmarker = 'ZZVALUE';
          const text = stringify(value, { indent, lineWidth: seed % 2 ? 0 : 40, collectionStyle: flow ? 'flow' : 'any', aliasDuplicateObjects: false });
          const file = parseYaml(text, 'f.yaml');
          const key = file.problem(place, '', '', 'zzmarker');
          const inner = file.problem([...place, 'zzmarker'], '', '');
          expect(signAt(text, key).startsWith('zzmarker')).toBe(true);
          expect(signAt(text, inner).startsWith('ZZVALUE')).toBe(true);
        },
      ),
    );
  });

  const at = (value: unknown, path: readonly (string | number)[]): unknown =>
    path.reduce<unknown>((node, part) => (node as Record<string | number, unknown>)[part], value);
  const signAt = (text: string, { line, column }: { line: number; column: number }): string => (text.split('\n')[line - 1] ?? '').slice(column - 1);
  function mapsIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
    if (Array.isArray(value)) return value.flatMap((each, i) => mapsIn(each, [...path, i]));
    if (typeof value !== 'object' || value === null) return [];
    return [path, ...Object.entries(value).flatMap(([key, each]) => mapsIn(each, [...path, key]))];
  }
});
