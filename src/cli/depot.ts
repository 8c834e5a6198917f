import type { Config } from '../model/config.ts';
import type { Depot } from '../ports/depot.ts';

/**
 * The project's depot, as the workers open it. A folder needs nothing; a bucket is read with the person's own profile, since the
 * depot is the only place besides Temporal that the command touches. What it takes is loaded only then.
 */
export async function openProjectDepot(config: Config): Promise<{ depot: Depot; close: () => Promise<void> }> {
  if ('folder' in config.depot) {
    const { openFolderDepot } = await import('../depot/folder.ts');
    return { depot: openFolderDepot(config.depot.folder), close: async () => undefined };
  }
  const [{ openBucketDepot }, { openStores }, { createSocketTransport }] = await Promise.all([
    import('../depot/bucket.ts'),
    import('../workers/stores.ts'),
    import('../wire/socket-transport.ts'),
  ]);
  const transport = createSocketTransport({});
  const { at, bucket, prefix } = config.depot;
  return { depot: openBucketDepot(openStores(config, transport).open(at, bucket), prefix), close: () => transport.close() };
}
