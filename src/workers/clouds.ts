import { MigrationError } from '../core/migration-error.ts';
import type { AwsCloud, Config, OutscaleCloud } from '../model/config.ts';
import type { Clouds, SourceCloud, SourceWhere, TargetCloud } from '../ports/clouds.ts';
import type { Pacer } from '../ports/rate-budget.ts';
import type { Transport } from '../ports/transport.ts';
import { openAws } from '../providers/aws/index.ts';
import { openOutscale } from '../providers/outscale/index.ts';

/** The clouds of `ecluse.yaml`, opened over one transport and paced by one budget. Each is opened once a process: its credentials are shared. */
export function openClouds(config: Config, parts: { readonly transport: Transport; readonly pacer: Pacer; readonly env: NodeJS.ProcessEnv }): Clouds {
  const sources = new Map<string, SourceCloud>();
  const targets = new Map<string, TargetCloud>();
  const invalid = (detail: string): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'open cloud', detail });
  const awsOf = (at: string): AwsCloud => {
    const cloud = config.clouds[at];
    if (cloud?.kind !== 'aws') throw invalid(`ecluse.yaml has no source cloud ${at}`);
    return cloud;
  };
  const outscaleOf = (at: string): OutscaleCloud => {
    const cloud = config.clouds[at];
    if (cloud?.kind !== 'outscale') throw invalid(`ecluse.yaml has no target cloud ${at}`);
    return cloud;
  };
  return {
    names: () => Object.entries(config.clouds).map(([cloud, { kind }]) => ({ cloud, side: kind === 'aws' ? 'source' : 'target' })),
    source: (at, where = {}) => {
      const key = JSON.stringify([at, where.account, where.region]);
      const known = sources.get(key) ?? openAws({ ...parts, ...scope(where), cloud: awsOf(at), name: at });
      sources.set(key, known);
      return known;
    },
    target: (at) => {
      const known = targets.get(at) ?? openTarget(outscaleOf(at), at);
      targets.set(at, known);
      return known;
    },
    place: (at, machine, where = {}) => {
      const cloud = config.clouds[at];
      if (!cloud) throw invalid(`ecluse.yaml has no cloud ${at}`);
      const region = cloud.kind === 'aws' ? (where.region ?? cloud.regions[0] ?? '') : cloud.region;
      return { provider: cloud.kind, region, ...(cloud.country ? { country: cloud.country } : {}), resource_ref: machine };
    },
  };

  function openTarget(cloud: OutscaleCloud, name: string): TargetCloud {
    return { machines: openOutscale({ ...parts, cloud, name }), staging: cloud.staging, importHours: cloud.importHours };
  }
}

const scope = ({ account, region }: SourceWhere) => ({ ...(account ? { account } : {}), ...(region ? { region } : {}) });
