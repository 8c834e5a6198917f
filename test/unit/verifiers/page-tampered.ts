import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Policy } from '../../../src/model/policy.ts';
import { type Sample, type SampleOptions, sumAgain } from '../../support/evidence/sample.ts';

/** A bundle that is wrong in one way, and the check that must say so. `needsOpenssl`: without it a sample has no timestamps. */
export interface Tampered {
  readonly check: string;
  readonly how: string;
  readonly options?: SampleOptions;
  /** What an attacker does to the folder afterwards. */
  readonly after?: (folder: string, sample: Sample) => void;
  readonly result?: 'FAIL' | 'UNKNOWN';
  readonly needsOpenssl?: true;
  /** A browser shows a page no links. */
  readonly shellOnly?: true;
}

const record = (seq: number, change: Readonly<Record<string, unknown>>): SampleOptions => ({
  edit: { record: (one) => (one.seq === seq ? { ...one, ...change } : one) },
});

/** Changes the text of a file and lists all files again. */
const rewritten =
  (file: string, change: (text: string) => string) =>
  (folder: string): void => {
    const place = path.join(folder, file);
    writeFileSync(place, change(readFileSync(place, 'utf8')));
    sumAgain(folder);
  };

/** What both the page and the shell look at. */
export const tamperedForBoth: readonly Tampered[] = [
  { check: 'C1', how: 'a file that nobody listed', after: (folder) => writeFileSync(path.join(folder, 'extra.txt'), 'x') },
  { check: 'C1', how: 'a listed file that changed', after: (folder) => appendFileSync(path.join(folder, 'README.md'), 'x') },
  { check: 'C1', how: 'a listed file that is gone', after: (folder) => rmSync(path.join(folder, 'README.md')) },
  {
    check: 'C1',
    how: 'a bound file that was taken away, and its line with it',
    after: (folder) => {
      rmSync(path.join(folder, 'evidence'), { recursive: true });
      sumAgain(folder);
    },
  },
  {
    check: 'C1',
    how: 'a link in the place of a file',
    shellOnly: true,
    after: (folder) => {
      renameSync(path.join(folder, 'README.md'), `${folder}.md`);
      symlinkSync(`${folder}.md`, path.join(folder, 'README.md'));
    },
  },
  { check: 'C3', how: 'a seq that is not its place', options: record(5, { seq: 6 }) },
  { check: 'C3', how: 'another plan than the newest instruction', options: record(7, { instruction_sha256: 'a'.repeat(64) }) },
  { check: 'C4', how: 'a prev of another line', options: record(7, { prev: 'a'.repeat(64) }) },
  { check: 'C5', how: 'the same event id twice', options: record(7, { event_id: 'demo/log/log/opened' }) },
  {
    check: 'C7',
    how: 'the P-256 signature of another checkpoint',
    after: (folder) => {
      copyFileSync(path.join(folder, 'log/checkpoints/9.p256.sig'), path.join(folder, 'log/checkpoints/3.p256.sig'));
      sumAgain(folder);
    },
  },
  { check: 'C7', how: 'a key id that is not the log’s', after: rewritten('log/checkpoints/3', (text) => text.replace(/(— \S+ )..../, '$1AAAA')) },
  {
    check: 'C8',
    how: 'a byte of the last record',
    after: rewritten('log/records.jsonl', (text) => text.replace(/"build":"sha256:5a3b0f"(?!.*\n.)/s, '"build":"sha256:5a3b0e"')),
  },
  {
    check: 'C9',
    how: 'the newest checkpoint taken away',
    after: (folder, { checkpoints }) => {
      const newest = checkpoints.at(-1)?.size;
      for (const file of [`checkpoints/${newest}`, `checkpoints/${newest}.p256.sig`, `cosigned/${newest}`]) rmSync(path.join(folder, 'log', file));
      sumAgain(folder);
    },
  },
  { check: 'C12', how: 'no cosignature', options: { edit: { cosignedAt: () => undefined } } },
  {
    check: 'C12',
    how: 'a changed time in a cosignature',
    after: rewritten('log/cosigned/3', (text) => text.replace(/(— witness\S+ .{8})./, (_, start: string) => `${start}x`)),
  },
  { check: 'C13', how: 'a gate without its timestamp', options: { edit: { stampedAt: () => undefined } }, needsOpenssl: true },
  {
    check: 'C13',
    how: 'a timestamp over another checkpoint',
    after: (folder) => {
      copyFileSync(path.join(folder, 'timestamps/26.sample-tsa.tsr'), path.join(folder, 'timestamps/3.sample-tsa.tsr'));
      sumAgain(folder);
    },
    needsOpenssl: true,
  },
  {
    check: 'C13',
    how: 'a query, which its record binds, taken away',
    after: (folder) => {
      rmSync(path.join(folder, 'timestamps/26.sample-tsa.tsq'));
      sumAgain(folder);
    },
    needsOpenssl: true,
  },
  {
    check: 'C14',
    how: 'an approval signed by another key',
    options: {
      edit: { signed: ({ file }, _, keys) => ({ file, signature: keys.people.get('p-032')?.sign(Buffer.from(file), 'approval-v1@ecluse') ?? '' }) },
    },
  },
  {
    check: 'C14',
    how: 'an approval signed in another namespace',
    options: { edit: { signed: ({ file }, { approver }, keys) => ({ file, signature: keys.people.get(approver.id)?.sign(Buffer.from(file), 'git') ?? '' }) } },
  },
  {
    check: 'C14',
    how: 'an approval that changed after it was signed',
    options: { edit: { signed: ({ file, signature }) => ({ file: file.replace('"objects":30', '"objects":31'), signature }) } },
  },
  { check: 'C14', how: 'a hardware key that nobody touched', options: { edit: { signers: (signers) => signers.map((one) => ({ ...one, flags: 0 })) } } },
  {
    check: 'C23',
    how: 'a policy weaker than that of log.opened',
    after: rewritten('trust/policy.json', (text) => text.replace('"witness_quorum":1', '"witness_quorum":0')),
  },
  { check: 'C23', how: 'a file in trust/ that is not the policy’s', after: rewritten('trust/allowed_signers', (text) => text.replace('p-017 ', 'p-018 ')) },
];

/** What the shell says `not checked here` of. */
export const tamperedForPage: readonly Tampered[] = [
  {
    check: 'C12',
    how: 'the line of a witness, which its record binds, taken away where no gate needs it',
    after: rewritten('log/cosigned/3', (text) => text.replace(/— witness.*\n/, '')),
  },
  {
    check: 'C17',
    how: 'a removal for no reason that the format has',
    options: { kind: 'rolled-back', edit: { draft: (draft) => (draft.event === 'deletion.intent' ? { ...draft, reasons: ['TIDY'] } : draft) } },
  },
  {
    check: 'C19',
    how: 'rows that nobody can read',
    result: 'UNKNOWN',
    after: (folder, { lines }) => {
      const batch = lines.find((line) => line.includes('"batch.verified"')) ?? '';
      const [, digest] = /"name":"rows","sha256":"([0-9a-f]{64})"/.exec(batch) ?? [];
      rmSync(path.join(folder, `manifests/${digest}.gz`));
      sumAgain(folder);
    },
  },
  {
    check: 'C19',
    how: 'an older set that is gone',
    options: { kind: 'rolled-back' },
    after: (folder, { lines }) => {
      const closed = lines.find((line) => line.includes('"reconciliation.closed"')) ?? '';
      const [, digest] = /"name":"final-set","sha256":"([0-9a-f]{64})"/.exec(closed) ?? [];
      rmSync(path.join(folder, `manifests/${digest}.gz`));
      sumAgain(folder);
    },
  },
  {
    check: 'C22',
    how: 'a bucket that was there before, of which no listing can show what is left',
    result: 'UNKNOWN',
    options: {
      kind: 'rolled-back',
      edit: { draft: (draft) => (draft.event === 'deletion.absence' ? { ...draft, verdict: 'UNKNOWN', reasons: ['SHARED_BUCKET'] } : draft) },
    },
  },
  { check: 'C2', how: 'a field that the format does not know', options: record(5, { extra: 1 }) },
  { check: 'C2', how: 'an event without what it demands', options: record(6, { unit: undefined }) },
  { check: 'C2', how: 'a space in a line', after: rewritten('log/records.jsonl', (text) => text.replace('{"actor":', '{ "actor":')) },
  { check: 'C2', how: 'a key twice in a line', after: rewritten('log/records.jsonl', (text) => text.replace('"v":1}', '"v":1,"v":1}')) },
  { check: 'C6', how: 'a cosignature from before the records', options: { edit: { cosignedAt: (time) => time - 3600 } } },
  { check: 'C6', how: 'a record before an earlier one', options: record(7, { time: '2026-01-05T07:00:00.000Z' }) },
  {
    check: 'C9',
    how: 'a log that counts other records',
    options: { edit: { draft: (draft) => (draft.event === 'log.closed' ? { ...draft, counts: { records: 3 } } : draft) } },
  },
  { check: 'C11', how: 'hours without a checkpoint', options: { gap: 'unapproved' } },
  { check: 'C15', how: 'an approval that had expired', options: { edit: { approval: (file) => ({ ...file, expires: file.not_before }) } } },
  { check: 'C15', how: 'an approval of another project', options: { edit: { approval: (file) => ({ ...file, project: 'other' }) } } },
  { check: 'C15', how: 'a nonce used twice', options: { edit: { approval: (file) => ({ ...file, nonce: '0'.repeat(32) }) } } },
  { check: 'C16', how: 'one seat of two left empty', options: { edit: { signers: (signers, gate) => (gate === 'finalize' ? signers.slice(0, 1) : signers) } } },
  {
    check: 'C16',
    how: 'two ids of one person in two seats',
    options: {
      edit: {
        signers: (signers, gate) =>
          gate === 'finalize' ? ['p-031', 'p-032'].map((id) => ({ id, org: 'integrator', role: 'migration-lead', flags: 1 })) : signers,
        policy: (policy: Policy) => {
          const seat = { role: 'migration-lead', org: 'integrator' };
          return { ...policy, gates: { ...policy.gates, finalize: { ...policy.gates.finalize, seats: [seat, seat] } } };
        },
      },
    },
  },
  {
    check: 'C17',
    how: 'a freeze before gate cutover opened',
    options: { edit: { draft: (draft) => (draft.event === 'gate.opened' && draft.approval?.gate === 'cutover' ? [] : draft) } },
  },
  {
    check: 'C17',
    how: 'an emergency right that nobody reviewed',
    options: {
      edit: {
        draft: (draft) =>
          draft.event === 'log.closed'
            ? [
                { event_id: 'demo/log/glass/opened', event: 'breakglass.opened', actor: draft.actor, reasons: ['OUTAGE'] },
                { ...draft, counts: { records: (draft.counts?.records ?? 0) + 1 } },
              ]
            : draft,
      },
    },
  },
  {
    check: 'C18',
    how: 'counts that are not the rows’',
    options: { edit: { draft: (draft) => (draft.event === 'batch.verified' ? { ...draft, counts: { pass: 99, fail: 0, unknown: 0 } } : draft) } },
  },
  { check: 'C19', how: 'an object that ends in no state', options: { edit: { final: (rows) => rows.slice(1) } } },
  {
    check: 'C19',
    how: 'an object called verified that was excluded',
    options: { edit: { final: (rows) => rows.map((row) => (row.state === 'excluded' ? { ...row, state: 'verified' as const } : row)) } },
  },
  {
    check: 'C19',
    how: 'a reason that nobody accepted',
    options: { edit: { scope: (scope) => ({ ...scope, losses: [] }) } },
  },
  {
    check: 'C20',
    how: 'a digest that the target did not give back',
    options: { edit: { rows: (rows) => rows.map((row) => (row.verdict === 'PASS' && row.targetSha256 ? { ...row, targetSha256: 'b'.repeat(64) } : row)) } },
  },
  {
    check: 'C21',
    how: 'an act without an outcome',
    result: 'UNKNOWN',
    options: { edit: { draft: (draft) => (draft.event === 'step.succeeded' && draft.act?.name === 'assess' ? [] : draft) } },
  },
  {
    check: 'C22',
    how: 'a removal without a look at what is left',
    options: { kind: 'rolled-back', edit: { draft: (draft) => (draft.event === 'deletion.absence' ? [] : draft) } },
  },
  {
    check: 'C22',
    how: 'a removal that does not add up',
    options: {
      kind: 'rolled-back',
      edit: { draft: (draft) => (draft.event === 'deletion.outcome' ? { ...draft, counts: { removed: 1, gone: 0, left: 0 } } : draft) },
    },
  },
  {
    check: 'C23',
    how: 'a production policy below the minimum',
    options: { class: 'production', edit: { policy: (policy) => ({ ...policy, cooling_off_days: 1 }) } },
  },
];
