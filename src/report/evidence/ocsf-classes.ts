import type { LedgerEvent } from '../../model/ledger-event.ts';

/**
 * Open Cybersecurity Schema Framework 1.8.0: the classes that fit, with the numbers of that schema.
 * 6005 Datastore Activity for what touches data, 6003 API Activity for steps at a cloud's API, 3004 Entity Management for decisions and
 * the log itself, 6008 Application Error for what did not go as it should, 6002 Application Lifecycle for a new version of the software.
 */
export const ocsfVersion = '1.8.0';

export const ocsfClasses = {
  datastore: { class_uid: 6005, category_uid: 6, class_name: 'Datastore Activity', category_name: 'Application Activity' },
  api: { class_uid: 6003, category_uid: 6, class_name: 'API Activity', category_name: 'Application Activity' },
  entity: { class_uid: 3004, category_uid: 3, class_name: 'Entity Management', category_name: 'Identity & Access Management' },
  error: { class_uid: 6008, category_uid: 6, class_name: 'Application Error', category_name: 'Application Activity' },
  lifecycle: { class_uid: 6002, category_uid: 6, class_name: 'Application Lifecycle', category_name: 'Application Activity' },
} as const;
export type OcsfClass = keyof typeof ocsfClasses;

/** Of class and activity: `99 Other` where the schema has no word for it; its name is then ours. */
interface Kind {
  readonly in: OcsfClass;
  readonly activity: number;
  /** The schema's word, or for 99 the source's. */
  readonly name: string;
}

const kind = (named: OcsfClass, activity: number, name: string): Kind => ({ in: named, activity, name });
const read = kind('datastore', 1, 'Read');
const write = kind('datastore', 5, 'Write');
const remove = kind('datastore', 7, 'Delete');
const list = kind('datastore', 8, 'List');
const create = kind('entity', 1, 'Create');
const update = kind('entity', 3, 'Update');
const failed = kind('error', 1, 'General Error');
const step = (name: string): Kind => kind('api', 99, name);

export const ocsfKinds = {
  'log.opened': create,
  'key.ceremony': create,
  'checkpoint.published': update,
  'witness.cosigned': update,
  'tsa.token': update,
  'clock.drift': failed,
  'log.alarm': failed,
  'log.gap': failed,
  'gap.approved': update,
  'evidence.exported': kind('entity', 2, 'Read'),
  'log.closed': kind('entity', 11, 'Deactivate'),
  'instruction.received': create,
  'inventory.sealed': list,
  'plan.approved': update,
  'loss.accepted': update,
  'exclusion.approved': update,
  'access.granted': update,
  'access.revoked': update,
  'config.changed': update,
  'worker.deployed': kind('lifecycle', 8, 'Update'),
  'step.started': step('step started'),
  'step.succeeded': step('step succeeded'),
  'step.failed': step('step failed'),
  'step.undo_started': step('undo started'),
  'step.undo_finished': step('undo finished'),
  'step.undo_failed': step('undo failed'),
  'stuck.resolved': update,
  'snapshot.created': kind('datastore', 6, 'Create'),
  'transfer.started': write,
  'transfer.exception': write,
  'batch.verified': read,
  'batch.restated': kind('datastore', 99, 'rows restated'),
  'disk.verified': read,
  'listing.compared': list,
  'gate.reached': create,
  'gate.opened': kind('entity', 8, 'Enable'),
  'gate.rejected': kind('entity', 9, 'Disable'),
  'rehearsal.accepted': update,
  'cutover.approved': update,
  'acceptance.signed': update,
  'target_backup.verified': read,
  'reconciliation.closed': kind('datastore', 99, 'reconciliation closed'),
  'rollback.ordered': update,
  'rollback.finished': update,
  'deletion.requested': update,
  'deletion.notice': update,
  'deletion.cancelled': update,
  'deletion.approved': update,
  'deletion.intent': remove,
  'deletion.outcome': remove,
  'deletion.absence': list,
  'key.destroyed': kind('entity', 4, 'Delete'),
  'certificate.issued': create,
  'payload.decoded': kind('entity', 2, 'Read'),
  'breakglass.opened': update,
  'breakglass.closed': update,
  'breakglass.reviewed': update,
} as const satisfies Record<LedgerEvent, Kind>;
