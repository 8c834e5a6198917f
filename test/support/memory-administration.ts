import { MigrationError } from '../../src/core/migration-error.ts';
import type { BucketConfiguration, TargetCapabilities } from '../../src/model/bucket.ts';
import type { TargetAdmin, WriteFreezing } from '../../src/ports/object-store.ts';
import type { MemoryBucket } from './memory-bucket.ts';

export interface MemoryState {
  configuration: BucketConfiguration;
  exists: boolean;
  marker?: string;
  readonly frozen: Set<string>;
}

interface Administered {
  readonly bucket: MemoryBucket;
  readonly capabilities: TargetCapabilities;
  readonly state: MemoryState;
}

/** How a store in memory counts and spoils a call. */
export type MemoryCaller = <T>(operation: 'admin', key: string, signal: AbortSignal | undefined, work: () => T | Promise<T>) => Promise<T>;

/** The bucket itself: configuration, probe, freezes. */
export function memoryAdministration(
  { bucket, capabilities, state }: Administered,
  call: MemoryCaller,
): TargetAdmin & {
  readonly freezing: WriteFreezing;
} {
  return {
    configuration: (signal) =>
      call('admin', '', signal, () => {
        if (!state.exists) throw new MigrationError('BUCKET_MISSING', { operation: 'HeadBucket' });
        const { tags } = state.configuration;
        return { ...state.configuration, ...(state.marker === undefined ? {} : { tags: { ...tags, 'ecluse-owner': state.marker } }) };
      }),
    openUploads: (signal) => call('admin', '', signal, () => [...bucket.uploads].map(([upload, { key, initiated }]) => ({ key, upload, initiated }))),
    ensureBucket: (marker, signal) =>
      call('admin', '', signal, () => {
        if (state.exists) return { created: false };
        Object.assign(state, { exists: true, marker });
        return { created: true };
      }),
    removeBucket: (marker, signal) =>
      call('admin', '', signal, () => {
        if (!state.exists) return 'gone';
        if (state.marker !== marker) return 'not ours';
        if (bucket.keys.size > 0 || bucket.uploads.size > 0) return 'not empty';
        state.exists = false;
        return 'removed';
      }),
    applyConfiguration: ({ versioning, cors, tags, policy, website }, signal) =>
      call('admin', '', signal, () => {
        if (versioning === 'on') bucket.versioning = 'on';
        state.configuration = { ...state.configuration, versioning: bucket.versioning, ...(cors ? { cors } : {}), ...(tags ? { tags } : {}) };
        return [...(policy === undefined ? [] : ['POLICY_NOT_CARRIED']), ...(website ? ['WEBSITE_NOT_CARRIED'] : [])];
      }),
    applyLifecycle: ({ lifecycle }, signal) =>
      call('admin', '', signal, () => {
        if (lifecycle) state.configuration = { ...state.configuration, lifecycle };
        return [];
      }),
    probe: (_prefix, signal) => call('admin', '', signal, () => capabilities),
    freezing: {
      freeze: (id, signal) =>
        call('admin', '', signal, () => {
          state.frozen.add(id);
          const { policy } = state.configuration;
          return { id, ...(policy === undefined ? {} : { policyBefore: policy }), policyFrozen: `deny ${id}` };
        }),
      isFrozen: (id, signal) => call('admin', '', signal, () => state.frozen.has(id)),
      lift: ({ id }, signal) => call('admin', '', signal, () => void state.frozen.delete(id)),
    },
  };
}
