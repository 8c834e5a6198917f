import type { Found } from './found.ts';
import { printable } from './reading.ts';
import type { Tree } from './tree.ts';

const maxFiles = 60;

export interface CloudInit {
  readonly isThere: boolean;
  readonly found: readonly Found[];
}

/** The files that cloud-init reads, later ones ruling. */
export async function judgeCloudInit(tree: Tree): Promise<CloudInit> {
  const names = (await tree.list('/etc/cloud/cloud.cfg.d')).filter((name) => name.endsWith('.cfg')).slice(0, maxFiles);
  const paths = ['/etc/cloud/cloud.cfg', ...names.map((name) => `/etc/cloud/cloud.cfg.d/${name}`)];
  let chosen: { readonly path: string; readonly sources: readonly string[] } | undefined;
  let isThere = false;
  for (const path of paths) {
    const text = await tree.text(path);
    isThere ||= text !== undefined;
    const sources = dataSources(text ?? '');
    if (sources) chosen = { path, sources };
  }
  if (!isThere) return { isThere, found: [{ id: 'CLOUD_INIT_ABSENT', detail: 'no /etc/cloud/cloud.cfg' }] };
  return { isThere, found: judgeSources(chosen) };
}

/** `datasource_list: [ A, B ]`, or one to a line behind hyphens. */
function dataSources(text: string): string[] | undefined {
  const [, inline, lines] = /^datasource_list\s*:[ \t]*(?:\[([^\]]*)\]|((?:\n[ \t]*-[ \t]*\S+)+))/m.exec(text) ?? [];
  const list = inline?.split(',') ?? lines?.split('\n').map((line) => line.replace(/^\s*-/, ''));
  return list?.map((name) => name.trim().replace(/^["']|["']$/g, '')).filter((name) => name !== '');
}

/** OUTSCALE serves metadata as EC2 does. A list of that one alone is taken as it is; among others it must be recognised, which only recent versions do. */
function judgeSources(chosen: { readonly path: string; readonly sources: readonly string[] } | undefined): Found[] {
  if (!chosen) return [{ id: 'CLOUD_INIT_DATASOURCE', detail: 'no datasource_list: the target must be recognised by itself' }];
  const real = chosen.sources.filter((name) => name !== 'None');
  if (real.length === 1 && real[0] === 'Ec2') return [];
  const shown = printable(chosen.sources.slice(0, 8).join(', '), 80);
  return [{ id: 'CLOUD_INIT_DATASOURCE', detail: `${printable(chosen.path, 60)}: datasource_list [${shown}]` }];
}

const agents =
  /^(snap\.)?(amazon-ssm-agent|amazon-cloudwatch-agent|awslogsd?|ec2-instance-connect|hibinit-agent|ec2-hibinit-agent|walinuxagent|waagent|azuremonitoragent|omid|hv[-_](kvp|vss|fcopy)[-_]daemon|hypervkvpd|hypervvssd)/i;

/** Units that systemd starts: links in the folders of its targets. */
export async function judgeAgents(tree: Tree): Promise<Found[]> {
  const root = '/etc/systemd/system';
  const wants = (await tree.list(root)).filter((name) => name.endsWith('.wants')).slice(0, maxFiles);
  const found = new Set<string>();
  for (const folder of wants) for (const unit of await tree.list(`${root}/${folder}`)) if (agents.test(unit)) found.add(printable(unit, 50));
  return found.size === 0 ? [] : [{ id: 'VENDOR_AGENTS', detail: [...found].sort().slice(0, 8).join(', '), count: found.size }];
}

const timeFiles = ['/etc/chrony.conf', '/etc/chrony/chrony.conf', '/etc/systemd/timesyncd.conf', '/etc/ntp.conf', '/etc/ntpsec/ntp.conf'];
const timeFolders = ['/etc/chrony.d', '/etc/chrony/conf.d', '/etc/chrony/sources.d', '/etc/systemd/timesyncd.conf.d'];
/** Amazon's link-local server, Hyper-V's clock, the clock of ENA. */
const vendorTime = /^[^#\n]*(169\.254\.169\.123|fd00:ec2::123|ptp_hyperv|\/dev\/ptp)/m;

export async function judgeTime(tree: Tree): Promise<Found[]> {
  const paths = [...timeFiles];
  for (const folder of timeFolders) paths.push(...(await tree.list(folder)).slice(0, maxFiles).map((name) => `${folder}/${name}`));
  const bound: string[] = [];
  for (const path of paths) if (vendorTime.test((await tree.text(path)) ?? '')) bound.push(printable(path, 60));
  return bound.length === 0 ? [] : [{ id: 'VENDOR_TIME_SOURCE', detail: bound.slice(0, 4).join(', '), count: bound.length }];
}

export async function judgeSelinux(tree: Tree): Promise<Found[]> {
  const isEnforcing = /^\s*SELINUX\s*=\s*enforcing\s*$/m.test((await tree.text('/etc/selinux/config')) ?? '');
  return isEnforcing ? [{ id: 'SELINUX_ENFORCING', detail: '/etc/selinux/config: enforcing' }] : [];
}
