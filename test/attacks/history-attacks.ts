import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerDraft } from '../../src/model/ledger-record.ts';
import { datedAuthority, makeAuthority } from '../support/evidence/dated-authority.ts';
import type { Sample, SampleOptions } from '../support/evidence/sample.ts';
import type { SampleEdits } from '../support/evidence/sample-edits.ts';
import { makeSampleKeys } from '../support/evidence/sample-policy.ts';
import { type Attack, fails, type Scene } from './attack.ts';

const edited = (edit: SampleEdits) => (): SampleOptions => ({ edit });
export const at = (event: LedgerDraft['event'], change: NonNullable<SampleEdits['draft']>, act?: string): SampleEdits => ({
  draft: (draft, hand) => (draft.event === event && (act === undefined || draft.act?.name === act) ? change(draft, hand) : draft),
});
const yearMs = 365 * 86_400;
/** The lie that the whole log is made anew for. */
const rewritten: SampleEdits = at('transfer.started', (draft) => ({ ...draft, source: { provider: 'aws', region: 'eu-west-3', country: 'DE' } }));
const sleepThen: NonNullable<SampleEdits['draft']> = (draft, log) => {
  log.advance(5 * 3600);
  return draft;
};

/** Who holds the log's keys makes the log anew: chain, roots, signatures, counts and digests are all right again. */
const operatorAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'resigned',
    title: 'Insider signs all again, and leaves the outsiders out',
    how: 'A record is changed and every checkpoint signed again; neither witness nor authority sees the new log.',
    sample: edited({ ...rewritten, cosignedAt: () => undefined, stampedAt: () => undefined }),
    brings: keptCheckpoint,
    expected: fails('C10', 'C12', 'C13'),
  },
  {
    id: 'resigned-old-evidence',
    title: 'Insider signs all again, with the true log’s cosignatures and timestamps',
    how: 'As before, and what the outsiders gave to the true log is put into the folder.',
    sample: edited({ ...rewritten, cosignedAt: () => undefined, stampedAt: () => undefined }),
    perform: ({ folder, honest }) => {
      for (const name of ['log/cosigned', 'timestamps']) {
        rmSync(join(folder, name), { recursive: true, force: true });
        cpSync(join(honest.folder, name), join(folder, name), { recursive: true });
      }
    },
    brings: keptCheckpoint,
    expected: fails('C10', 'C12', 'C13'),
  },
  {
    id: 'fork',
    title: 'The log is forked: one history for each reader',
    how: 'A second log under the same keys; the witness, which cosigned the first, refuses the second.',
    sample: edited({ cosignedAt: (time, size) => (size > 3 ? undefined : time) }),
    brings: ({ honest }, save) => ({ checkpoints: [save('of-the-witness', honest.cosigned.at(-1)?.note ?? '')] }),
    expected: fails('C10', 'C12'),
  },
  {
    id: 'restored-backup',
    title: 'An old backup is restored and the log goes on from it',
    how: 'Another history grows where records were lost; a checkpoint over the lost ones had been published.',
    perform: ({ folder, honest }) => {
      for (const end of ['', '.p256.sig']) cpSync(join(honest.folder, `log/checkpoints/12${end}`), join(folder, `log/checkpoints/12${end}`));
    },
    sample: edited({}),
    expected: fails('C8'),
  },
  {
    id: 'record-dated-back',
    title: 'A record is dated back',
    how: 'A record bears a time before that of the record before it.',
    sample: edited({ record: (record) => (record.seq === 20 ? { ...record, time: '2026-01-01T00:00:00.000Z' } : record) }),
    expected: fails('C6'),
  },
  {
    id: 'log-dated-back',
    title: 'The whole log is dated back',
    how: 'All records claim to be a year older than witness and authority say.',
    sample: edited({ cosignedAt: (time) => time + yearMs, stampedAt: (time) => time + yearMs }),
    expected: fails('C6'),
  },
  {
    id: 'clock-ahead',
    title: 'The log’s clock runs ahead',
    how: 'All records bear a time that has not come yet.',
    sample: () => ({ startMs: Date.now() + 86_400_000 }),
    expected: fails('C6'),
  },
  {
    id: 'same-id-twice',
    title: 'One act is recorded twice',
    how: 'Two records bear the same `event_id`.',
    sample: edited(at('step.succeeded', (draft) => [draft, draft], 'prepare-target')),
    expected: fails('C5'),
  },
  {
    id: 'other-instruction',
    title: 'An act under another instruction',
    how: 'A record names a plan that was not in force.',
    sample: edited({ record: (record) => (record.event === 'transfer.started' ? { ...record, instruction_sha256: '0'.repeat(64) } : record) }),
    expected: fails('C3'),
  },
  {
    id: 'unknown-field',
    title: 'A field that the format does not have',
    how: 'A record holds more than the format says, for instance a name.',
    sample: edited({ record: (record) => (record.event === 'transfer.started' ? { ...record, note: 'x' } : record) }),
    expected: fails('C2'),
  },
  {
    id: 'record-after-close',
    title: 'A record after log.closed',
    how: 'Something is recorded after the log was closed, and signed.',
    sample: edited(at('log.closed', (draft) => [draft, { event: 'evidence.exported', event_id: 'demo/late', actor: draft.actor }])),
    expected: fails('C9'),
  },
  {
    id: 'wrong-last-count',
    title: 'log.closed counts other records',
    how: 'The last record says another number than stands before it.',
    sample: edited(at('log.closed', (draft) => ({ ...draft, counts: { records: 7 } }))),
    expected: fails('C9'),
  },
  {
    id: 'idle-hours',
    title: 'Idle hours without a checkpoint',
    how: 'For five hours nothing is signed, and nothing explains it.',
    sample: edited(at('step.started', sleepThen, 'freeze-source')),
    expected: fails('C11'),
  },
  {
    id: 'unapproved-gap',
    title: 'A gap that nobody approved',
    how: 'Five hours without a checkpoint are explained by `log.gap`; the controller never agreed.',
    sample: () => ({ gap: 'unapproved' }),
    expected: fails('C11'),
  },
  {
    id: 'gap-approved-by-operator',
    title: 'A gap that the operator approves itself',
    how: 'The approval of `log.gap` is signed by the operator’s own lead.',
    sample: () => ({
      gap: 'approved',
      edit: { signers: (signers, gate) => (gate === 'gap' ? [{ id: 'p-031', org: 'integrator', role: 'migration-lead', flags: 1 }] : signers) },
    }),
    expected: fails('C11'),
  },
  {
    id: 'untrusted-authority',
    title: 'Timestamps of an authority of the same name',
    how: 'The tokens are those of an authority whose root the policy does not hold.',
    sample: () => ({
      keys: { ...makeSampleKeys('2026-01-05T08:00:00.000Z'), authority: makeAuthority() },
      edit: { policy: (policy) => ({ ...policy, timestamps: policy.timestamps.map((one) => ({ ...one, ca: datedAuthority()?.ca ?? '' })) }) },
    }),
    expected: fails('C13'),
  },
  {
    id: 'below-minimum',
    title: 'Less than production must ask',
    how: 'The log was opened as `production` with a policy below the minimum.',
    sample: () => ({ class: 'production', edit: { policy: (policy) => ({ ...policy, cooling_off_days: 20 }) } }),
    expected: fails('C23'),
  },
  {
    id: 'demanded-field',
    title: 'A field that the policy demands is left out',
    how: 'A batch does not say in which country its target lies.',
    sample: edited(at('batch.verified', (draft) => ({ ...draft, target: { provider: draft.target?.provider ?? '' } }))),
    expected: fails('C23'),
  },
];

const everybody: Attack = {
  id: 'all-three',
  title: 'Insider, witness and authority sign all again together',
  who: 'operator, witness and authority together',
  how: 'A record is changed, and every signature, cosignature and timestamp made anew.',
  sample: edited(rewritten),
  brings: keptCheckpoint,
  expected: fails('C10'),
  isBlindWithout: true,
  residual: 'Nothing inside the bundle can show it. A checkpoint that the auditor kept earlier, or the export of a witness that was not in it, does.',
};

const doctored: readonly Attack[] = [
  {
    id: 'doctored-verifier',
    title: 'The verifier in the bundle is doctored',
    who: 'outsider with the folder',
    how: '`verify.py` always says PASS; its digest and SHA256SUMS are made anew.',
    perform: doctorVerifier,
    brings: ({ honest }) => ({ fingerprints: [sha256(readFileSync(join(honest.folder, 'verify.py')))] }),
    expected: fails('C24'),
    isBlindWithout: true,
    residual: 'Never run only the verifier that came with the bundle: take the published one, and compare its digest with the controller’s paper.',
  },
  {
    id: 'other-keys',
    title: 'A whole bundle under keys of the attacker’s',
    who: 'outsider with the folder',
    how: 'Log, witness, people and policy are all invented, and agree with each other.',
    sample: () => ({ keys: makeSampleKeys('2026-01-05T08:00:00.000Z') }),
    brings: ({ honest }) => ({ fingerprints: fingerprintsOf(honest) }),
    expected: fails('C24'),
    isBlindWithout: true,
    residual: 'That the keys are the controller’s is shown by the paper alone.',
  },
];

export const historyAttacks: readonly Attack[] = [
  ...operatorAttacks.map((attack) => ({ ...attack, who: 'operator with log keys' as const })),
  everybody,
  ...doctored,
];

function keptCheckpoint({ honest }: Scene, save: (name: string, bytes: string) => string): { readonly checkpoints: readonly string[] } {
  return { checkpoints: [save('kept-by-the-auditor', honest.checkpoints.at(-2)?.note ?? '')] };
}

function doctorVerifier({ folder }: Scene): void {
  const lie = 'print("PASS")\n';
  const honest = sha256(readFileSync(join(folder, 'verify.py')));
  writeFileSync(join(folder, 'verify.py'), lie);
  const file = join(folder, 'trust/fingerprints.txt');
  writeFileSync(file, readFileSync(file, 'utf8').replace(honest, sha256(lie)));
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** What stands on the controller's paper: policy, log and P-256 key. */
const fingerprintsOf = ({ folder }: Sample): readonly string[] =>
  [...readFileSync(join(folder, 'trust/fingerprints.txt'), 'utf8').matchAll(/^(?:policy|log|p256) ([0-9a-f]{64})$/gm)].map(([, hex = '']) => hex);
