import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MigrationError } from '../../src/core/migration-error.ts';
import type { MemoryBucket } from './memory-bucket.ts';

/** Addresses under which an outsider, a cloud in memory for one, may read an object for a while. */
export interface MemorySharing {
  address(key: string, seconds: number): string;
  /** PERMISSION_DENIED when the address is over, altered, or of another store; OBJECT_MISSING when the object is gone. */
  fetch(url: string): Buffer;
}

const form = /^memory:\/\/store\/([^?]*)\?until=(\d+)&signature=([0-9a-f]{64})$/;

export function createMemorySharing(bucket: Pick<MemoryBucket, 'find'>, nowMs: () => number = Date.now): MemorySharing {
  const secret = randomBytes(16);
  const signatureOf = (key: string, untilMs: string): Buffer => createHmac('sha256', secret).update(`${untilMs} ${key}`).digest();

  return {
    address: (key, seconds) => {
      if (seconds < 1 || seconds > 604_800) throw new MigrationError('CONFIG_INVALID', { operation: 'GetObject' });
      const untilMs = String(nowMs() + seconds * 1000);
      return `memory://store/${encodeURIComponent(key)}?until=${untilMs}&signature=${signatureOf(key, untilMs).toString('hex')}`;
    },
    fetch: (url) => {
      const [, encoded = '', untilMs = '', signature] = form.exec(url) ?? [];
      const key = decodeURIComponent(encoded);
      const isOurs = signature !== undefined && timingSafeEqual(Buffer.from(signature, 'hex'), signatureOf(key, untilMs));
      if (!isOurs || Number(untilMs) <= nowMs()) throw new MigrationError('PERMISSION_DENIED', { operation: 'GetObject' });
      return Buffer.from(bucket.find(key).body);
    },
  };
}
