import type { Machine, MachineDisk } from '../../src/model/machine.ts';
import { VmWorkload } from '../../src/model/plan.ts';

const gibibyte = 2 ** 30;

export const diskWith = (fields: Partial<MachineDisk> = {}): MachineDisk => ({
  id: 'vol-root',
  device: '/dev/xvda',
  isRoot: true,
  sizeBytes: 8 * gibibyte,
  type: 'gp3',
  isEncrypted: false,
  isShared: false,
  ...fields,
});

/** A machine about which there is nothing to say, but for what a test is about. */
export const machineWith = (fields: Partial<Machine> = {}): Machine => ({
  id: 'i-0123456789abcdef0',
  state: 'running',
  launchedAt: '2026-01-01T00:00:00.000Z',
  bootMode: 'uefi',
  architecture: 'x86_64',
  platform: 'linux',
  type: 'm5.large',
  virtualCpus: 2,
  memoryBytes: 8 * gibibyte,
  zone: 'eu-west-3a',
  disks: [diskWith(), diskWith({ id: 'vol-data', device: '/dev/sdf', isRoot: false })],
  interfaces: [
    {
      id: 'eni-1',
      subnet: 'subnet-1',
      subnetRange: '10.0.1.0/24',
      net: 'vpc-1',
      netRange: '10.0.0.0/16',
      privateAddress: '10.0.1.7',
      securityGroups: ['sg-1'],
    },
  ],
  securityGroups: [
    {
      id: 'sg-1',
      name: 'web',
      description: '',
      rules: [{ flow: 'inbound', protocol: 'tcp', fromPort: 443, toPort: 443, ranges: ['0.0.0.0/0'] }],
      unmapped: 0,
    },
  ],
  tags: {},
  traits: {},
  ...fields,
});

/** Its entry of a plan, defaults filled in. */
export const vmEntry = (fields: { readonly source?: object; readonly target?: object; readonly [key: string]: unknown } = {}): VmWorkload => {
  const { source, target, ...rest } = fields;
  return VmWorkload.parse({
    name: 'web',
    kind: 'vm',
    source: { at: 'aws', instance: 'i-0123456789abcdef0', ...source },
    target: {
      at: 'outscale',
      subregion: 'eu-west-2a',
      type: 'tinav6.c2r8p2',
      bootMode: 'uefi',
      network: {
        net: { range: '10.0.0.0/16' },
        subnet: { range: '10.0.1.0/24' },
        securityGroups: [{ name: 'web', description: 'web', rules: [] }],
      },
      ...target,
    },
    ...rest,
  });
};
