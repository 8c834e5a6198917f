import type { LedgerWriter } from '../../../src/ledger/record.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';

/** A draft with the fields that a test is about. */
export const draftOf = (eventId: string, fields: Partial<LedgerDraft> = {}): LedgerDraft => ({
  event_id: eventId,
  event: 'step.succeeded',
  actor: { id: 'svc:control-1', type: 'service', auth: 'mtls' },
  ...fields,
});

export const writer: LedgerWriter = {
  project: 'demo',
  origin: 'ecluse.example/log/demo',
  host: { id: 'h1', country: 'FR' },
  software: { name: 'ecluse', version: '1.0.0', build: `sha256:${'ab'.repeat(32)}` },
};
