import type { Order, WorkloadState } from '../model/status.ts';

/** Every legal move; nothing else is. Backward moves are unwinds and rollbacks. Buckets skip `ready for test` and `tested`. */
const moves: Readonly<Record<WorkloadState, readonly WorkloadState[]>> = {
  'not ready': ['replicating', 'excluded', 'discarded'],
  replicating: ['ready for test', 'ready for cutover', 'not ready', 'rolled back', 'discarded'],
  'ready for test': ['tested', 'replicating', 'rolled back'],
  tested: ['ready for test', 'ready for cutover', 'replicating', 'rolled back'],
  'ready for cutover': ['cutting over', 'replicating', 'rolled back', 'discarded'],
  'cutting over': ['cut over', 'ready for cutover'],
  'cut over': ['finalized', 'rolled back'],
  finalized: ['decommissioned'],
  decommissioned: [],
  'rolled back': ['replicating', 'discarded'],
  discarded: [],
  excluded: ['not ready'],
};

export const isLegalMove = (from: WorkloadState, to: WorkloadState): boolean => from === to || moves[from].includes(to);

/** Where an order may be given. A rollback while moving stops the phase under way; the source must still exist, so never after finalize. */
const orders: Readonly<Record<Order, readonly WorkloadState[]>> = {
  rehearse: ['ready for test', 'tested'],
  cutover: ['ready for cutover'],
  rollback: ['replicating', 'ready for test', 'tested', 'ready for cutover', 'cutting over', 'cut over'],
  finalize: ['cut over'],
  discard: ['not ready', 'rolled back'],
};

export const mayOrder = (order: Order, state: WorkloadState): boolean => orders[order].includes(state);

export const statesForOrder = (order: Order): readonly WorkloadState[] => orders[order];

/** Nothing more will happen by itself or on order: the workload's workflow ends. */
export const isFinal = (state: WorkloadState): boolean => state === 'finalized' || state === 'discarded' || state === 'decommissioned' || state === 'excluded';

/** A later wave waits until each earlier workload got so far (or left the road). */
export const letsNextWaveStart = (state: WorkloadState): boolean => !['not ready', 'replicating'].includes(state);
