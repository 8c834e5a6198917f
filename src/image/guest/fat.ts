import type { BlockDevice } from '../block-device.ts';
import { addEntry, type FileNode, type FileSystem, maxDirectoryBytes, type Run, readRuns } from './filesystem.ts';
import { Unreadable } from './reading.ts';

interface Fat {
  readonly device: BlockDevice;
  readonly bits: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly clusters: number;
  readonly tableOffset: number;
  /** FAT12 and FAT16 keep the root outside of the clusters. */
  readonly rootOffset: number;
  readonly rootBytes: number;
  readonly dataOffset: number;
  readonly rootCluster: number;
}

interface Held {
  readonly cluster: number;
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
}

const entryBytes = 32;
const maxChain = 65_536;
const attribute = { longName: 0x0f, label: 0x08, directory: 0x10 };

/** FAT12, FAT16 or FAT32. Names are told in capitals: it ignores case. */
export async function openFat(device: BlockDevice): Promise<FileSystem> {
  const block = await device.read(0, 512);
  const fat = geometry(device, block);
  const at = fat.bits === 32 ? 67 : 39;
  const serial = block.readUInt32LE(at).toString(16).toUpperCase().padStart(8, '0');
  const nodes: Held[] = [{ cluster: fat.rootCluster, sizeBytes: 0, isDirectory: true }];
  return {
    kind: 'fat',
    uuid: `${serial.slice(0, 4)}-${serial.slice(4)}`,
    label: block.toString('latin1', at + 4, at + 15).trim(),
    isDirty: false,
    root: 0,
    node: async (id) => nodeOf(fat, nodes, id),
  };
}

function geometry(device: BlockDevice, block: Buffer): Fat {
  const sectorBytes = block.readUInt16LE(11);
  const [perCluster, tables, reserved] = [block[13] ?? 0, block[16] ?? 0, block.readUInt16LE(14)];
  const isSane = [512, 1024, 2048, 4096].includes(sectorBytes) && perCluster > 0 && (perCluster & (perCluster - 1)) === 0 && tables > 0 && reserved > 0;
  if (!isSane) throw new Unreadable('no FAT boot sector');
  const rootBytes = block.readUInt16LE(17) * entryBytes;
  const tableBytes = (block.readUInt16LE(22) || block.readUInt32LE(36)) * sectorBytes;
  const tableOffset = reserved * sectorBytes;
  const rootOffset = tableOffset + tables * tableBytes;
  const dataOffset = rootOffset + Math.ceil(rootBytes / sectorBytes) * sectorBytes;
  const clusterBytes = perCluster * sectorBytes;
  const total = (block.readUInt16LE(19) || block.readUInt32LE(32)) * sectorBytes;
  const clusters = Math.floor((total - dataOffset) / clusterBytes);
  if (clusters < 1 || tableBytes === 0) throw new Unreadable('a FAT boot sector that cannot be');
  const bits = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32; // Microsoft's rule: the count alone decides
  const rootCluster = bits === 32 ? block.readUInt32LE(44) : 0;
  return { device, bits, clusterBytes, clusters, tableOffset, rootOffset, rootBytes, dataOffset, rootCluster };
}

function nodeOf(fat: Fat, nodes: Held[], id: number): FileNode {
  const held = nodes[id];
  if (!held) throw new Unreadable('a file that is not there');
  const { cluster, sizeBytes, isDirectory } = held;
  const runs = async (): Promise<readonly Run[]> => {
    if (cluster === 0 && isDirectory && fat.bits !== 32) return [{ fileOffset: 0, deviceOffset: fat.rootOffset, lengthBytes: fat.rootBytes }];
    return chain(fat, cluster === 0 && isDirectory ? fat.rootCluster : cluster);
  };
  return {
    kind: isDirectory ? 'directory' : 'file',
    sizeBytes,
    read: async (offset, lengthBytes) => readRuns(await runs(), fat.device.read, sizeBytes, offset, lengthBytes),
    entries: async () => {
      if (!isDirectory) throw new Unreadable('a file stands where a directory should');
      return directory(fat, await runs(), nodes);
    },
  };
}

async function chain(fat: Fat, first: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (let cluster = first; cluster >= 2 && cluster < fat.clusters + 2; cluster = await nextCluster(fat, cluster)) {
    if (runs.length >= maxChain) throw new Unreadable('a chain of clusters does not end');
    runs.push({ fileOffset: runs.length * fat.clusterBytes, deviceOffset: fat.dataOffset + (cluster - 2) * fat.clusterBytes, lengthBytes: fat.clusterBytes });
  }
  return runs;
}

async function nextCluster({ device, bits, tableOffset }: Fat, cluster: number): Promise<number> {
  if (bits === 32) return (await device.read(tableOffset + cluster * 4, 4)).readUInt32LE(0) & 0x0fff_ffff;
  if (bits === 16) return (await device.read(tableOffset + cluster * 2, 2)).readUInt16LE(0);
  const pair = (await device.read(tableOffset + Math.floor(cluster * 1.5), 2)).readUInt16LE(0);
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}

async function directory(fat: Fat, runs: readonly Run[], nodes: Held[]): Promise<ReadonlyMap<string, number>> {
  const sizeBytes = runs.reduce((sum, run) => sum + run.lengthBytes, 0);
  if (sizeBytes > maxDirectoryBytes) throw new Unreadable('a directory is too large');
  const entries = new Map<string, number>();
  const bytes = await readRuns(runs, fat.device.read, sizeBytes, 0, sizeBytes);
  let longName = '';
  for (let at = 0; at + entryBytes <= bytes.length && bytes[at] !== 0; at += entryBytes) {
    const entry = bytes.subarray(at, at + entryBytes);
    if (entry[0] === 0xe5) continue; // deleted
    if (entry[11] === attribute.longName) {
      longName = longPart(entry) + (((entry[0] ?? 0) & 0x40) !== 0 ? '' : longName);
      continue;
    }
    const name = longName || shortName(entry);
    longName = '';
    if (((entry[11] ?? 0) & attribute.label) !== 0) continue;
    const high = fat.bits === 32 ? entry.readUInt16LE(20) : 0;
    const isDirectory = ((entry[11] ?? 0) & attribute.directory) !== 0;
    nodes.push({ cluster: high * 65_536 + entry.readUInt16LE(26), sizeBytes: entry.readUInt32LE(28), isDirectory });
    addEntry(entries, name.toUpperCase(), nodes.length - 1);
  }
  return entries;
}

function longPart(entry: Buffer): string {
  const units = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]);
  return units.toString('utf16le').split('\0')[0] ?? '';
}

function shortName(entry: Buffer): string {
  const [stem, extension] = [entry.toString('latin1', 0, 8).trim(), entry.toString('latin1', 8, 11).trim()];
  return extension === '' ? stem : `${stem}.${extension}`;
}
