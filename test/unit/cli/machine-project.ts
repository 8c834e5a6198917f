import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkloadStatus } from '../../../src/model/status.ts';
import { statusOf } from '../../support/status-of.ts';
import { configText, type Stage, stage } from './fake-project.ts';

export const instance = 'i-0123456789abcdef0';

export const cloudsText = `clouds:
  aws: { kind: aws, regions: [eu-west-3] }
  outscale: { kind: outscale, region: eu-west-2, staging: { at: target, bucket: images } }
`;

export const machinePlan = `v: 1
waves:
  - wave: 1
    workloads:
      - name: web
        kind: vm
        source: { at: aws, instance: ${instance} }
        target:
          at: outscale
          subregion: eu-west-2a
          type: tinav6.c2r8p2
          bootMode: uefi
          network:
            net: { range: 10.0.0.0/16 }
            subnet: { range: 10.0.1.0/24 }
            securityGroups: [{ name: web, description: web }]
        stopMinutes: 10
`;

/** A folder whose ecluse.yaml has a cloud of each side, and whose plan moves one machine. */
export const machineStage = (overrides: Partial<Stage> & { clouds?: string; plan?: string } = {}): Stage =>
  stage({ config: `${configText}${overrides.clouds ?? cloudsText}`, plan: machinePlan, ...overrides });

export const machine = (fields: Partial<WorkloadStatus> = {}): WorkloadStatus =>
  statusOf({ workload: 'web', kind: 'vm', condition: 'waiting', objects: 2, ...fields });

export const writePrices = ({ folder }: Stage, text: string): void => writeFileSync(join(folder, 'prices.yaml'), text);
