import { existsSync } from 'node:fs';
import { nearest } from '../config/nearest.ts';
import type { AwsCloud } from '../model/config.ts';
import { type AwsPhase, awsPolicyFor } from '../providers/aws/index.ts';
import { policyFor as eimPolicyFor, type Phase as OutscalePhase } from '../providers/outscale/index.ts';
import { policyFor } from '../providers/s3/permissions.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';

const storePhases = ['inventory', 'replicate', 'cutover', 'decommission'] as const;
const awsPhases = ['assess', 'replicate', 'cutover', 'rollback', 'finalize', 'discard'] as const satisfies readonly AwsPhase[];
const outscalePhases = ['inventory', 'replicate', 'cutover', 'decommission'] as const satisfies readonly OutscalePhase[];

export const permissions: CommandDefinition = {
  name: 'permissions',
  summary: 'print the least rights that the workers need on a store or a cloud, as a policy in the vendor’s own form',
  details: [
    'Asks no cloud. With --bucket for that bucket, else for each bucket of plan.yaml on that side of that store; on a target store also for the bucket',
    'in which the images of a target cloud stand.',
    `Phases of a store, and of a target cloud (an EIM policy): ${storePhases.join(', ')}.`,
    `Phases of a source cloud (an IAM policy for the credentials, and one for each role that they assume): ${awsPhases.join(', ')}.`,
    'Of a source cloud the machines of plan.yaml are named, where there are some; for assess, any machine.',
  ].join('\n'),
  options: [
    { flags: '--source <place>', summary: 'rights on a source: a store or a cloud of ecluse.yaml' },
    { flags: '--target <place>', summary: 'rights on a target: a store or a cloud of ecluse.yaml' },
    { flags: '--for <phase>', summary: 'what they are for', choices: [...new Set([...storePhases, ...awsPhases])] },
    { flags: '--bucket <name>', summary: 'for this bucket, of a store' },
  ],
  run: async (context, given) => {
    const [source, target] = [given.text('source'), given.text('target')];
    if ((source === undefined) === (target === undefined)) throw usage('give --source STORE or --target STORE');
    const side = source === undefined ? 'target' : 'source';
    const place = source ?? target ?? '';
    const { stores, clouds } = context.config();
    // Where a store and a cloud have the same name, --bucket tells that the store is meant.
    const cloud = given.text('bucket') === undefined && Object.hasOwn(clouds, place) ? clouds[place] : undefined;
    if (cloud) return cloud.kind === 'aws' ? ofSourceCloud(context, given, { place, side, cloud }) : ofTargetCloud(given, { place, side });
    if (!Object.hasOwn(stores, place)) throw unknown(place, Object.keys(stores), Object.keys(clouds));
    return ofStore(context, given, { place, side });
  },
};

function unknown(place: string, stores: readonly string[], clouds: readonly string[]): Error {
  if (clouds.length === 0) return usage(`ecluse.yaml has no store "${place}": ${stores.join(', ')}`);
  const known = [...stores, ...clouds];
  const guess = nearest(place, known);
  return usage(`ecluse.yaml has no store or cloud "${place}": ${known.join(', ')}`, guess ? [`did you mean "${guess}"?`] : []);
}

interface Asked {
  readonly place: string;
  readonly side: 'source' | 'target';
}

function phaseOf<Phase extends string>(given: Given, phases: readonly Phase[]): Phase {
  const named = given.text('for');
  const phase = phases.find((each) => each === named);
  if (phase === undefined) throw usage(named === undefined ? `--for is missing: ${phases.join(', ')}` : `no phase "${named}" there: ${phases.join(', ')}`);
  return phase;
}

const printed = (policies: readonly { readonly policy: unknown }[], json: object): Outcome => ({
  exit: 0,
  text: policies.map(({ policy }) => JSON.stringify(policy, undefined, 2)).join('\n'),
  json: { ...json, policies },
});

function ofStore(context: CommandContext, given: Given, { place, side }: Asked): Outcome {
  const phase = phaseOf(given, storePhases);
  const { clouds } = context.config();
  const staging = Object.values(clouds).flatMap((cloud) => (cloud.kind === 'outscale' && cloud.staging.at === place ? [cloud.staging.bucket] : []));
  const planned = (): string[] =>
    context
      .plan()
      .waves.flatMap(({ workloads }) => workloads.flatMap((entry) => (entry.kind === 'bucket' && entry[side].at === place ? [entry[side].bucket] : [])));
  const named = given.text('bucket');
  const buckets = named === undefined ? [...new Set([...planned(), ...(side === 'target' ? staging : [])])] : [named];
  if (buckets.length === 0) throw usage(`plan.yaml has no workload whose ${side} is in "${place}"`, ['name one: --bucket NAME']);
  return printed(
    buckets.map((bucket) => ({ bucket, policy: policyFor({ side, phase, bucket }) })),
    { store: place, side, phase },
  );
}

function ofTargetCloud(given: Given, { place, side }: Asked): Outcome {
  if (side === 'source') throw usage(`"${place}" is a target cloud`, [`ecluse permissions --target ${place} --for PHASE`]);
  const phase = phaseOf(given, outscalePhases);
  return printed([{ policy: eimPolicyFor({ phase }) }], { cloud: place, side, phase });
}

/** One for the credentials, one for each role: with roles, the credentials themselves need the right to assume them and nothing else. */
function ofSourceCloud(context: CommandContext, given: Given, { place, side, cloud }: Asked & { readonly cloud: AwsCloud }): Outcome {
  if (side === 'target') throw usage(`"${place}" is a source cloud`, [`ecluse permissions --source ${place} --for PHASE`]);
  const phase = phaseOf(given, awsPhases);
  const [only, ...more] = cloud.regions;
  const scope = { phase, ...(only !== undefined && more.length === 0 ? { region: only } : {}) };
  const planned = phase === 'assess' || !existsSync(context.files.plan) ? [] : plannedMachines(context, place);
  const machinesIn = (account?: string) => {
    const machines = planned.filter((one) => account === undefined || (one.account ?? first) === account).map(({ instance }) => instance);
    return machines.length === 0 ? {} : { machines };
  };
  const roles = cloud.accounts.map(({ role }) => ({ role, account: role.split(':')[4] ?? '' }));
  const first = roles[0]?.account;
  const policies =
    roles.length === 0
      ? [{ policy: awsPolicyFor({ ...scope, ...machinesIn() }) }]
      : [
          { policy: assumeOnly(roles.map(({ role }) => role)) },
          ...roles.map(({ role, account }) => ({ role, policy: awsPolicyFor({ ...scope, account, ...machinesIn(account) }) })),
        ];
  return printed(policies, { cloud: place, side, phase });
}

/** Of the credentials that the workers hold, where every account is reached by a role. */
function assumeOnly(roles: readonly string[]) {
  const { Version, Statement } = awsPolicyFor({ phase: 'assess', roles });
  return { Version, Statement: Statement.filter(({ Action }) => Action.includes('sts:AssumeRole')) };
}

const plannedMachines = (context: CommandContext, cloud: string) =>
  context.plan().waves.flatMap(({ workloads }) => workloads.flatMap((entry) => (entry.kind === 'vm' && entry.source.at === cloud ? [entry.source] : [])));
