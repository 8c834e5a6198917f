import { createHash } from 'node:crypto';

/** The same UUID for the same disk and use: a disk made twice from one nonce is the same disk. */
export function fixedUuid(nonce: string, use: string): string {
  const hex = createHash('sha256').update(`${nonce}\n${use}`).digest('hex');
  // Version 8: "made by the application's own rule"; variant 1.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** LVM2's ids: 32 signs of letters and digits, written in groups of 6-4-4-4-4-4-6. */
export function fixedLvmId(nonce: string, use: string): string {
  const signs = createHash('sha256').update(`${nonce}\nlvm ${use}`).digest('hex').slice(0, 32);
  return [signs.slice(0, 6), signs.slice(6, 10), signs.slice(10, 14), signs.slice(14, 18), signs.slice(18, 22), signs.slice(22, 26), signs.slice(26)].join('-');
}
