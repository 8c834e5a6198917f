import { createHash } from 'node:crypto';
import type { LedgerDraft } from '../../src/model/ledger-record.ts';
import type { ObjectRow } from '../../src/model/row.ts';
import type { SampleOptions } from '../support/evidence/sample.ts';
import type { LogHand, SampleEdits } from '../support/evidence/sample-edits.ts';
import { sampleName } from '../support/evidence/sample-objects.ts';
import { type Attack, fails } from './attack.ts';
import { at } from './history-attacks.ts';

const edited = (edit: SampleEdits) => (): SampleOptions => ({ edit });
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const victim = sampleName(0).ref;
/** The row of one object, in each batch that holds it. */
const row = (change: (row: ObjectRow) => ObjectRow) => (rows: readonly ObjectRow[]) => rows.map((one) => (one.ref === victim ? change(one) : one));
const without = <T extends { readonly ref: string }>(rows: readonly T[]): readonly T[] => rows.filter(({ ref }) => ref !== victim);
const leftOut = (rows: readonly ObjectRow[]): readonly ObjectRow[] => without(rows).map((one, i) => ({ ...one, i }));
const failed = ({ targetSha256, targetMetadata, ...one }: ObjectRow): ObjectRow => ({
  ...one,
  outcome: 'failed',
  verdict: 'UNKNOWN',
  reason: 'COPY_INCOMPLETE',
});

/** Never copied, and still there at the end: the closing inventory shows it, and the record counts it. */
const uncopied: SampleEdits = {
  rows: leftOut,
  inventory: (rows, which) => (which === 0 ? rows : [...rows, { ref: victim, size_bytes: '18' }].sort((a, b) => (a.ref < b.ref ? -1 : 1))),
  ...at('reconciliation.closed', (draft) => ({ ...draft, counts: { ...draft.counts, inventoried: (draft.counts?.inventoried ?? 0) + 1 } })),
};

/** What stands on the target in the samples that are re-hashed. */
export const bodyOf = (ref: string): Buffer => Buffer.from(`body of ${ref}\n`);
export const rehashed: SampleEdits = {
  rows: (rows) =>
    rows.map(({ form, chunkBytes, ...one }) => {
      const body = bodyOf(one.ref);
      const digest = sha256(body);
      return { ...one, sizeBytes: body.length, ...(one.sha256 ? { sha256: digest, targetSha256: digest } : {}) };
    }),
  inventory: (rows) => rows.map((one) => ({ ...one, size_bytes: String(bodyOf(one.ref).length) })),
};

const workerAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'wrong-counts',
    title: 'Counts of a batch are wrong',
    how: 'The record says more passed than its rows.',
    sample: edited(at('batch.verified', (draft) => ({ ...draft, counts: { ...draft.counts, pass: 99 } }))),
    expected: fails('C18'),
  },
  {
    id: 'failing-batch-passes',
    title: 'A batch with a failure says PASS',
    how: 'A row has the verdict FAIL, the record the verdict PASS.',
    sample: edited({ rows: row((one) => ({ ...one, verdict: 'FAIL' })), ...at('batch.verified', (draft) => ({ ...draft, verdict: 'PASS' })) }),
    expected: fails('C18'),
  },
  {
    id: 'no-re-read',
    title: '"Equal" without reading back',
    how: 'A row passes without a digest of what the target gave back.',
    sample: edited({ rows: row(({ targetSha256, ...one }) => one) }),
    expected: fails('C20'),
  },
  {
    id: 'unequal',
    title: '"Equal" though the digests differ',
    how: 'A row passes with another digest from the target.',
    sample: edited({ rows: row((one) => ({ ...one, targetSha256: '1'.repeat(64) })) }),
    expected: fails('C20'),
  },
  {
    id: 'metadata-differs',
    title: '"Equal" though the metadata differ',
    how: 'A row passes with other metadata on the target.',
    sample: edited({ rows: row((one) => ({ ...one, targetMetadata: '1'.repeat(64) })) }),
    expected: fails('C20'),
  },
  {
    id: 'finalized-unknown',
    title: 'Finalized while an object is unknown',
    how: 'An object was never compared, and gate finalize opens all the same.',
    sample: edited({ rows: row((one) => ({ ...one, verdict: 'UNKNOWN' })) }),
    expected: [{ check: 'C19', result: 'UNKNOWN' }, ...fails('C20')],
  },
  {
    id: 'echo',
    title: 'A digest echoed instead of re-read',
    how: 'The worker writes the source’s digest as the target’s (a HEAD answers what was sent); the target holds other bytes.',
    sample: edited(rehashed),
    expected: [],
    residual:
      'Records cannot show what was never read. Draw a sample with your own seed and read it again: `rehash.py` (and a second role re-reads in verification).',
    isSeenByRehash: true,
  },
  {
    id: 'swapped-afterwards',
    title: 'An object is swapped after verification',
    how: 'Whoever may write the target changes an object when all is verified and closed.',
    sample: edited(rehashed),
    expected: [],
    residual: 'A bundle says what was there then. `rehash.py` reads a sample of the target today.',
    isSeenByRehash: true,
  },
];

const listAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'silently-excluded',
    title: 'A failing object is silently excluded',
    how: 'An object failed, and its end state is `excluded` though nobody accepted that loss.',
    sample: edited({ rows: row(failed), final: (rows) => rows.map((one) => (one.ref === victim ? { ...one, state: 'excluded' } : one)) }),
    expected: fails('C19'),
  },
  {
    id: 'without-end-state',
    title: 'An object has no end state',
    how: 'An object of the inventory is in no final set.',
    sample: edited({ final: without }),
    expected: fails('C19'),
  },
  {
    id: 'hidden-by-filter',
    title: 'An object is hidden by a filter',
    how: 'Both inventories hold an object that no batch and no final set ever names.',
    sample: edited({ ...uncopied, final: without }),
    expected: fails('C19'),
  },
  {
    id: 'hidden-as-vanished',
    title: 'An object that was not copied is called vanished',
    how: 'The closing listing still shows the object; no batch names it, and its end state is `vanished`.',
    sample: edited({ ...uncopied, final: (rows) => rows.map((one) => (one.ref === victim ? { ...one, state: 'vanished' } : one)) }),
    expected: fails('C19'),
  },
  {
    id: 'verified-without-row',
    title: 'An object is "verified" by a row that is not its newest',
    how: 'A failed row decides; the final set says `verified`.',
    sample: edited({ rows: row(failed), final: (rows) => rows.map((one) => (one.ref === victim ? { ...one, state: 'verified' } : one)) }),
    expected: fails('C19'),
  },
  {
    id: 'left-out-of-closing-list',
    title: 'An object is kept out of the closing listing',
    how: 'The first inventory holds the object; no batch names it, and the closing listing lacks it, as if the source had lost it.',
    sample: edited({ rows: leftOut }),
    expected: [],
    residual: 'It ends as `vanished` and is counted so. Ask the source’s own access log who deleted what is called vanished.',
  },
  {
    id: 'never-listed',
    title: 'An object is kept out of every listing',
    how: 'Inventories, batches and final set agree: the object never existed.',
    sample: edited({ rows: leftOut, inventory: without, final: without }),
    expected: [],
    residual:
      'A bundle does not prove that objects outside the listing did not exist. Compare the counts of the sealed inventory with the provider’s own inventory or bill.',
  },
];

const deletionAttacks: readonly Omit<Attack, 'who'>[] = [
  {
    id: 'removals-short',
    title: 'Removals that do not add up',
    how: 'Fewer items were removed than were intended, and none is said to be left.',
    sample: () => ({ kind: 'rolled-back', edit: at('deletion.outcome', (draft) => ({ ...draft, counts: { removed: 1, gone: 0, left: 0 } })) }),
    expected: fails('C22'),
  },
  {
    id: 'nobody-looked',
    title: 'A copy is kept: nobody looked',
    how: 'After a removal no listing shows that nothing is left.',
    sample: () => ({ kind: 'rolled-back', edit: at('deletion.absence', () => []) }),
    expected: fails('C22'),
  },
  {
    id: 'copy-kept',
    title: 'A copy is kept: the listing shows it',
    how: 'The listing after the removal still finds something.',
    sample: () => ({ kind: 'rolled-back', edit: at('deletion.absence', (draft) => ({ ...draft, counts: { found: 1 }, verdict: 'FAIL' })) }),
    expected: fails('C22'),
  },
  {
    id: 'unprobed',
    title: 'A certificate without a probe',
    how: 'A certificate names snapshots, and no listing of snapshots was asked.',
    sample: edited(at('step.succeeded', (draft, log) => [draft, certificate(draft, log, '2026-03-01T00:00:00.000Z', ['versions', 'snapshots'])], 'finalize')),
    expected: fails('C22'),
  },
  {
    id: 'within-cooling-off',
    title: 'A deletion of sources within the cooling-off',
    how: 'It was ordered a day after the acceptance.',
    sample: edited(at('step.succeeded', (draft, log) => [draft, certificate(draft, log, '2026-01-06T12:00:00.000Z', ['versions'])], 'finalize')),
    expected: fails('C22'),
  },
];

export const objectAttacks: readonly Attack[] = [
  ...workerAttacks.map((attack) => ({ ...attack, who: 'compromised worker' as const })),
  ...listAttacks.map((attack) => ({ ...attack, who: 'consultant' as const })),
  ...deletionAttacks.map((attack) => ({ ...attack, who: 'consultant' as const })),
];

/** Of the probes, only `versions` was asked. */
function certificate({ unit, actor }: LedgerDraft, log: LogHand, orderedAt: string, categories: readonly string[]): LedgerDraft {
  return {
    event: 'certificate.issued',
    event_id: 'demo/records-archive/certificate/issued',
    actor,
    ...(unit ? { unit } : {}),
    evidence: [{ name: 'certificate', media_type: 'text/plain', sha256: log.put(Buffer.from('All is gone.\n')), size_bytes: '13' }],
    deletion: {
      holds_checked: ['LEGAL_HOLD'],
      method: 'logical',
      technique: 'delete with all versions',
      categories_checked: [...categories],
      absence: [{ probe: 'versions', result: 'NONE', response_sha256: 'ab'.repeat(32), at: orderedAt }],
      ordered_at: orderedAt,
      residual: [],
      provider_evidence: [],
      operator: 'p-031',
    },
  };
}
