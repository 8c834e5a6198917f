import { createMemoryStore } from '../support/memory-store.ts';
import { testObjectStore } from './object-store.ts';

/** The fast suites stand on this store: what it does differently from a real one, they would not see. */
testObjectStore('memory', async () => createMemoryStore({ exists: false, versioning: 'off' }));
