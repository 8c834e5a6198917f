/** Every workflow that a worker of the `control` role serves. */
export { bucket } from './bucket.ts';
export { assess, doctor, inventory, ledgerShow, ledgerVerify, preflight } from './errands.ts';
export { project } from './project.ts';
