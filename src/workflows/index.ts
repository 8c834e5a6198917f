/** Every workflow that a worker of the `control` role serves. */
export { bucket } from './bucket.ts';
export {
  approvalRequest,
  approveGap,
  assess,
  closeLog,
  describeMachine,
  doctor,
  exportEvidence,
  inventory,
  ledgerShow,
  ledgerVerify,
  preflight,
  sweep,
} from './errands.ts';
export { project } from './project.ts';
export { vm } from './vm.ts';
