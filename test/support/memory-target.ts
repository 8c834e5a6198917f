import { MigrationError } from '../../src/core/migration-error.ts';
import type { MachineTarget, Removable, TargetMachine, TargetSnapshot } from '../../src/ports/machine-target.ts';
import { copyOfDisk, diskOfQcow2, type MemoryDisk } from './memory-disk.ts';

interface Thing {
  readonly kind: Removable | 'volume';
  readonly id: string;
  readonly mark: string;
  state: string;
}

/** A target of machines in memory: it really reads the image, and a machine's console shows what stands on its root disk. */
export interface MemoryTarget extends MachineTarget {
  readonly things: Map<string, Thing>;
  /** Content of snapshots and volumes. */
  readonly content: Map<string, MemoryDisk>;
  /** Volumes of a machine, root first. */
  readonly volumesOf: Map<string, readonly string[]>;
  readonly isolated: Set<string>;
  readonly history: string[];
  /** The next import ends so. */
  failImport?: 'error' | 'vanish';
  /** The next machine shows nothing on its console. */
  failBoot?: boolean;
}

/** `fetch` gives what stands under a shared address. */
export function createMemoryTarget(fetch: (url: string) => Buffer, history: string[] = []): MemoryTarget {
  const things: MemoryTarget['things'] = new Map();
  const content: MemoryTarget['content'] = new Map();
  const volumesOf: MemoryTarget['volumesOf'] = new Map();
  const consoles = new Map<string, string>();
  let ids = 0;

  const add = (kind: Thing['kind'], mark: string, state: string): Thing => {
    const thing = { kind, id: `${kind}-${++ids}`, mark, state };
    things.set(thing.id, thing);
    return thing;
  };
  const byMark = (kind: Thing['kind'], mark: string): Thing | undefined =>
    [...things.values()].find((one) => one.kind === kind && one.mark === mark && one.state !== 'terminated');
  const given = (id: string): Thing => {
    const thing = things.get(id);
    if (!thing) throw new MigrationError('MACHINE_MISSING', { operation: 'memory target', target: id });
    return thing;
  };
  const snapshotOf = ({ id, state }: Thing): TargetSnapshot => ({ id, state: state as TargetSnapshot['state'], sizeBytes: content.get(id)?.sizeBytes ?? 0 });
  const machineOf = ({ id, state }: Thing): TargetMachine => ({
    id,
    state: state as TargetMachine['state'],
    volumes: (volumesOf.get(id) ?? []).map((volume, n) => ({
      id: volume,
      device: n === 0 ? '/dev/sda1' : `/dev/xvd${'bcdef'[n - 1]}`,
      sizeBytes: content.get(volume)?.sizeBytes ?? 0,
    })),
  });
  const become = (thing: Thing, state: string): void => {
    if (thing.state === state) return;
    thing.state = state;
    history.push(`${thing.mark.includes('/rehearsal/') ? 'rehearsal' : 'target'} ${state}`);
  };

  const target: MemoryTarget = {
    things,
    content,
    volumesOf,
    isolated: new Set(),
    history,
    importSnapshot: async ({ mark, url, sizeBytes }) => {
      const known = byMark('snapshot', mark);
      if (known) return snapshotOf(known);
      const { failImport } = target;
      delete target.failImport;
      const snapshot = add('snapshot', mark, failImport === 'error' ? 'error' : 'completed');
      if (failImport === 'vanish') things.delete(snapshot.id);
      const disk = diskOfQcow2(fetch(url));
      if (disk.sizeBytes !== sizeBytes) throw new MigrationError('TARGET_INVALID', { operation: 'CreateSnapshot', detail: 'another size' });
      content.set(snapshot.id, disk);
      return { ...snapshotOf(snapshot), state: 'pending' };
    },
    snapshot: async (by) => {
      const thing = 'id' in by ? things.get(by.id) : byMark('snapshot', by.mark);
      return thing && snapshotOf(thing);
    },
    snapshotVolume: async ({ mark, volume }) => {
      const known = byMark('snapshot', mark);
      if (known) return snapshotOf(known);
      const snapshot = add('snapshot', mark, 'completed');
      content.set(snapshot.id, copyOfDisk(content.get(volume) as MemoryDisk));
      return snapshotOf(snapshot);
    },
    ensureImage: async ({ mark, rootSnapshot }) => {
      const image = byMark('image', mark) ?? add('image', mark, 'available');
      content.set(image.id, content.get(rootSnapshot) as MemoryDisk);
      return { id: image.id, state: 'available' };
    },
    ensureNetwork: async ({ mark, isIsolated }) => {
      const network = byMark('network', mark) ?? add('network', mark, 'available');
      if (isIsolated) target.isolated.add(network.id);
      return { net: network.id, subnet: network.id, securityGroups: [`sg-${network.id}`] };
    },
    ensureMachine: async ({ mark, image, dataDisks }) => {
      const known = byMark('machine', mark);
      if (known) return machineOf(known);
      const machine = add('machine', mark, 'pending');
      const volumes = [image, ...dataDisks.map(({ snapshot }) => snapshot)].map((from) => {
        const volume = add('volume', mark, 'in-use');
        content.set(volume.id, copyOfDisk(content.get(from) as MemoryDisk));
        return volume.id;
      });
      volumesOf.set(machine.id, volumes);
      become(machine, 'running');
      const boots =
        content
          .get(volumes[0] ?? '')
          ?.blocks.get(0)
          ?.toString('latin1', 0, 8) === 'BOOTABLE' && !target.failBoot;
      delete target.failBoot;
      consoles.set(machine.id, boots ? 'Debian GNU/Linux\nlogin: ' : 'no bootable device');
      return machineOf(machine);
    },
    machine: async (by) => {
      const thing = 'id' in by ? things.get(by.id) : byMark('machine', by.mark);
      return thing && thing.state !== 'terminated' ? machineOf(thing) : undefined;
    },
    console: async (id) => Buffer.from(consoles.get(id) ?? ''),
    stop: async (id) => become(given(id), 'stopped'),
    start: async (id) => become(given(id), 'running'),
    remove: async (kind, mark) => {
      const own = [...things.values()].filter((one) => one.mark === mark && (one.kind === kind || (kind === 'machine' && one.kind === 'volume')));
      for (const thing of own) {
        if (thing.kind === 'machine') become(thing, 'terminated');
        things.delete(thing.id);
      }
      return 'gone';
    },
    marked: async (prefix) => [...things.values()].filter(({ mark }) => mark.startsWith(prefix)),
    mayDo: async () => [],
  };
  return target;
}

/** True when source and target ran at once at any point of the history; a rehearsal may run beside the source. */
export function ranAtOnce(history: readonly string[]): boolean {
  let source = true;
  let target = false;
  return history.some((change) => {
    const [who, state] = change.split(' ');
    if (who === 'source') source = state === 'running';
    if (who === 'target') target = state === 'running';
    return source && target;
  });
}
