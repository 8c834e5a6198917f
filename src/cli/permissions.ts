import { policyFor } from '../providers/s3/permissions.ts';
import type { CommandDefinition } from './command.ts';
import { usage } from './failure.ts';

const phases = ['inventory', 'replicate', 'cutover', 'decommission'] as const;

export const permissions: CommandDefinition = {
  name: 'permissions',
  summary: 'print the least rights that the workers need on a store, as a policy in the vendor’s own form',
  details: 'Asks no cloud. With --bucket for that bucket, else for each bucket of plan.yaml on that side of that store.',
  options: [
    { flags: '--source <store>', summary: 'rights on a source' },
    { flags: '--target <store>', summary: 'rights on a target' },
    { flags: '--for <phase>', summary: 'what they are for', choices: phases },
    { flags: '--bucket <name>', summary: 'for this bucket' },
  ],
  run: async (context, given) => {
    const [source, target] = [given.text('source'), given.text('target')];
    const phase = phases.find((each) => each === given.text('for'));
    if ((source === undefined) === (target === undefined)) throw usage('give --source STORE or --target STORE');
    if (phase === undefined) throw usage(`--for is missing: ${phases.join(', ')}`);
    const side = source === undefined ? 'target' : 'source';
    const store = source ?? target ?? '';
    const { stores } = context.config();
    if (!Object.hasOwn(stores, store)) throw usage(`ecluse.yaml has no store "${store}": ${Object.keys(stores).join(', ')}`);
    const named = given.text('bucket');
    const planned = (): string[] =>
      context
        .plan()
        .waves.flatMap(({ workloads }) => workloads.flatMap((entry) => (entry.kind === 'bucket' && entry[side].at === store ? [entry[side].bucket] : [])));
    const buckets = named === undefined ? [...new Set(planned())] : [named];
    if (buckets.length === 0) throw usage(`plan.yaml has no workload whose ${side} is in "${store}"`, ['name one: --bucket NAME']);
    const policies = buckets.map((bucket) => ({ bucket, policy: policyFor({ side, phase, bucket }) }));
    return { exit: 0, text: policies.map(({ policy }) => JSON.stringify(policy, undefined, 2)).join('\n'), json: { store, side, phase, policies } };
  },
};
