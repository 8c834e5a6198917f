import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { usualAwsKeys } from './aws/start.ts';
import { labFolder } from './folders.ts';
import { usualSettings } from './outscale/settings.ts';
import type { Keys, StoreAccess } from './seaweed.ts';
import { writePrivate } from './state.ts';
import type { TemporalAccess } from './temporal-server.ts';

/** The files of the lab's project, all in the lab's folder. */
export const projectFiles = {
  config: `${labFolder}/ecluse.yaml`,
  credentials: `${labFolder}/credentials`,
  awsConfig: `${labFolder}/aws-config`,
  referenceKey: `${labFolder}/reference.key`,
} as const;

export const firstProject = 'demo';

export interface LabStores {
  readonly source: StoreAccess;
  readonly target: StoreAccess;
  readonly moto?: (Keys & { readonly endpoint: string; readonly region: string }) | undefined;
}

/** Endpoints of the stand-ins of AWS and OUTSCALE. */
export interface LabClouds {
  readonly aws: string;
  /** moto's own S3 beside it: the estate's buckets. */
  readonly s3: string;
  readonly outscale: string;
}

/** Where the outsiders of the project's policy answer, and to whom names are encrypted. */
export interface LabOutside {
  readonly witnesses?: readonly { readonly name: string; readonly url: string }[];
  readonly timestamps?: readonly { readonly name: string; readonly url: string }[];
  readonly recipient?: string;
  readonly clouds?: LabClouds;
}

/**
 * Writes `ecluse.yaml`, the workers' credentials and, once, the reference key, which links the records to the objects' names.
 * Answers the configuration's text.
 */
export function writeProjectFiles(project: string, temporal: TemporalAccess, stores: LabStores, { clouds, ...outside }: LabOutside): string {
  const places = Object.entries(stores).filter(([, store]) => store !== undefined);
  const config = stringify({
    v: 1,
    project,
    temporal: { address: temporal.address, namespace: temporal.namespace, ui: temporal.ui },
    depot: { folder: `./projects/${project}/depot` },
    ledger: {
      sqlite: `./projects/${project}/ledger.sqlite`,
      keys: `./projects/${project}/ledger-keys`,
      policy: `./projects/${project}/policy.json`,
      ...outside,
    },
    referenceKey: './reference.key',
    stores: Object.fromEntries(places.map(([name, { endpoint, region }]) => [`lab-${name}`, { kind: 's3', endpoint, region, profile: `lab-${name}` }])),
    ...(clouds ? { clouds: cloudConfig(project, clouds) } : {}),
  });
  const profiles = places.map(([name, keys]) => `[lab-${name}]\naws_access_key_id = ${keys.accessKey}\naws_secret_access_key = ${keys.secretKey}\n`);
  if (clouds) profiles.push(`[lab-aws]\naws_access_key_id = ${usualAwsKeys.accessKey}\naws_secret_access_key = ${usualAwsKeys.secretKey}\n`);
  writeIfNew(projectFiles.config, `# Written by the lab at each start: changes are lost.\n${config}`);
  writeIfNew(projectFiles.credentials, profiles.join('\n'));
  writeIfNew(projectFiles.awsConfig, '# Empty on purpose: the workers read no other AWS configuration of this machine.\n');
  if (!existsSync(projectFiles.referenceKey)) writePrivate(projectFiles.referenceKey, `${randomBytes(32).toString('base64')}\n`);
  return config;
}

/** Each demo has a staging bucket of its own, as it has a project of its own. */
const cloudConfig = (project: string, { aws, s3, outscale }: LabClouds) => ({
  'lab-aws': { kind: 'aws', regions: ['eu-west-3'], profile: 'lab-aws', endpoints: { ec2: aws, ebs: aws, sts: aws, s3 } },
  'lab-outscale': {
    kind: 'outscale',
    region: usualSettings.region,
    endpoint: outscale,
    staging: { at: 'lab-target', bucket: `ecluse-images-${project}` },
    importHours: 1,
  },
});

function writeIfNew(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writePrivate(file, text);
}
