import { z } from 'zod';

/** Fields of a record that an event may demand. */
export type DemandedField = 'unit' | 'source' | 'target' | 'counts' | 'verdict' | 'approval' | 'evidence';
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
 * The closed list of what a log can say; docs/ledger-format.md names the kinds of format v1 that nothing writes yet.
 * Intent stands before the act and outcome after it: an intent without an outcome is UNKNOWN until somebody looked.
 */
export const ledgerEvents = {
  'log.opened': { severity: 'notice', demands: [], sentence: 'The log of this project begins.' },

  'instruction.received': { severity: 'notice', demands: ['evidence'], sentence: 'The owner’s written instruction to move the data has arrived.' },
  'inventory.sealed': { severity: 'notice', demands: ['unit', 'source', 'evidence'], sentence: 'The list of what is to be moved was closed.' },
  'plan.approved': { severity: 'notice', demands: ['approval'], sentence: 'A person approved the plan.' },
  'loss.accepted': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'The owner accepted what the target cannot hold.' },
  'gate.rejected': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person refused the scope that a gate showed.' },
  'config.changed': { severity: 'notice', demands: [], sentence: 'A person changed an operating field, or paused or resumed the work.' },

  'step.started': { severity: 'info', demands: [], sentence: 'A step is about to act.' },
  'step.succeeded': { severity: 'info', demands: [], sentence: 'The step has acted and its outcome was seen.' },
  'step.failed': { severity: 'exception', demands: [], sentence: 'The step ended without its outcome; it may have acted.' },
  'step.undo_started': { severity: 'notice', demands: [], sentence: 'What the step did is about to be taken back.' },
  'step.undo_finished': { severity: 'notice', demands: [], sentence: 'What the step did was taken back, or had never happened.' },
  'step.undo_failed': { severity: 'exception', demands: [], sentence: 'The step could not be taken back: a person must decide.' },
  'stuck.resolved': { severity: 'notice', demands: ['unit'], sentence: 'A person decided how a failed undo goes on.' },

  'transfer.started': { severity: 'info', demands: ['unit', 'source', 'target'], sentence: 'The bytes of a unit are about to be copied.' },
  'transfer.exception': { severity: 'exception', demands: ['unit', 'source', 'target'], sentence: 'Something in a unit could not be copied as it stands.' },
  'batch.verified': {
    severity: 'info',
    demands: ['unit', 'source', 'target', 'counts', 'verdict', 'evidence'],
    sentence: 'Each object of a shard was compared with what the target gives back; the rows are bound by their digest.',
  },

  'cutover.approved': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person approved the cutover of exactly this scope.' },
  'acceptance.signed': { severity: 'notice', demands: ['unit', 'approval'], sentence: 'A person accepted the result: there is no way back from here.' },
  'reconciliation.closed': {
    severity: 'notice',
    demands: ['unit', 'source', 'target', 'counts', 'verdict'],
    sentence: 'Every object of the inventory has one end state, and the counts add up.',
  },
  'rollback.ordered': { severity: 'notice', demands: ['unit'], sentence: 'A person ordered the way back.' },
  'rollback.finished': { severity: 'notice', demands: ['unit'], sentence: 'The source serves again; what stands on the target is listed.' },

  'deletion.requested': { severity: 'notice', demands: ['unit', 'target'], sentence: 'A person asked for copied data to be removed.' },
  'deletion.cancelled': { severity: 'notice', demands: ['unit', 'target'], sentence: 'The removal was called off before anything was removed.' },
  'deletion.approved': { severity: 'notice', demands: ['unit', 'target', 'approval'], sentence: 'A person approved the exact list of what is to be removed.' },
  'deletion.intent': { severity: 'notice', demands: ['unit', 'target'], sentence: 'The listed items are about to be removed.' },
  'deletion.outcome': { severity: 'notice', demands: ['unit', 'target', 'counts', 'verdict'], sentence: 'The removal ended with these counts.' },
  'deletion.absence': { severity: 'notice', demands: ['unit', 'target', 'verdict'], sentence: 'A listing was asked whether anything is left.' },
} as const satisfies Record<string, EventKind>;

export type LedgerEvent = keyof typeof ledgerEvents;
export const LedgerEvent = z.enum(Object.keys(ledgerEvents) as [LedgerEvent, ...LedgerEvent[]]);

/** The kind's row, under its wide type. */
export const eventKind = (event: LedgerEvent): EventKind => ledgerEvents[event];
