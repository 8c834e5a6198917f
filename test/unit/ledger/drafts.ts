import type { LedgerWriter } from '../../../src/ledger/record.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';

/** A draft with the fields that a test is about. */
export const draftOf = (eventId: string, fields: Partial<LedgerDraft> = {}): LedgerDraft => ({
  event_id: eventId,
  event: 'worker.deployed',
  actor: { id: 'svc:control-1', type: 'service', auth: 'mtls' },
  ...fields,
});

/** What must be the first record of any log. */
export const openedDraft = (fields: Partial<LedgerDraft> = {}): LedgerDraft =>
  draftOf('demo/log/opened', {
    event: 'log.opened',
    policy: { class: 'lab', sha256: 'c'.repeat(64) },
    clock: { source: 'system', offset_ms: 0, checked_at: '2026-12-01T08:00:00.000Z' },
    evidence: [{ name: 'policy', media_type: 'application/json', sha256: 'c'.repeat(64), size_bytes: '1' }],
    ...fields,
  });

/** Puts a plan in force, named by one hex sign. */
export const instructionDraft = (eventId: string, plan: string): LedgerDraft =>
  draftOf(eventId, {
    event: 'instruction.received',
    evidence: [
      { name: 'order', media_type: 'application/pdf', sha256: '0'.repeat(64), size_bytes: '1' },
      { name: 'plan', media_type: 'application/json', sha256: plan.repeat(64), size_bytes: '1' },
    ],
  });

export const writer: LedgerWriter = {
  project: 'demo',
  origin: 'ecluse.example/log/demo',
  host: { id: 'h1', country: 'FR' },
  software: { name: 'ecluse', version: '1.0.0', build: `sha256:${'ab'.repeat(32)}` },
};
