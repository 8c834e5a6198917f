import type { Found } from './found.ts';
import { printable } from './reading.ts';
import type { Scan, Volume } from './volumes.ts';

export interface FstabEntry {
  readonly spec: string;
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

const unescaped = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export function parseFstab(text: string): FstabEntry[] {
  return text.split('\n').flatMap((line) => {
    const [spec = '', path = '', type = '', options = 'defaults'] = line.trim().split(/\s+/).map(unescaped);
    return spec === '' || spec.startsWith('#') || path === '' ? [] : [{ spec: spec.replaceAll('"', ''), path, type, options: options.split(',') }];
  });
}

/** Names that follow the order or the make of a disk. `/dev/mapper`, `/dev/<group>/<volume>` and by-uuid stay. */
export const isUnstableName = (spec: string): boolean =>
  /^\/dev\/(xvd|sd|hd|vd|nvme)[a-z0-9]*$/.test(spec) || /^\/dev\/disk\/(azure|cloud|by-path|by-id)\//.test(spec);

/** The volume that a `spec` of fstab, crypttab or a kernel's `root=` means, as far as that can be told. */
export function resolveSpec(spec: string, { disks, volumes }: Scan): Volume | undefined {
  const [, key = '', given = ''] = /^(?:\/dev\/disk\/by-)?(uuid|label|partuuid|partlabel)[=/](.+)$/i.exec(spec) ?? [];
  const value = given.toLowerCase();
  if (key !== '') {
    const matches: Readonly<Record<string, (volume: Volume) => boolean>> = {
      uuid: ({ uuid }) => uuid?.toLowerCase() === value,
      label: ({ label }) => label === given,
      partuuid: ({ partition }) => partition?.partUuid === value,
      partlabel: ({ partition }) => partition?.label === given,
    };
    return volumes.find(matches[key.toLowerCase()] ?? (() => false));
  }
  const logical = logicalName(spec);
  const found = volumes.find((volume) => volume.logical !== undefined && volume.logical === logical);
  return found ?? byDeviceName(spec, volumes, disks.find(({ isRoot }) => isRoot)?.device);
}

/** `/dev/mapper/vg-root` doubles the hyphens that are part of a name. */
function logicalName(spec: string): string | undefined {
  const [, mapped] = /^\/dev\/mapper\/(.+)$/.exec(spec) ?? [];
  if (mapped !== undefined) return mapped.replaceAll('--', '\0').replace('-', '/').replaceAll('\0', '-');
  return /^\/dev\/([^/]+\/[^/]+)$/.exec(spec)?.[1];
}

/** Only the first disk can be told by its name: the guest's order of the others is not the API's. */
function byDeviceName(spec: string, volumes: readonly Volume[], rootDevice: string | undefined): Volume | undefined {
  const [, number] = /^\/dev\/(?:(?:xvd|sd|hd|vd)a|nvme0n1p?)(\d*)$/.exec(spec) ?? [];
  if (number === undefined || rootDevice === undefined) return undefined;
  const first = volumes.filter(({ isOnRootDisk, logical }) => isOnRootDisk && logical === undefined);
  return number === '' ? first.find(({ partition }) => !partition) : first.find(({ partition }) => partition?.number === Number(number));
}

const virtual = new Set([
  'proc',
  'sysfs',
  'tmpfs',
  'devpts',
  'devtmpfs',
  'cgroup',
  'cgroup2',
  'debugfs',
  'securityfs',
  'nfs',
  'nfs4',
  'cifs',
  'efs',
  'overlay',
  'none',
]);
const isDisk = ({ spec, type, options }: FstabEntry): boolean =>
  !virtual.has(type) && !options.includes('bind') && !options.includes('noauto') && /[=/]/.test(spec);
const isOptional = ({ options }: FstabEntry): boolean => options.includes('nofail') || options.includes('noauto');

/** Ones that cloud-init or a person wrote for a disk that goes with the machine. */
const isInstanceStore = ({ spec, options }: FstabEntry): boolean =>
  /azure_resource|cloud\/azure|ephemeral/.test(spec) || options.includes('comment=cloudconfig');

export function judgeFstab(entries: readonly FstabEntry[], scan: Scan): Found[] {
  const disks = entries.filter(isDisk);
  const [stores, rest] = [disks.filter(isInstanceStore), disks.filter((entry) => !isInstanceStore(entry))];
  const named = rest.filter(({ spec }) => isUnstableName(spec));
  const lost = rest.filter(
    (entry) => !isUnstableName(entry.spec) && !isOptional(entry) && /^(uuid|label|partuuid|partlabel)=/i.test(entry.spec) && !resolveSpec(entry.spec, scan),
  );
  return [
    ...about('FSTAB_DEVICE_NAMES', named),
    ...about(
      'FSTAB_INSTANCE_STORE',
      stores.filter((entry) => !isOptional(entry)),
    ),
    ...about('FSTAB_DISK_MISSING', lost),
  ];
}

function about(id: Found['id'], entries: readonly FstabEntry[]): Found[] {
  const shown = entries.slice(0, 5).map(({ spec, path }) => `${printable(spec, 60)} on ${printable(path, 40)}`);
  return entries.length === 0 ? [] : [{ id, detail: `/etc/fstab: ${shown.join(', ')}`, count: entries.length }];
}

/** crypttab names volumes that are opened by a key: none of them was looked into. */
export function judgeCrypttab(text: string | undefined): Found[] {
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  return lines.length === 0 ? [] : [{ id: 'CRYPTTAB_PRESENT', detail: `/etc/crypttab names ${lines.length} encrypted volumes`, count: lines.length }];
}
