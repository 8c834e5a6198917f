import { startStoreProxy } from '../store-proxy.ts';

/** A proxy before the source store that counts what it sends: nothing of the mover takes part. */
export interface Meter {
  /** What the workers take for the source store. */
  readonly endpoint: string;
  /** Bytes of object bodies that the source has sent since `start`. */
  sentBytes(): number;
  /** The most that was sent within any second since `start`. */
  busiestSecondBytes(): number;
  start(): void;
  stop(): Promise<void>;
}

const sampleMs = 100;

export async function openMeter(upstream: string): Promise<Meter> {
  const proxy = await startStoreProxy({ upstream });
  let samples: { at: number; bytes: number }[] = [];
  let busiest = 0;
  const sent = (): number => proxy.counts().GetObject?.sentBytes ?? 0;
  let base = 0;
  const sample = (): void => {
    const now = { at: performance.now(), bytes: sent() };
    samples = [...samples.filter(({ at }) => now.at - at <= 1000), now];
    busiest = Math.max(busiest, now.bytes - (samples[0]?.bytes ?? now.bytes));
  };
  const timer = setInterval(sample, sampleMs);
  return {
    endpoint: proxy.endpoint,
    sentBytes: () => sent() - base,
    busiestSecondBytes: () => busiest,
    start: () => {
      base = sent();
      samples = [];
      busiest = 0;
    },
    stop: async () => {
      clearInterval(timer);
      await proxy.stop();
    },
  };
}
