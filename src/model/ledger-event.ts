import { z } from 'zod';

/** Fields of a record that an event may demand. */
export type DemandedField =
  | 'unit'
  | 'source'
  | 'target'
  | 'counts'
  | 'verdict'
  | 'approval'
  | 'evidence'
  | 'act'
  | 'clock'
  | 'digest'
  | 'deletion'
  | 'policy'
  | 'gap'
  | 'reasons';
export type Severity = 'info' | 'notice' | 'exception' | 'breakglass';

interface EventKind {
  /** Given to a record whose writer names none. */
  readonly severity: Severity;
  /** A record of this kind without one of these is refused. */
  readonly demands: readonly DemandedField[];
  /** What the record states, for a reader of the log. */
  readonly sentence: string;
}

/**
 * The closed list of what a log can say. Kinds that belong to disks, rehearsals, source deletion and readers of payloads are part of the
 * format; the workflows that write them come with those.
 * Intent stands before the act and outcome after it: an intent without an outcome is UNKNOWN until somebody looked.
 */
export const ledgerEvents = {
  'log.opened': { severity: 'notice', demands: ['policy', 'clock', 'evidence'], sentence: 'The log of this project begins, under this policy.' },
  'key.ceremony': { severity: 'notice', demands: ['evidence'], sentence: 'Keys of this log were made, or took the place of earlier ones.' },
  'checkpoint.published': { severity: 'info', demands: ['counts', 'clock', 'evidence'], sentence: 'The root over all records so far was signed.' },
  'witness.cosigned': { severity: 'info', demands: ['counts', 'evidence'], sentence: 'A party outside the operator saw the log grow and signed that.' },
  'tsa.token': { severity: 'info', demands: ['counts', 'evidence'], sentence: 'A timestamp authority dated a checkpoint.' },
  'clock.drift': {
    severity: 'exception',
    demands: ['clock'],
    sentence: 'The clock of a writer stood more than five minutes off; it wrote nothing until it was right again.',
  },
  'log.alarm': { severity: 'exception', demands: ['reasons'], sentence: 'A witness or a timestamp authority did not answer, or the log could not be signed.' },
  'log.gap': {
    severity: 'exception',
    demands: ['gap', 'reasons', 'evidence'],
    sentence: 'No checkpoint was published for longer than the policy allows; the controller must approve the reason.',
  },
  'gap.approved': { severity: 'notice', demands: ['approval'], sentence: 'A person approved the reason of a gap.' },
  'evidence.exported': { severity: 'notice', demands: [], sentence: 'A bundle of the evidence was made.' },
  'log.closed': { severity: 'notice', demands: ['counts'], sentence: 'The log ends: no record follows.' },

  'instruction.received': { severity: 'notice', demands: ['evidence'], sentence: 'The owner’s written instruction to move the data has arrived.' },
  'inventory.sealed': { severity: 'notice', demands: ['unit', 'source', 'evidence'], sentence: 'The list of what is to be moved was closed.' },
  'plan.approved': { severity: 'notice', demands: ['approval'], sentence: 'A person approved the plan.' },
  'loss.accepted': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'The owner accepted what the target cannot hold.' },
  'exclusion.approved': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person approved that something stays behind.' },
  'access.granted': { severity: 'notice', demands: [], sentence: 'A right was given.' },
  'access.revoked': { severity: 'notice', demands: [], sentence: 'A right was taken back.' },
  'config.changed': { severity: 'notice', demands: [], sentence: 'A person changed an operating field, or paused or resumed the work.' },
  'worker.deployed': { severity: 'info', demands: [], sentence: 'Another version of the software serves.' },

  'step.started': { severity: 'info', demands: ['act'], sentence: 'A step is about to act.' },
  'step.succeeded': { severity: 'info', demands: ['act'], sentence: 'The step has acted and its outcome was seen.' },
  'step.failed': { severity: 'exception', demands: ['act'], sentence: 'The step ended without its outcome; it may have acted.' },
  'step.undo_started': { severity: 'notice', demands: ['act'], sentence: 'What the step did is about to be taken back.' },
  'step.undo_finished': { severity: 'notice', demands: ['act'], sentence: 'What the step did was taken back, or had never happened.' },
  'step.undo_failed': { severity: 'exception', demands: ['act'], sentence: 'The step could not be taken back: a person must decide.' },
  'stuck.resolved': { severity: 'notice', demands: ['unit'], sentence: 'A person decided how a failed undo goes on.' },

  'snapshot.created': { severity: 'info', demands: ['unit', 'source'], sentence: 'Disks were kept as they were at one instant.' },
  'transfer.started': { severity: 'info', demands: ['unit', 'source', 'target'], sentence: 'The bytes of a unit are about to be copied.' },
  'transfer.exception': { severity: 'exception', demands: ['unit', 'source', 'target'], sentence: 'Something in a unit could not be copied as it stands.' },
  'batch.verified': {
    severity: 'info',
    demands: ['unit', 'source', 'target', 'counts', 'verdict', 'evidence', 'act'],
    sentence: 'Each object of a shard was compared with what the target gives back; the rows are bound by their digest.',
  },
  'batch.restated': {
    severity: 'info',
    demands: ['unit', 'source', 'target', 'counts', 'verdict', 'evidence', 'act'],
    sentence: 'Rows of a stage were written down again or for the first time without a comparison: merged lists, or a stage that was given up.',
  },
  'disk.verified': {
    severity: 'info',
    demands: ['unit', 'source', 'target', 'digest', 'verdict'],
    sentence: 'A disk was compared with what the target gives back.',
  },
  'listing.compared': {
    severity: 'notice',
    demands: ['unit', 'source', 'target', 'counts', 'verdict', 'act'],
    sentence: 'A closing listing of one side was compared with the rows.',
  },

  'gate.reached': {
    severity: 'notice',
    demands: ['unit', 'evidence', 'approval'],
    sentence: 'A gate shows its scope and waits for approvals of exactly that.',
  },
  'gate.opened': { severity: 'notice', demands: ['unit', 'approval', 'evidence'], sentence: 'All that the policy asks of the gate is there: it opens.' },
  'gate.rejected': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person refused the scope that a gate showed.' },
  'rehearsal.accepted': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person accepted the rehearsal.' },
  'cutover.approved': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person approved the cutover of exactly this scope.' },
  'acceptance.signed': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person accepted the result: there is no way back from here.' },
  'target_backup.verified': { severity: 'notice', demands: ['unit', 'target', 'verdict'], sentence: 'A backup of the target was taken and read back.' },
  'reconciliation.closed': {
    severity: 'notice',
    demands: ['unit', 'source', 'target', 'counts', 'verdict', 'evidence'],
    sentence: 'Every object of the inventory has one end state, and the counts add up.',
  },
  'rollback.ordered': { severity: 'notice', demands: ['unit'], sentence: 'A person ordered the way back.' },
  'rollback.finished': { severity: 'notice', demands: ['unit'], sentence: 'The source serves again; what stands on the target is listed.' },

  'deletion.requested': { severity: 'notice', demands: ['unit', 'target'], sentence: 'A person asked for copied data to be removed.' },
  'deletion.notice': { severity: 'notice', demands: ['unit'], sentence: 'The client was told that data will be deleted, and when.' },
  'deletion.cancelled': { severity: 'notice', demands: ['unit', 'target'], sentence: 'The removal was called off before anything was removed.' },
  'deletion.approved': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person approved the exact list of what is to be removed.' },
  'deletion.intent': { severity: 'notice', demands: ['unit', 'target', 'reasons', 'act'], sentence: 'The listed items are about to be removed.' },
  'deletion.outcome': { severity: 'notice', demands: ['unit', 'target', 'counts', 'verdict', 'act'], sentence: 'The removal ended with these counts.' },
  'deletion.absence': { severity: 'notice', demands: ['unit', 'target', 'verdict', 'act'], sentence: 'A listing was asked whether anything is left.' },
  'key.destroyed': { severity: 'notice', demands: ['unit'], sentence: 'A key was ordered to be destroyed.' },
  'certificate.issued': { severity: 'notice', demands: ['unit', 'deletion', 'evidence'], sentence: 'A deletion certificate was issued.' },

  'payload.decoded': { severity: 'notice', demands: [], sentence: 'A person read encoded payloads in clear.' },
  'breakglass.opened': { severity: 'breakglass', demands: ['reasons'], sentence: 'A person took an emergency right.' },
  'breakglass.closed': { severity: 'breakglass', demands: [], sentence: 'The emergency right was given back.' },
  'breakglass.reviewed': { severity: 'notice', demands: ['approval'], sentence: 'Another person reviewed what was done with the emergency right.' },
} as const satisfies Record<string, EventKind>;

export type LedgerEvent = keyof typeof ledgerEvents;
export const LedgerEvent = z.enum(Object.keys(ledgerEvents) as [LedgerEvent, ...LedgerEvent[]]);

/** The kind's row, under its wide type. */
export const eventKind = (event: LedgerEvent): EventKind => ledgerEvents[event];
