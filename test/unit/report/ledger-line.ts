import type { LedgerRecord } from '../../../src/model/ledger-record.ts';

/** A record as a worker hands it out; only the fields that a report reads matter. */
export const ledgerRecord = (fields: Partial<LedgerRecord> & { readonly event: LedgerRecord['event'] }): LedgerRecord => ({
  v: 1,
  log: 'ecluse/demo',
  seq: 0,
  prev: '0'.repeat(64),
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  time: '2026-01-01T00:00:00.000Z',
  event_id: 'demo/x/y/z',
  severity: 'info',
  project: 'demo',
  actor: { id: 'svc:control', type: 'service', auth: 'client-asserted' },
  software: { name: 'ecluse', version: '0', build: 'x' },
  host: { id: 'h' },
  ...fields,
});

export const ledgerLine = (fields: Parameters<typeof ledgerRecord>[0]): string => JSON.stringify(ledgerRecord(fields));
