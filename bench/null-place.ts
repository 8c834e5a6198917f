import { madeUpBucket } from './load.ts';
import { startNullStore } from './null-tools.ts';
import type { Endpoint, Place } from './place.ts';

/** Between two null stores the client is measured: nothing is stored, and every body comes from memory. */
export async function startNullPlace(): Promise<Place> {
  const source = await startNullStore();
  const target = await startNullStore();
  const open = (endpoint: string): Endpoint => ({ endpoint, accessKey: 'bench', secretKey: 'bench-secret' });
  return {
    name: 'null',
    title: 'Between null stores (the client is measured)',
    source: open(source.endpoint),
    target: open(target.endpoint),
    prepare: async (load) => madeUpBucket(load),
    traffic: async () => {
      const [from, to] = await Promise.all([source.counters(), target.counters()]);
      const requests = [from, to].reduce((sum, { gets, heads, puts, lists, others }) => sum + gets + heads + puts + lists + others, 0);
      return {
        sourceBytes: from.givenBytes,
        targetBytes: to.takenBytes + to.givenBytes,
        requests,
        storesCpuSeconds: from.cpuSeconds + to.cpuSeconds,
      };
    },
    stop: async () => {
      source.stop();
      target.stop();
    },
  };
}
