import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { makeSampleBundle, type Sample, type SampleOptions } from '../../support/evidence/sample.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import type { Shared } from '../../support/run.ts';
import { tamperedForBoth } from './page-tampered.ts';

jest.setTimeout(120_000);

const script = path.resolve('verifiers/verify.sh');
const checkedHere = ['C1', 'C3', 'C4', 'C5', 'C7', 'C8', 'C9', 'C12', 'C13', 'C14', 'C23'];

/** The tools that the script says it needs. */
function tools(): Shared<true> {
  const missing = ['bash', 'openssl', 'jq', 'ssh-keygen', 'basenc'].filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  return missing.length === 0 ? { access: true } : { missing: `no ${missing.join(', ')}, so nobody ran the shell verifier` };
}

loudSuite(tools)('verify.sh', () => {
  let room: string;
  let samples = 0;
  beforeAll(() => {
    room = mkdtempSync(path.join(tmpdir(), 'verify-shell-'));
  });
  afterAll(() => rmSync(room, { recursive: true }));

  const make = (options: SampleOptions = {}): Promise<Sample> => {
    samples += 1;
    return makeSampleBundle(path.join(room, `sample-${samples}`), options);
  };
  function run(folder: string): { readonly status: number | null; readonly lines: readonly string[]; readonly stderr: string } {
    const { status, stdout, stderr } = spawnSync('bash', [script, folder], { encoding: 'utf8' });
    return { status, lines: stdout.trimEnd().split('\n'), stderr };
  }
  const of = (lines: readonly string[], check: string): string => lines.find((line) => line.startsWith(`${check} `)) ?? 'none';

  it.each<SampleOptions>([
    { kind: 'final' },
    { kind: 'interim' },
    { kind: 'rolled-back' },
    { hard: true },
    { kind: 'interim', hard: true },
    { kind: 'rolled-back', hard: true },
    { class: 'production' },
    { rotation: true },
    { gap: 'approved' },
  ])('passes an honest bundle: %j', async (options) => {
    const { folder, checkpoints } = await make(options);
    const { status, lines, stderr } = run(folder);
    expect(lines.filter((line) => line.includes('FAIL'))).toEqual([]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(lines.at(-1)).toContain(`root ${checkpoints.at(-1)?.root}`);
    expect(lines.some((line) => line.includes('LAB, NOT EVIDENCE'))).toBe(options.class !== 'production');
    expect(lines.some((line) => line.includes('INTERIM'))).toBe(options.kind === 'interim');
    const ids = lines.filter((line) => /^C\d/.test(line));
    expect(ids).toHaveLength(24);
    expect(ids.filter((line) => !line.endsWith(' not checked here')).map((line) => line.split(' ')[0])).toEqual(checkedHere);
  });

  it.each(tamperedForBoth)('says $check of $how', async ({ check, options, after, needsOpenssl }) => {
    const sample = await make(options);
    if (needsOpenssl && sample.keys.authority === undefined) return void process.stderr.write(`\nSKIPPED ${check}: the sample has no timestamps\n`);
    after?.(sample.folder, sample);
    const { status, lines } = run(sample.folder);
    expect(of(lines, check)).toMatch(new RegExp(`^${check} FAIL `));
    expect(status).toBe(4);
  });

  it('says how it is used', () => {
    const folder = mkdtempSync(path.join(room, 'empty-'));
    writeFileSync(path.join(folder, 'a'), '');
    expect(run(folder)).toMatchObject({ status: 2, stderr: expect.stringContaining('usage') });
  });
});
