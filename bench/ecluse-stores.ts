import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetCapabilities } from '../src/model/bucket.ts';
import { Config } from '../src/model/config.ts';
import type { Stores } from '../src/ports/stores.ts';
import type { Transport } from '../src/ports/transport.ts';
import { createSocketTransport } from '../src/wire/socket-transport.ts';
import { openStores } from '../src/workers/stores.ts';
import type { Endpoint } from './place.ts';

/** The two ends as a worker opens them: by configuration, with credentials from the vendor's chain by profile. */
export function openEnds(folder: string, source: Endpoint, target: Endpoint, transport: Transport): { stores: Stores; config: Config } {
  const profile = (name: string, { accessKey, secretKey }: Endpoint): string =>
    `[${name}]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`;
  const credentials = join(folder, 'credentials');
  writeFileSync(credentials, profile('source', source) + profile('target', target), { mode: 0o600 });
  process.env.AWS_SHARED_CREDENTIALS_FILE = credentials;
  const store = (name: string, { endpoint }: Endpoint) => ({ kind: 's3', endpoint, region: 'us-east-1', profile: name });
  const config = Config.parse({
    v: 1,
    project: 'bench',
    depot: { folder: join(folder, 'depot') },
    ledger: { sqlite: join(folder, 'ledger.sqlite') },
    stores: { source: store('source', source), target: store('target', target) },
  });
  return { config, stores: openStores(config, transport) };
}

/** What the target can do, asked once a place as the prepare step does; every run is then told. The bucket must exist. */
export async function probeTarget(folder: string, store: Endpoint, bucket: string): Promise<TargetCapabilities> {
  const transport = createSocketTransport();
  try {
    return await openEnds(folder, store, store, transport).stores.open('target', bucket).probe('');
  } finally {
    await transport.close();
  }
}
