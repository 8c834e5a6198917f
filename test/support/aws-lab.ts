import { request as httpRequest } from 'node:http';
import type { EstateSpec, MadeEstate } from '../../lab/aws/estate.ts';
import type { AwsLab } from '../../lab/aws/start.ts';
import { type AwsCredentials, type AwsRequest, signedByAws } from './aws-signer.ts';

export const blockBytes = 524_288;

export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export const credentialsOf = (lab: AwsLab): AwsCredentials => ({ accessKeyId: lab.accessKey, secretAccessKey: lab.secretKey });

/** One request to the lab, signed by AWS's own signer and sent as it is. */
export async function callAws(lab: AwsLab, service: string, path: string, options: Partial<AwsRequest> = {}): Promise<Got> {
  const { endpoint, region } = lab;
  const { method, url, headers, body } = await signedByAws({ endpoint, region, service, path, credentials: credentialsOf(lab), ...options });
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${endpoint}${url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Status, name and reason of a refusal of EBS direct. */
export function refusalIn({ status, headers, body }: Got): readonly unknown[] {
  return [status, headers['x-amzn-errortype'], status === 200 ? undefined : (JSON.parse(body.toString()) as { Reason?: string }).Reason];
}

export interface BlockPage {
  readonly Blocks: readonly { readonly BlockIndex: number; readonly BlockToken: string }[];
  readonly ChangedBlocks: readonly { readonly BlockIndex: number; readonly FirstBlockToken?: string; readonly SecondBlockToken?: string }[];
  readonly NextToken?: string;
  readonly BlockSize: number;
  readonly VolumeSize: number;
  readonly ExpiryTime: number;
}

/** All pages of a listing of EBS direct. */
export async function pagesOf(lab: AwsLab, path: string, query: Record<string, string> = {}): Promise<readonly BlockPage[]> {
  const all: BlockPage[] = [];
  let token: string | undefined;
  do {
    const got = await callAws(lab, 'ebs', path, { query: { ...query, ...(token && { pageToken: token }) } });
    if (got.status !== 200) throw new Error(`${got.status} ${got.body}`);
    const page = JSON.parse(got.body.toString()) as BlockPage;
    all.push(page);
    token = page.NextToken;
  } while (token);
  return all;
}

export const getBlock = (lab: AwsLab, snapshot: string, block: number, blockToken: string): Promise<Got> =>
  callAws(lab, 'ebs', `/snapshots/${snapshot}/blocks/${block}`, { query: { blockToken } });

/** One machine with two disks, and others with one. */
export const smallEstate: EstateSpec = {
  nets: [
    {
      name: 'net',
      range: '10.0.0.0/16',
      subnets: [{ name: 'front', range: '10.0.1.0/24' }],
      securityGroups: [
        { name: 'web', inbound: [{ protocol: 'tcp', fromPort: 443, toPort: 443, ranges: ['0.0.0.0/0'] }], outbound: [] },
        { name: 'db', inbound: [{ protocol: 'tcp', fromPort: 5432, toPort: 5432, group: 'web' }] },
      ],
    },
  ],
  instances: [
    {
      name: 'web',
      subnet: 'front',
      securityGroups: ['web'],
      bootMode: 'uefi',
      tags: { team: 'blue' },
      systemTags: { 'aws:autoscaling:groupName': 'asg' },
      productCodes: [{ productCode: 'abc', type: 'marketplace' }],
      disks: [
        { device: '/dev/xvda', sizeGiB: 2 },
        { device: '/dev/sdf', sizeGiB: 1, isEncrypted: true, isShared: true },
      ],
    },
    ...['b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name, subnet: 'front', disks: [{ device: '/dev/xvda', sizeGiB: 1 }] })),
  ],
};

export function diskOf(made: MadeEstate, device: string): { readonly id: string; readonly file: string } {
  const disk = made.instances.web?.disks[device];
  if (!disk) throw new Error(`the estate has no disk ${device}`);
  return disk;
}

/** As a suite begins: no faults, short times, every key good. */
export async function calm(lab: AwsLab): Promise<void> {
  await lab.control('faults', []);
  await lab.control('settings', { rotateTokens: false, emptyPageEvery: 0, throttle: false, snapshotMs: 300, stopMs: 300, startMs: 300 });
  await lab.control('keys', { accessKey: lab.accessKey, state: 'active', denied: [] });
}
