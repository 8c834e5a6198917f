import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { type Seaweed, startSeaweed } from '../lab/seaweed.ts';
import { type Load, madeUpBucket } from './load.ts';
import { meter, startNullStore } from './null-tools.ts';
import { contentsOf, controlClient, type Endpoint, type Place, portOf, type Traffic } from './place.ts';
import { type Rclone, rcloneArguments, rcloneEnvironment } from './rclone.ts';

/** Between two of the lab's stores, fresh ones in a folder of their own: there the stores are the floor, as in life. */
export async function startLabPlace(rclone: Rclone): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-bench-lab-'));
  const started: Seaweed[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((store) => store.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (name: string): Promise<Seaweed> => {
    const store = await startSeaweed({ folder: join(folder, name), name: `bench-${name}`, accessKey: `bench-${name}`, secretKey: `secret-${name}` });
    started.push(store);
    return store;
  };
  try {
    const source = await start('source');
    const target = await start('target');
    return {
      name: 'lab',
      title: 'Between the lab’s stores (SeaweedFS: the stores are the floor)',
      source,
      target,
      prepare: (load) => seed(rclone, source, load),
      traffic: () => trafficOf(source, target),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The load's bytes come out of a null store, by rclone: the same in every run, and nothing of ours has touched them. */
async function seed(rclone: Rclone, source: Endpoint, load: Load): Promise<string> {
  const bucket = madeUpBucket(load);
  const control = controlClient(source);
  const generator = await startNullStore();
  try {
    const from = { endpoint: generator.endpoint, accessKey: 'bench', secretKey: 'bench-secret' };
    await control.send(new CreateBucketCommand({ Bucket: bucket }));
    await meter(rclone.binary, rcloneArguments(bucket, bucket, 16), rcloneEnvironment(from, source), portOf(from));
    const held = await contentsOf(control, bucket);
    if (held.count !== load.count) throw new Error(`the source holds ${held.count} objects instead of ${load.count}`);
    return bucket;
  } finally {
    generator.stop();
    control.destroy();
  }
}

/** From the stores' own counters (Prometheus text): a line `name{labels} value` for each bucket, code and kind of request. */
async function trafficOf(source: Seaweed, target: Seaweed): Promise<Traffic> {
  const [from, to] = await Promise.all([source, target].map(async ({ metricsUrl }) => (await fetch(metricsUrl)).text()));
  const sum = (text: string | undefined, name: string): number => {
    const values = (text ?? '').matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
    return [...values].reduce((total, [, value]) => total + Number(value), 0);
  };
  const sent = 'SeaweedFS_s3_bucket_traffic_sent_bytes_total';
  const received = 'SeaweedFS_s3_bucket_traffic_received_bytes_total';
  return {
    sourceBytes: sum(from, sent),
    targetBytes: sum(to, received) + sum(to, sent),
    requests: sum(from, 'SeaweedFS_s3_request_total') + sum(to, 'SeaweedFS_s3_request_total'),
    storesCpuSeconds: sum(from, 'process_cpu_seconds_total') + sum(to, 'process_cpu_seconds_total'),
  };
}
