import type { Found } from './found.ts';
import { printable } from './reading.ts';
import type { Tree } from './tree.ts';

interface NetworkFiles {
  readonly folder: string;
  readonly name: RegExp;
  /** A hardware address, or an address of its own instead of DHCP. */
  readonly bound: RegExp;
}

const maxFiles = 40; // of one folder

const files: readonly NetworkFiles[] = [
  { folder: '/etc/netplan', name: /\.yaml$/, bound: /^\s*(macaddress\s*:|(-\s*)?["']?\d+\.\d+\.\d+\.\d+\/\d+|addresses\s*:\s*\[\s*["']?\d)/m },
  { folder: '/etc/sysconfig/network-scripts', name: /^ifcfg-(?!lo$)/, bound: /^\s*(HWADDR|MACADDR|IPADDR\d*)\s*=\s*\S/m },
  { folder: '/etc/sysconfig/network', name: /^ifcfg-(?!lo$)/, bound: /^\s*(LLADDR|IPADDR\S*)\s*=\s*['"]?[0-9a-f]/im },
  { folder: '/etc/NetworkManager/system-connections', name: /./, bound: /^\s*(mac-address|address\d*|method\s*=\s*manual)\s*(=|$)/m },
  { folder: '/etc/network', name: /^interfaces$/, bound: /^\s*(iface\s+(?!lo)\S+\s+inet6?\s+static|hwaddress\s)/m },
  { folder: '/etc/network/interfaces.d', name: /./, bound: /^\s*(iface\s+(?!lo)\S+\s+inet6?\s+static|hwaddress\s)/m },
  { folder: '/etc/systemd/network', name: /\.(network|link)$/, bound: /^\s*(MACAddress|PermanentMACAddress|Address)\s*=\s*\S/m },
  { folder: '/etc/udev/rules.d', name: /persistent-net/, bound: /^[^#\n]*ATTR\{address\}==/m },
];

/** Cloud-init writes its own anew when it meets a new machine: a hardware address in there goes by itself. */
const isRewritten = (folder: string, name: string): boolean =>
  name.includes('50-cloud-init') || (folder.endsWith('system-connections') && name.startsWith('cloud-init-'));

export async function judgeNetwork(tree: Tree, hasCloudInit: boolean): Promise<Found[]> {
  const bound: string[] = [];
  for (const { folder, name, bound: pattern } of files) {
    for (const file of (await tree.list(folder)).filter((one) => name.test(one)).slice(0, maxFiles)) {
      if (hasCloudInit && isRewritten(folder, file)) continue;
      if (pattern.test((await tree.text(`${folder}/${file}`)) ?? '')) bound.push(`${folder}/${printable(file, 40)}`);
    }
  }
  return bound.length === 0 ? [] : [{ id: 'NETWORK_BOUND', detail: bound.slice(0, 5).join(', '), count: bound.length }];
}
