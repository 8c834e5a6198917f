import { MigrationError } from '../core/migration-error.ts';
import type { Depot } from '../ports/depot.ts';
import { digestOf, missing } from './packing.ts';
import { checkJournalName, segmentName, segmentNumbers } from './segment.ts';

/** A depot that lives as long as the process: for suites that need no disk. */
export function openMemoryDepot(): Depot {
  const objects = new Map<string, Buffer>();
  const journals = new Map<string, Map<number, Buffer>>();
  return {
    async put(bytes) {
      const digest = digestOf(bytes);
      objects.set(digest, Buffer.from(bytes));
      return digest;
    },
    async get(digest) {
      const bytes = objects.get(digest);
      if (!bytes) throw missing(digest);
      return Buffer.from(bytes);
    },
    journal(name) {
      checkJournalName(name);
      return {
        async read() {
          const segments = journals.get(name) ?? new Map<number, Buffer>();
          const numbers = await segmentNumbers(name, async () => [...segments.keys()].map(segmentName));
          return numbers.map((n) => Buffer.from(segments.get(n) ?? []));
        },
        async append(n, bytes) {
          const segments = journals.get(name) ?? new Map<number, Buffer>();
          if (segments.has(n)) throw new MigrationError('FENCED', { operation: 'append', detail: `segment ${n} of ${name}` });
          journals.set(name, segments.set(n, Buffer.from(bytes)));
        },
      };
    },
  };
}
