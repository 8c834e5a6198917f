import { join } from 'node:path';
import { labEnvironment } from '../lab/environment.ts';
import { workerFlags } from '../lab/workers.ts';
import type { TargetCapabilities } from '../src/model/bucket.ts';
import { meter, type Usage } from './null-tools.ts';
import { type Endpoint, type Place, portOf } from './place.ts';
import { type Rclone, rcloneArguments, rcloneEnvironment } from './rclone.ts';

/** One way to copy a bucket: a row of the table. Every run is a process of its own, so that CPU and memory are its own. */
export interface Client {
  readonly row: string;
  copy(place: Place, sourceBucket: string, targetBucket: string): Promise<Usage>;
}

export function rcloneClient(rclone: Rclone, transfers: number): Client {
  return {
    row: 'rclone',
    copy: (place, sourceBucket, targetBucket) =>
      meter(rclone.binary, rcloneArguments(sourceBucket, targetBucket, transfers), rcloneEnvironment(place.source, place.target), portOf(place.source)),
  };
}

/** What `ecluse-client.ts` is told, as JSON in its only argument. */
export interface EcluseOrder {
  readonly source: Endpoint & { readonly bucket: string };
  readonly target: Endpoint & { readonly bucket: string };
  /** Depot and ledger of this run. */
  readonly folder: string;
  readonly until: 'listed' | 'copied' | 'verified';
  readonly capabilities: TargetCapabilities;
  /** Loads Temporal's native core too, as a worker has it. */
  readonly withTemporal?: boolean;
}

export type EcluseOptions = Pick<EcluseOrder, 'until' | 'capabilities' | 'withTemporal'> & { readonly makeFolder: () => string };

export function ecluseClient({ makeFolder, ...options }: EcluseOptions): Client {
  const script = join(import.meta.dirname, 'ecluse-client.ts');
  return {
    row: options.until === 'verified' ? 'ecluse' : 'ecluse without verification',
    copy: (place, sourceBucket, targetBucket) => {
      const order: EcluseOrder = {
        source: { ...place.source, bucket: sourceBucket },
        target: { ...place.target, bucket: targetBucket },
        folder: makeFolder(),
        ...options,
      };
      return meter(process.execPath, [...workerFlags('transfer'), script, JSON.stringify(order)], labEnvironment(), portOf(place.source));
    },
  };
}

/** The number of transfers at which rclone is fastest on this load and place: tried once each, before anything counts. */
export async function tuneRclone(
  tries: readonly number[],
  attempt: (transfers: number) => Promise<Usage>,
): Promise<{ transfers: number; seconds: readonly number[] }> {
  const seconds: number[] = [];
  for (const transfers of tries) seconds.push((await attempt(transfers)).workSeconds);
  const best = seconds.indexOf(Math.min(...seconds));
  return { transfers: tries[best] ?? 16, seconds };
}

export const rcloneTries: readonly number[] = [8, 16, 32, 64];
