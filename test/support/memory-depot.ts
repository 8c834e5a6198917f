import { hash } from 'node:crypto';
import { MigrationError } from '../../src/core/migration-error.ts';
import { checkJournalName } from '../../src/depot/segment.ts';
import type { Depot, Journal } from '../../src/ports/depot.ts';

/** A depot in memory. `connect` gives one process's view of it; its hook sees every call first and may throw. */
export interface MemoryDepot extends Depot {
  connect(hook: (call: { readonly operation: 'put' | 'get' | 'read' | 'append'; readonly name: string }) => void): Depot;
  readonly files: Map<string, Buffer>;
  readonly journals: Map<string, Buffer[]>;
}

export function createMemoryDepot(): MemoryDepot {
  const files = new Map<string, Buffer>();
  const journals = new Map<string, Buffer[]>();

  const connect: MemoryDepot['connect'] = (hook) => ({
    put: async (bytes) => {
      const digest = hash('sha256', bytes, 'hex');
      hook({ operation: 'put', name: digest });
      await turn();
      files.set(digest, Buffer.from(bytes));
      return digest;
    },
    get: async (digest) => {
      hook({ operation: 'get', name: digest });
      await turn();
      const bytes = files.get(digest);
      if (!bytes) throw new MigrationError('DEPOT_MISSING', { operation: 'get' });
      return Buffer.from(bytes);
    },
    journal: (name): Journal => ({
      read: async () => {
        hook({ operation: 'read', name: checkJournalName(name) });
        await turn();
        return [...(journals.get(name) ?? [])];
      },
      append: async (n, bytes) => {
        hook({ operation: 'append', name: checkJournalName(name) });
        await turn();
        const segments = journals.get(name) ?? [];
        if (n < segments.length) throw new MigrationError('FENCED', { operation: 'append' });
        if (n > segments.length) throw new MigrationError('UNEXPECTED', { operation: 'append', detail: 'a gap' });
        segments.push(Buffer.from(bytes));
        journals.set(name, segments);
      },
    }),
  });

  return { ...connect(() => undefined), connect, files, journals };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
