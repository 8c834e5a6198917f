import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import { makeSampleBundle, type Sample, type SampleOptions, sumAgain } from '../../support/evidence/sample.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

interface Report {
  readonly verdict: string;
  readonly class: string;
  readonly kind: string;
  readonly checks: readonly { readonly id: string; readonly result: string; readonly records: readonly number[]; readonly detail: string }[];
  readonly requirements: readonly { readonly id: string; readonly result: string }[];
  readonly pending: { readonly workloads: number; readonly acts: number };
  readonly fingerprints: Readonly<Record<string, unknown>>;
}

const needed = () =>
  [localTool('python3', '--version'), localTool('openssl', 'version')].find((tool) => 'missing' in tool) ?? localTool('python3', '--version');

loudSuite(needed)('verify.py', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'ecluse-verify-py-'));
  let made = 0;
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const folderOf = (name: string): string => join(scratch, `${made++}-${name}`);
  const sample = (options: SampleOptions = {}): Promise<Sample> => makeSampleBundle(folderOf('bundle'), options);
  const python = (folder: string, ...args: readonly string[]) =>
    spawnSync('python3', ['-B', join(process.cwd(), 'verifiers', 'verify.py'), folder, ...args], { encoding: 'utf8' });
  const verify = (folder: string, ...args: readonly string[]): Report => {
    const { status, stdout, stderr } = python(folder, '--json', ...args);
    if (!stdout) throw new Error(`verify.py answered nothing: ${stderr}`);
    const report = JSON.parse(stdout) as Report;
    expect(status).toBe(report.verdict === 'PASS' ? 0 : 4);
    expect(stderr).toBe('');
    return report;
  };
  const failing = ({ checks }: Report): readonly string[] => checks.filter(({ result }) => result === 'FAIL' || result === 'UNKNOWN').map(({ id }) => id);
  const result = ({ checks }: Report, id: string) => checks.find((check) => check.id === id)?.result;

  describe('whole bundles', () => {
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
      { records: 1200 },
    ])('passes %j', async (options) => {
      const { folder } = await sample(options);
      const report = verify(folder);
      expect(failing(report)).toEqual([]);
      expect(report).toMatchObject({ verdict: 'PASS', class: options.class ?? 'lab', kind: options.kind === 'interim' ? 'interim' : 'final' });
      expect([result(report, 'C10'), result(report, 'C24')]).toEqual(['YOURS', 'YOURS']);
      expect(report.requirements.map(({ id }) => id)).toEqual(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9']);
    });

    it('counts what is under way in an interim bundle, and says INTERIM', async () => {
      const { folder } = await sample({ kind: 'interim' });
      expect(verify(folder).pending).toEqual({ workloads: 1, acts: 1 });
      expect(python(folder).stdout).toContain('INTERIM / PROVISOIRE');
    });

    it('says LAB, NOT EVIDENCE before everything else, in both languages', async () => {
      const { folder } = await sample();
      expect(python(folder, '--lang', 'fr').stdout.split('\n')[0]).toBe('*** LAB, NOT EVIDENCE / LABO, SANS VALEUR DE PREUVE ***');
      const text = python(folder).stdout;
      expect(text).toContain('Nothing was altered, removed or inserted');
      expect(text).toContain('Rien n’a été modifié, retiré ni inséré');
    });

    it('may be read by its first lines only, and still ends with its verdict', async () => {
      const { folder } = await sample();
      const piped = spawnSync('bash', ['-c', 'python3 -B "$0" "$1" | head -1; exit "$PIPESTATUS"', join(process.cwd(), 'verifiers', 'verify.py'), folder], {
        encoding: 'utf8',
      });
      expect([piped.status, piped.stderr]).toEqual([0, '']);
    });

    it('accepts checkpoints and fingerprints that the auditor kept', async () => {
      const { folder } = await sample();
      const checkpoint = join(folder, 'log', 'checkpoints', '12');
      const fingerprints = readFileSync(join(folder, 'trust', 'fingerprints.txt'), 'utf8').match(/\b[0-9a-f]{64}\b/g) ?? [];
      const report = verify(folder, '--checkpoint', checkpoint, ...fingerprints.flatMap((value) => ['--fingerprint', value]));
      expect([report.verdict, result(report, 'C10'), result(report, 'C24')]).toEqual(['PASS', 'PASS', 'PASS']);
    });

    it('answers UNKNOWN, and not PASS, without openssl', async () => {
      const { folder } = await sample();
      const interpreter = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim();
      const { status, stdout } = spawnSync(interpreter, [join(process.cwd(), 'verifiers', 'verify.py'), folder, '--json'], {
        encoding: 'utf8',
        env: { PATH: scratch },
      });
      const report = JSON.parse(stdout) as Report;
      expect([status, report.verdict]).toEqual([4, 'UNKNOWN']);
      expect(report.checks.filter((check) => check.result === 'UNKNOWN').map(({ id }) => id)).toEqual(['C7', 'C12', 'C13', 'C14']);
      expect(report.checks.find(({ id }) => id === 'C7')?.detail).toContain('needs OpenSSL 3');
    });
  });

  describe('one thing is wrong, and one check says so', () => {
    const without =
      (event: LedgerDraft['event'], ...names: readonly string[]) =>
      (draft: LedgerDraft) =>
        draft.event === event && (names.length === 0 || names.includes(draft.act?.name ?? '')) ? [] : draft;
    const changed = (event: LedgerDraft['event'], change: (draft: LedgerDraft) => LedgerDraft) => (draft: LedgerDraft) =>
      draft.event === event ? change(draft) : draft;
    const marked = (event: string, name: string, more: Readonly<Record<string, unknown>>) => (record: { [field: string]: unknown }) =>
      record.event === event && (record.act as { name?: string } | undefined)?.name === name ? { ...record, ...more } : record;

    const byKeys: readonly (readonly [string, string, SampleOptions])[] = [
      ['C2', 'a field that the format does not have', { edit: { record: marked('step.started', 'prepare-target', { extra: 1 }) } }],
      ['C2', 'digits that are no ASCII digits', { edit: { record: marked('step.started', 'prepare-target', { observed_at: '２026-01-05T08:00:00.000Z' }) } }],
      [
        'C3',
        'another instruction than the one in force',
        { edit: { record: marked('step.succeeded', 'prepare-target', { instruction_sha256: '0'.repeat(64) }) } },
      ],
      ['C4', 'a record that is not chained', { edit: { record: marked('step.succeeded', 'prepare-target', { prev: 'a'.repeat(64) }) } }],
      ['C5', 'an event_id twice', { edit: { draft: (draft) => (draft.act?.name === 'prepare-target' ? [draft, draft] : draft) } }],
      ['C6', 'a log that was dated back', { edit: { cosignedAt: (seconds, size) => (size === 12 ? seconds - 4000 : seconds) } }],
      ['C9', 'another count of records at the end', { edit: { draft: changed('log.closed', (draft) => ({ ...draft, counts: { records: 7 } })) } }],
      ['C11', 'an outage that nobody approved', { gap: 'unapproved' }],
      ['C14', 'a signature over other bytes', { edit: { approval: (file) => file, signed: (signed) => ({ ...signed, signature: flip(signed.signature) }) } }],
      ['C15', 'an approval that had expired', { edit: { approval: (file) => ({ ...file, expires: file.not_before }) } }],
      ['C16', 'a gate with one of two approvals', { edit: { signers: (signers, gate) => (gate === 'finalize' ? signers.slice(0, 1) : signers) } }],
      ['C17', 'a freeze before its gate', { edit: { draft: without('gate.opened', 'gate-cutover') } }],
      ['C17', 'a cutover with one closing listing', { edit: { draft: without('listing.compared', 'compare/target/0') } }],
      [
        'C18',
        'counts that are not those of the rows',
        { edit: { draft: changed('batch.verified', (draft) => ({ ...draft, counts: { pass: 99, fail: 0, unknown: 0 } })) } },
      ],
      ['C19', 'an object that is left out', { edit: { final: (rows) => rows.slice(1) } }],
      [
        'C19',
        'a state that does not follow',
        { edit: { final: (rows) => rows.map((row) => (row.state === 'excluded' ? { ...row, state: 'vanished' as const } : row)) } },
      ],
      [
        'C20',
        'equal that was never compared',
        { edit: { rows: (rows) => rows.map((row) => (row.i === 2 && row.sha256 ? { ...row, targetSha256: '1'.repeat(64) } : row)) } },
      ],
      [
        'C19',
        'gone, where the newest listing shows it',
        { kind: 'interim', hard: true, edit: { final: (rows) => rows.map((row) => (row.state === 'unknown' ? { ...row, state: 'vanished' as const } : row)) } },
      ],
      ['C19', 'left, where nothing was taken back', { edit: { final: (rows) => rows.map((row, n) => (n === 0 ? { ...row, left: true as const } : row)) } }],
      ['C19', 'withdrawn, where nobody ordered it', { edit: { draft: changed('reconciliation.closed', (draft) => ({ ...draft, reasons: ['WITHDRAWN'] })) } }],
      ['C21', 'a step without an end', { edit: { draft: without('step.succeeded', 'prepare-target') } }],
      ['C22', 'a removal that nobody looked after', { kind: 'rolled-back', edit: { draft: without('deletion.absence') } }],
      ['C23', 'rules below the minimum', { class: 'production', edit: { policy: (policy) => ({ ...policy, cooling_off_days: 20 }) } }],
    ];
    it.each(byKeys)('%s: %s', async (check, _, options) => {
      const { folder } = await sample(options);
      expect(failing(verify(folder))).toEqual([check]);
    });

    /** The signature's third line: some sign in the middle of the inner signature. */
    const flip = (signature: string): string => {
      const lines = signature.split('\n');
      const at = lines.length - 4;
      const line = lines[at] ?? '';
      lines[at] = (line.startsWith('A') ? 'B' : 'A') + line.slice(1);
      return lines.join('\n');
    };

    const byHand: readonly (readonly [string, string, (folder: string) => void])[] = [
      ['C1', 'a file that is not listed', (folder) => writeFileSync(join(folder, 'reports.txt'), 'all is well\n')],
      ['C1', 'a link out of the folder', (folder) => symlinkSync('/etc/hostname', join(folder, 'reports'))],
      ['C1', 'a listed name that leads out', (folder) => appendFileSync(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  ../outside\n`)],
      [
        'C7',
        'a P-256 signature by another key',
        (folder) => {
          const path = join(folder, 'log', 'checkpoints');
          writeFileSync(join(path, '12.p256.sig'), readFileSync(join(path, '9.p256.sig')));
        },
      ],
      ['C12', 'a cosignature that was taken away', (folder) => rmSync(join(folder, 'log', 'cosigned', newestOf(join(folder, 'log', 'cosigned'))))],
      ['C13', 'a token that was taken away', (folder) => rmSync(join(folder, 'timestamps', '26.sample-tsa.tsr'))],
      ['C23', 'another key in trust/', (folder) => writeFileSync(join(folder, 'trust', 'log.vkey'), 'other.example/log+00000000+AAAA\n')],
    ];
    const newestOf = (folder: string): string => String(Math.max(...readdirSync(folder).map((name) => Number.parseInt(name, 10))));

    describe('in the folder', () => {
      let plain: Sample;
      beforeAll(async () => {
        plain = await sample();
      });
      const copy = (): string => {
        const folder = folderOf('copy');
        spawnSync('cp', ['-R', plain.folder, folder]);
        return folder;
      };

      it.each(byHand)('%s: %s', (check, _, edit) => {
        const folder = copy();
        edit(folder);
        if (check !== 'C1') sumAgain(folder);
        expect(failing(verify(folder))).toEqual([check]);
      });

      it('C8: a signed root that is not that of the records', async () => {
        const { folder, keys } = await sample({
          edit: {
            policy: (policy) => ({
              ...policy,
              witness_quorum: 0,
              gates: { ...policy.gates, cutover: { ...policy.gates.cutover, witnessed: false }, finalize: { ...policy.gates.finalize, witnessed: false } },
            }),
          },
        });
        const path = join(folder, 'log', 'checkpoints');
        const newest = newestOf(path);
        const body = `ecluse.example/log/demo\n${newest}\n${createHash('sha256').update('other').digest('base64')}\n`;
        const note = `${body}\n${keys.log[0]?.sign(body)}\n`;
        writeFileSync(join(path, newest), note);
        writeFileSync(join(path, `${newest}.p256.sig`), keys.log[0]?.signP256(Buffer.from(note)) ?? '');
        sumAgain(folder);
        expect(failing(verify(folder))).toEqual(['C8']);
      });

      it('C10: the checkpoint of another history of this log', async () => {
        const other = await sample({ keys: plain.keys });
        const checkpoint = join(other.folder, 'log', 'checkpoints', newestOf(join(other.folder, 'log', 'cosigned')));
        expect(failing(verify(plain.folder, '--checkpoint', checkpoint))).toEqual(['C10']);
      });

      it('C24: a fingerprint of other keys', () => {
        expect(failing(verify(plain.folder, '--fingerprint', '0'.repeat(64)))).toEqual(['C24']);
      });

      it('C6: records later than the clock of the verifier', () => {
        expect(failing(verify(plain.folder, '--at', '2026-01-05T07:50:00Z'))).toEqual(['C6']);
      });

      it('tells withheld files, and takes no offence', () => {
        const folder = copy();
        mkdirSync(join(folder, 'confidential'));
        writeFileSync(join(folder, 'confidential', 'names.age'), 'secret');
        sumAgain(folder);
        rmSync(join(folder, 'confidential'), { recursive: true });
        expect(verify(folder)).toMatchObject({ verdict: 'PASS', withheld: 1 });
      });
    });
  });

  describe('a bundle made to harm', () => {
    let plain: Sample;
    beforeAll(async () => {
      plain = await sample();
    });
    const harmed = (edit: (folder: string) => void): Report => {
      const folder = folderOf('harm');
      spawnSync('cp', ['-R', plain.folder, folder]);
      edit(folder);
      sumAgain(folder);
      return verify(folder);
    };
    const rows = () => {
      const batch = plain.lines.find((line) => line.includes('"event":"batch.verified"')) ?? '';
      return /"name":"rows","sha256":"([0-9a-f]{64})"/.exec(batch)?.[1] ?? '';
    };

    it('reads no more of a gzip bomb than the record promises', () => {
      const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
      const report = harmed((folder) => writeFileSync(join(folder, 'manifests', `${rows()}.gz`), bomb));
      expect(result(report, 'C18')).toBe('FAIL');
    });

    it('survives lines without end and JSON without bottom', () => {
      const records = (text: string) => (folder: string) => appendFileSync(join(folder, 'log', 'records.jsonl'), text);
      for (const text of [
        `${'x'.repeat(1_000_000)}\n`,
        `${'['.repeat(60_000)}\n`,
        `{"a":${'9'.repeat(60_000)}}\n`,
        '{"a":NaN}\n',
        '{"a":1,"a":1}\n',
        '\ufeff{}\n',
      ])
        expect(result(harmed(records(text)), 'C2')).toBe('FAIL');
    });

    it('finds a key that stands twice in a file that a person signed', () => {
      const report = harmed((folder) => {
        const path = join(folder, 'trust', 'policy.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('{', '{"class":"production",'));
      });
      expect([result(report, 'C23'), report.verdict]).toEqual(['FAIL', 'FAIL']);
    });

    it('prints nothing raw that comes out of the bundle', () => {
      const folder = folderOf('harm');
      spawnSync('cp', ['-R', plain.folder, folder]);
      writeFileSync(join(folder, 'evil\u001b[2J\u202e'), '');
      const { stdout, status } = python(folder);
      expect(status).toBe(4);
      expect(stdout).toContain('evil\\u001b[2J\\u202e');
      for (const sign of ['\u001b', '\u202e']) expect(stdout).not.toContain(sign);
    });

    it('fails, and does not crash, when nothing is there', () => {
      const folder = folderOf('empty');
      mkdirSync(folder);
      expect(verify(folder).verdict).toBe('FAIL');
    });
  });

  it('answers 2 for wrong usage', () => {
    expect(python(join(scratch, 'none')).status).toBe(2);
    expect(python(scratch, '--fingerprint', 'xyz').status).toBe(2);
    expect(python(scratch, '--lang', 'de').status).toBe(2);
  });
});
