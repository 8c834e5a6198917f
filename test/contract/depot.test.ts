import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import { openBucketDepot } from '../../src/depot/bucket.ts';
import { openFolderDepot } from '../../src/depot/folder.ts';
import { openMemoryDepot } from '../../src/depot/memory.ts';
import { keyedStore } from '../unit/depot/keyed-store.ts';
import { testDepot, testStoredDepot } from './depot.ts';

const ground = mkdtempSync(join(tmpdir(), 'ecluse depôt-'));
afterAll(() => rmSync(ground, { recursive: true }));

testStoredDepot('the depot in a folder', async () => {
  const root = mkdtempSync(join(ground, 'place-'));
  return {
    open: () => openFolderDepot(root),
    files: {
      read: (path) => readFile(join(root, path)),
      write: async (path, bytes) => {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), bytes);
      },
      remove: (path) => rm(join(root, path)),
    },
  };
});

testDepot('the depot in memory', async () => {
  const depot = openMemoryDepot();
  return { open: () => depot };
});

for (const prefix of ['', 'ecluse/depot/'])
  testStoredDepot(`the depot in a bucket under "${prefix}"`, async () => {
    const store = keyedStore();
    return {
      open: () => openBucketDepot(store, prefix),
      files: {
        read: async (path) => store.objects.get(prefix + path) ?? Promise.reject(new Error(`no ${path}`)),
        write: async (path, bytes) => void store.objects.set(prefix + path, Buffer.from(bytes)),
        remove: async (path) => void store.objects.delete(prefix + path),
      },
    };
  });
