import type { TargetImage, TargetMachineRequest, TargetNetwork } from '../../../src/ports/machine-target.ts';

const gibibyte = 2 ** 30;

export const imageRequest: TargetImage = {
  mark: 'shop/web/cutover/m1/image',
  rootSnapshot: 'snap-00000001',
  rootBytes: 8 * gibibyte,
  bootMode: 'uefi',
  volumeType: 'io1',
  iops: 500,
};

export const machineRequest: TargetMachineRequest = {
  mark: 'shop/web/cutover/m1/vm',
  name: 'web',
  image: 'ami-00000002',
  type: 'tinav6.c2r4p2',
  bootMode: 'uefi',
  subregion: 'eu-west-2a',
  subnet: 'subnet-00000003',
  securityGroups: ['sg-00000004'],
  privateAddress: '10.0.0.10',
  keyPair: 'admin',
  rootBytes: 8 * gibibyte,
  volumeType: 'gp2',
  iops: 500,
  dataDisks: [{ device: '/dev/xvdb', snapshot: 'snap-00000005', sizeBytes: 20 * gibibyte, volumeType: 'gp2' }],
};

/** Two groups that name each other. */
export const networkRequest: TargetNetwork = {
  mark: 'shop/web/cutover/m1/network',
  net: { range: '10.0.0.0/16' },
  subnet: { range: '10.0.1.0/24' },
  subregion: 'eu-west-2a',
  isIsolated: false,
  securityGroups: [
    {
      name: 'web',
      description: 'front',
      rules: [
        { flow: 'inbound', protocol: 'tcp', fromPort: 443, toPort: 443, ranges: ['0.0.0.0/0', '10.9.0.0/16'] },
        { flow: 'outbound', protocol: 'tcp', fromPort: 5432, toPort: 5432, ranges: [], group: 'db' },
      ],
    },
    { name: 'db', description: 'data', rules: [{ flow: 'inbound', protocol: 'tcp', fromPort: 5432, toPort: 5432, ranges: [], group: 'web' }] },
  ],
};

export const isolatedRequest: TargetNetwork = {
  ...networkRequest,
  mark: 'shop/web/rehearsal/m1/network',
  net: { range: '192.168.250.0/24' },
  subnet: { range: '192.168.250.0/28' },
  isIsolated: true,
  securityGroups: [{ name: 'rehearsal', description: 'nothing', rules: [] }],
};
