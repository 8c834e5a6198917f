import { ledgerEvents } from '../../model/ledger-event.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { type OcsfClass, ocsfClasses, ocsfKinds, ocsfVersion } from './ocsf-classes.ts';
import type { Place } from './workload-sums.ts';

/** One OCSF event a record, for a SIEM. A rendering: signatures and digests are over the records, not over this. */
export async function* ocsfLines(facts: BundleFacts): AsyncGenerator<string> {
  for await (const line of facts.records()) yield `${JSON.stringify(ocsfEvent(JSON.parse(line) as LedgerRecord))}\n`;
}

/** What the schema has a field for stands there; the rest of the record is whole under `unmapped`. */
export function ocsfEvent(record: LedgerRecord): Readonly<Record<string, unknown>> {
  const { event, time, severity, seq, event_id, log, software, actor, refs, ...unmapped } = record;
  const { in: named, activity, name } = ocsfKinds[event];
  const { class_uid, category_uid, class_name, category_name } = ocsfClasses[named];
  return {
    class_uid,
    class_name,
    category_uid,
    category_name,
    activity_id: activity,
    activity_name: name,
    type_uid: class_uid * 100 + activity,
    type_name: `${class_name}: ${activity === 99 ? 'Other' : name}`,
    ...severities[severity],
    time: Date.parse(time),
    ...statusOf(record),
    message: ledgerEvents[event].sentence,
    metadata: {
      version: ocsfVersion,
      product: { name: software.name, vendor_name: 'Écluse', version: software.version },
      uid: `${log}/${seq}`,
      original_event_uid: event_id,
      original_time: time,
      event_code: event,
      sequence: seq,
      log_name: log,
      ...(refs ? { correlation_uid: refs.workflow_id } : {}),
    },
    ...ofClass[named](record),
    unmapped: { ...unmapped, severity, actor, software, ...(refs ? { refs } : {}) },
  };
}

const severities = {
  info: { severity_id: 1, severity: 'Informational' },
  notice: { severity_id: 1, severity: 'Informational' },
  exception: { severity_id: 3, severity: 'Medium' },
  breakglass: { severity_id: 4, severity: 'High' },
} as const satisfies Record<LedgerRecord['severity'], object>;

const succeeded = { status_id: 1, status: 'Success' };
const failed = { status_id: 2, status: 'Failure' };

/** A verdict UNKNOWN is never a success: the schema's word for it is Unknown. */
function statusOf({ event, verdict, severity, reasons = [] }: LedgerRecord): Readonly<Record<string, unknown>> {
  const because = reasons.length > 0 ? { status_code: reasons[0], status_detail: reasons.join(' ') } : {};
  if (verdict === 'UNKNOWN') return { status_id: 0, status: 'Unknown', ...because };
  if (verdict) return { ...(verdict === 'PASS' ? succeeded : failed), ...because };
  if (event === 'step.succeeded' || event === 'step.undo_finished' || event === 'rollback.finished') return { ...succeeded, ...because };
  if (severity === 'exception') return { ...failed, ...because };
  return because;
}

/** Classes of errors and of software know an actor only under a profile of their own: there it stays under `unmapped`. */
const actorOf = ({ actor: { id, type, org }, software }: Pick<LedgerRecord, 'actor' | 'software'>) => ({
  actor: {
    user: { uid: id, ...(type === 'person' ? { type_id: 1, type: 'User' } : { type_id: 4, type: 'Service' }), ...(org ? { org: { name: org } } : {}) },
    app_name: software.name,
    app_uid: software.build,
  },
});

/** What each class demands besides. */
const ofClass: Readonly<Record<OcsfClass, (record: LedgerRecord) => Readonly<Record<string, unknown>>>> = {
  datastore: (record) => ({ ...actorOf(record), ...endpoints(record), databucket: bucketOf(record), type_id: 2, type: 'Databucket' }),
  api: (record) => ({
    ...actorOf(record),
    ...endpoints(record),
    api: { operation: record.act?.name ?? record.event, ...(record.target ? { service: { name: record.target.provider } } : {}) },
    ...(record.unit ? { resources: [{ name: record.unit.ref, type: record.unit.kind }] } : {}),
  }),
  entity: ({ unit, log, approval, host, actor, software }) => ({
    ...actorOf({ actor, software }),
    entity: {
      name: unit?.ref ?? log,
      type_id: 99,
      type: approval?.gate ? `gate ${approval.gate}` : (unit?.kind ?? 'log'),
      ...(approval ? { uid: approval.scope_sha256 } : {}),
    },
    src_endpoint: hostOf(host),
  }),
  error: () => ({}),
  lifecycle: ({ software }) => ({ app: { name: software.name, uid: software.build, version: software.version } }),
};

/** From the machine that wrote to the place that it spoke to: the target, or for a list of the source the source. */
function endpoints(record: LedgerRecord): Readonly<Record<string, unknown>> {
  const place = placeOf(record);
  const name = place?.endpoint ?? place?.provider;
  return {
    src_endpoint: hostOf(record.host),
    ...(place && name ? { dst_endpoint: { svc_name: name, ...(place.country ? { location: locationOf(place) } : {}) } } : {}),
  };
}

const hostOf = ({ id, country }: LedgerRecord['host']) => ({ uid: id, name: id, ...(country ? { location: { country } } : {}) });
const locationOf = ({ country, region }: Place) => ({ country, ...(region ? { region } : {}) });

function placeOf({ event, source, target, act }: LedgerRecord): Place | undefined {
  const isOfSource = event === 'inventory.sealed' || event === 'snapshot.created' || act?.name.endsWith('/source') === true;
  return isOfSource ? source : (target ?? source);
}

function bucketOf(record: LedgerRecord): Readonly<Record<string, unknown>> {
  const place = placeOf(record);
  const isAzure = place?.provider.startsWith('azure') === true;
  return {
    name: place?.resource_ref ?? record.unit?.ref ?? record.log,
    ...(isAzure ? { type_id: 2, type: 'Azure Blob' } : { type_id: 1, type: 'S3' }),
  };
}
