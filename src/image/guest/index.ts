export type { BootFacts } from './firmware.ts';
export { type GuestReport, type InspectOptions, inspectGuest } from './inspect.ts';
export type { Driver, GuestKernel } from './kernels.ts';
export type { GuestDisk } from './volumes.ts';
