import { describe, expect, it } from '@jest/globals';
import { type LedgerEvent, ledgerEvents } from '../../../../src/model/ledger-event.ts';
import type { LedgerRecord } from '../../../../src/model/ledger-record.ts';
import { ocsfEvent, ocsfLines } from '../../../../src/report/evidence/ocsf.ts';
import { bucket, factsOf, recordAt, type Said, source, target, textOf } from './evidence-facts.ts';
import { faultsOf } from './ocsf-schema.ts';

const events = Object.keys(ledgerEvents) as LedgerEvent[];
const whole: Omit<Said, 'event'> = {
  unit: bucket('photos', { count: 3, size_bytes: '12' }),
  source: { ...source, endpoint: 's3.example' },
  target: { ...target, endpoint: 'oos.example' },
  act: { name: 'copy', run: 1, pass: 1, turn: 0 },
  refs: { workflow_id: 'project/demo', run_id: 'r', activity_id: '1', attempt: 1 },
  actor: { id: 'p-1', type: 'person', auth: 'sshsig', org: 'hospital', role: 'data-owner' },
  approval: { approver: { id: 'p-1' }, gate: 'cutover', scope_sha256: 'c'.repeat(64) },
  reasons: ['THROTTLED', 'UNAVAILABLE'],
  counts: { pass: 3 },
};

describe('an OCSF event', () => {
  it.each(events)('of %s is what its class asks for, from a full record and from a bare one', (event) => {
    const { severity } = ledgerEvents[event];
    for (const said of [
      { event, severity, ...whole },
      { event, severity },
      { event, severity, ...whole, verdict: 'UNKNOWN' as const },
    ])
      expect(faultsOf(ocsfEvent(recordAt(said, 3)))).toEqual([]);
  });

  it('the judge finds what is wrong', () => {
    const event = ocsfEvent(recordAt({ event: 'batch.verified', ...whole }, 3));
    const { actor, ...without } = event;
    expect(faultsOf(without)).toEqual(['Datastore Activity.actor is missing']);
    expect(faultsOf({ ...event, type_uid: 600502 })).toEqual(['600502 is not 600501']);
    expect(faultsOf({ ...event, databucket: { name: 'x' } })).toEqual(['Datastore Activity.databucket.type_id is missing']);
    expect(faultsOf({ ...event, host: 'h' })).toEqual(['Datastore Activity.host is unknown']);
    expect(faultsOf({ ...event, time: '2026' })).toEqual(['Datastore Activity.time is no integer']);
  });

  it('keeps all of the record: what the schema has no field for stands under `unmapped`', () => {
    const record = recordAt({ event: 'cutover.approved', ...whole }, 3);
    const { metadata, time, unmapped } = ocsfEvent(record) as { metadata: Record<string, unknown>; time: number; unmapped: Record<string, unknown> };
    const again = {
      ...unmapped,
      event: metadata.event_code,
      event_id: metadata.original_event_uid,
      seq: metadata.sequence,
      log: metadata.log_name,
      time: new Date(time).toISOString(),
    };
    expect(again).toEqual(record as unknown as Record<string, unknown>);
    expect(metadata).toMatchObject({ version: '1.8.0', uid: 'ecluse/demo/3', correlation_uid: 'project/demo' });
  });

  it.each([
    [{ event: 'batch.verified', verdict: 'PASS' }, 'Success'],
    [{ event: 'batch.verified', verdict: 'FAIL' }, 'Failure'],
    [{ event: 'batch.verified', verdict: 'UNKNOWN' }, 'Unknown'],
    [{ event: 'step.succeeded' }, 'Success'],
    [{ event: 'step.failed', severity: 'exception' }, 'Failure'],
    [{ event: 'step.started' }, undefined],
  ] as const)('%j is told as %s', (said, status) => expect(ocsfEvent(recordAt(said, 0)).status).toBe(status));

  it('speaks of the source where the source was listed', () => {
    const named = (said: Partial<LedgerRecord>) => ocsfEvent(recordAt({ event: 'listing.compared', ...whole, ...said }, 0)).dst_endpoint;
    expect(named({ event: 'inventory.sealed' })).toMatchObject({ svc_name: 's3.example' });
    expect(named({ act: { name: 'close/source', run: 1, pass: 1, turn: 0 } })).toMatchObject({ svc_name: 's3.example' });
    expect(named({ act: { name: 'close/target', run: 1, pass: 1, turn: 0 } })).toMatchObject({ svc_name: 'oos.example' });
  });
});

it('one line a record, in their order', async () => {
  const lines = (await textOf(ocsfLines(factsOf(events.map((event) => ({ event, ...whole })))))).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line).metadata.event_code)).toEqual(events);
});
