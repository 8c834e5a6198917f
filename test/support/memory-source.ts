import { hash } from 'node:crypto';
import { MigrationError } from '../../src/core/migration-error.ts';
import { blockBytes } from '../../src/model/disk.ts';
import type { Machine, MachineState } from '../../src/model/machine.ts';
import type { SourceCloud } from '../../src/ports/clouds.ts';
import type { BlockPage, DiskSource } from '../../src/ports/disk-source.ts';
import type { DiskSnapshot, MachineSource } from '../../src/ports/machine-source.ts';
import { blockOf, bootBlock, copyOfDisk, differingBlocks, emptyDisk, type MemoryDisk } from './memory-disk.ts';

/** A machine with its disks in a cloud in memory, and what a test may do to it behind the mover's back. */
export interface MemorySource extends SourceCloud {
  readonly instance: string;
  readonly volumes: Map<string, MemoryDisk>;
  readonly snapshotsById: Map<string, DiskSnapshot & { readonly content: MemoryDisk }>;
  machine: Machine;
  /** What the guest writes. Refused while it is stopped, as in life. */
  write(volume: string, block: number, text: string): void;
  /** Every change of state, in order: `source running`, beside those of the target. */
  readonly history: string[];
  /** Blocks read so far. */
  readonly reads: { snapshot: string; block: number }[];
  /** Somebody starts it. */
  startByHand(): void;
}

const gibibyte = 2 ** 30;

/** Two disks: a root of 1 GiB that boots, and one of data. */
export function createMemorySource(history: string[] = []): MemorySource {
  const instance = 'i-0123456789abcdef0';
  const volumes = new Map<string, MemoryDisk>([
    ['vol-root', emptyDisk(gibibyte)],
    ['vol-data', emptyDisk(gibibyte)],
  ]);
  // Enough for a delta: a data region of less than 5 MiB is copied whole.
  const many = Array.from({ length: 12 }, (_, n) => n);
  for (const n of [...many, 300, 2000]) volumes.get('vol-root')?.blocks.set(n, n === 0 ? bootBlock() : blockOf(`root ${n}`, n));
  for (const n of [...many, 900]) volumes.get('vol-data')?.blocks.set(n, blockOf(`data ${n}`, n));
  const snapshotsById: MemorySource['snapshotsById'] = new Map();
  const reads: MemorySource['reads'] = [];
  let ids = 0;
  let starts = 1;
  const source: MemorySource = {
    instance,
    volumes,
    snapshotsById,
    history,
    reads,
    machine: machineOf(instance, volumes),
    write: (volume, block, text) => {
      if (source.machine.state !== 'running') throw new Error('a stopped machine writes nothing');
      volumes.get(volume)?.blocks.set(block, blockOf(text, block));
    },
    startByHand: () => become('running'),
    machines: machines(),
    disks: disksOf(snapshotsById, reads),
    estate: { kinds: [], scopes: async () => [], assets: async function* () {} },
  };
  return source;

  function become(state: MachineState): void {
    if (source.machine.state === state) return;
    if (state === 'running') starts += 1;
    source.machine = { ...source.machine, state, launchedAt: new Date(Date.UTC(2026, 0, starts)).toISOString() };
    history.push(`source ${state}`);
  }

  function machines(): MachineSource {
    return {
      describe: async (id) => {
        if (id !== instance) throw new MigrationError('MACHINE_MISSING', { operation: 'DescribeInstances', source: id });
        const disks = source.machine.disks.map((disk) => ({ ...disk, sizeBytes: volumes.get(disk.id)?.sizeBytes ?? disk.sizeBytes }));
        return { ...source.machine, disks };
      },
      state: async () => ({ state: source.machine.state, launchedAt: source.machine.launchedAt }),
      snapshot: async (_, disks, mark) => {
        const known = [...snapshotsById.values()].filter((one) => one.mark === mark);
        if (known.length > 0) return known;
        return disks.map((disk) => {
          const content = copyOfDisk(volumes.get(disk) ?? emptyDisk(0));
          const id = `snap-${++ids}`;
          const taken = {
            id,
            disk,
            state: 'completed',
            startedAt: new Date(Date.UTC(2026, 5, 1, 0, 0, ids)).toISOString(),
            sizeBytes: content.sizeBytes,
            mark,
            content,
          } as const;
          snapshotsById.set(id, taken);
          return taken;
        });
      },
      snapshots: async (wanted) => wanted.map((id) => found(snapshotsById, id)),
      deleteSnapshot: async (id) => {
        if (snapshotsById.get(id)?.mark !== undefined) snapshotsById.delete(id);
        return { isGone: true };
      },
      marked: async (prefix) => [...snapshotsById.values()].filter(({ mark }) => mark?.startsWith(prefix)),
      stop: async () => become('stopped'),
      start: async () => become('running'),
      mayDo: async (acts) => acts.map((act) => ({ act, allowed: true })),
    };
  }
}

function found(snapshots: MemorySource['snapshotsById'], id: string) {
  const snapshot = snapshots.get(id);
  if (!snapshot) throw new MigrationError('SNAPSHOT_MISSING', { operation: 'DescribeSnapshots', source: id });
  return snapshot;
}

function disksOf(snapshots: MemorySource['snapshotsById'], reads: MemorySource['reads']): DiskSource {
  const page = (all: readonly number[], from: number, sizeBytes: number, isPresent: (n: number) => boolean): BlockPage => {
    const rest = all.filter((n) => n >= from);
    const shown = rest.slice(0, 3);
    const next = rest[3];
    return { blocks: shown.filter(isPresent), cleared: shown.filter((n) => !isPresent(n)), ...(next === undefined ? {} : { next }), sizeBytes };
  };
  return {
    blocks: async (id, from) => {
      const { content } = found(snapshots, id);
      return page(
        [...content.blocks.keys()].sort((a, b) => a - b),
        from,
        content.sizeBytes,
        () => true,
      );
    },
    changes: async (first, second, from) => {
      const [a, b] = [found(snapshots, first), found(snapshots, second)];
      if (a.disk !== b.disk) throw new MigrationError('SNAPSHOTS_UNRELATED', { operation: 'ListChangedBlocks' });
      return page(differingBlocks(a.content, b.content), from, b.content.sizeBytes, (n) => b.content.blocks.has(n));
    },
    open: (id) => ({
      read: async (block, into) => {
        const content = found(snapshots, id).content.blocks.get(block);
        if (!content) throw new MigrationError('UNEXPECTED', { operation: 'GetSnapshotBlock', detail: `block ${block} is not listed` });
        reads.push({ snapshot: id, block });
        content.copy(into, 0, 0, blockBytes);
        return hash('sha256', content, 'hex');
      },
    }),
  };
}

function machineOf(id: string, volumes: ReadonlyMap<string, MemoryDisk>): Machine {
  return {
    id,
    name: 'web',
    state: 'running',
    launchedAt: '2026-01-01T00:00:00.000Z',
    bootMode: 'legacy',
    architecture: 'x86_64',
    platform: 'linux',
    type: 'm5.large',
    virtualCpus: 2,
    memoryBytes: 8 * gibibyte,
    zone: 'eu-west-3a',
    disks: [...volumes].map(([volume, { sizeBytes }], n) => ({
      id: volume,
      device: n === 0 ? '/dev/xvda' : '/dev/xvdb',
      isRoot: n === 0,
      sizeBytes,
      type: 'gp3',
      isEncrypted: false,
      isShared: false,
    })),
    interfaces: [{ id: 'eni-1', subnet: 'subnet-1', net: 'vpc-1', securityGroups: ['sg-1'] }],
    securityGroups: [],
    tags: {},
    traits: {},
  };
}
