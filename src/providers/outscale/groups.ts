import type { TargetNetwork } from '../../ports/machine-target.ts';
import type { Cloud } from './cloud.ts';
import { findOrMake, idOf } from './ensure.ts';
import { keyOf, markOf, tag } from './mark.ts';
import { existingRules, flows, type SingleRule, wantedRules } from './rules.ts';
import type { OscGroup } from './shapes.ts';

type MadeGroup = Extract<TargetNetwork['securityGroups'][number], { readonly name: string }>;

/** In the order of the request. Their rules come when all of them are there, for they may name each other. */
export async function ensureGroups(cloud: Cloud, net: string, request: TargetNetwork, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { mark, securityGroups, isIsolated } = request;
  const byName = new Map<string, OscGroup>();
  const ids: string[] = [];
  for (const wanted of securityGroups) {
    if ('id' in wanted) {
      // Its rules are not ours to take away: it could let in or out what the plan does not say.
      if (isIsolated) throw cloud.failure('CONFIG_INVALID', 'ReadSecurityGroups', 'ISOLATED_WITH_EXISTING_GROUP');
      ids.push(wanted.id);
      continue;
    }
    const group = await ensureGroup(cloud, net, wanted, mark, signal);
    byName.set(wanted.name, group);
    ids.push(idOf(group.SecurityGroupId, cloud.asked('CreateSecurityGroup')));
  }
  for (const wanted of securityGroups) {
    const group = 'id' in wanted ? undefined : byName.get(wanted.name);
    if (group && 'rules' in wanted) await setRules(cloud, group, rulesOf(cloud, wanted, byName), isIsolated, signal);
  }
  return ids;
}

/** Its name holds the mark: it is unique in the net, also beside a group of the customer's, and a crash before the tag leaves what it finds. */
async function ensureGroup(cloud: Cloud, net: string, wanted: MadeGroup, mark: string, signal: AbortSignal | undefined): Promise<OscGroup> {
  const name = groupName(wanted.name, mark);
  const group = await findOrMake(
    async () => (await cloud.client.list('ReadSecurityGroups', { NetIds: [net], SecurityGroupNames: [name] }, signal))[0],
    () => cloud.client.call('CreateSecurityGroup', { NetId: net, SecurityGroupName: name, Description: allowed(wanted.description).slice(0, 255) }, signal),
  );
  const id = idOf(group.SecurityGroupId, cloud.asked('CreateSecurityGroup'));
  if (markOf(group) === undefined) await tag(cloud.client, [id], mark, signal, { Name: wanted.name });
  return group;
}

const nameEnd = (mark: string): string => ` (${keyOf(mark)})`;
/** It must not begin with `sg-`, and takes 255 signs of these at most (the API's specification). */
const groupName = (name: string, mark: string): string => `${allowed(name).replace(/^sg-/, 'sg_').slice(0, 180)}${nameEnd(mark)}`;
const allowed = (text: string): string => text.replaceAll(/[^a-zA-Z0-9 _.\-:/()#,@[\]+=&;{}!$*]/g, '-') || '-';

function rulesOf(cloud: Cloud, { rules }: MadeGroup, byName: ReadonlyMap<string, OscGroup>): readonly SingleRule[] {
  return wantedRules(rules, (name) => {
    const id = byName.get(name)?.SecurityGroupId;
    if (id === undefined) throw cloud.failure('CONFIG_INVALID', 'CreateSecurityGroupRule', 'GROUP_UNKNOWN');
    return id;
  });
}

/**
 * A new group lets everything out: what is not wanted outbound is always taken away, inbound only where nothing else may get in, since a person may
 * have opened a port meanwhile. A crash between leaves a group with too many rules and no machine in it; the next call goes on.
 */
async function setRules(cloud: Cloud, group: OscGroup, wanted: readonly SingleRule[], isIsolated: boolean, signal: AbortSignal | undefined): Promise<void> {
  const existing = existingRules(group);
  const isWanted = new Set(wanted.map(({ text }) => text));
  const isThere = new Set(existing.map(({ text }) => text));
  const surplus = existing.filter(({ flow, text }) => !isWanted.has(text) && (isIsolated || flow === 'Outbound'));
  await change(cloud, 'DeleteSecurityGroupRule', group, surplus, signal);
  await change(
    cloud,
    'CreateSecurityGroupRule',
    group,
    wanted.filter(({ text }) => !isThere.has(text)),
    signal,
  );
}

type RuleChange = 'CreateSecurityGroupRule' | 'DeleteSecurityGroupRule';

async function change(cloud: Cloud, operation: RuleChange, group: OscGroup, rules: readonly SingleRule[], signal: AbortSignal | undefined): Promise<void> {
  for (const Flow of flows) {
    const Rules = rules.filter(({ flow }) => flow === Flow).map(({ rule }) => rule);
    if (Rules.length > 0) await cloud.client.call(operation, { SecurityGroupId: group.SecurityGroupId, Flow, Rules }, signal);
  }
}

/** Groups that were made under the mark, tagged or not. Names cannot be asked for by their end, so all of the account are read. */
export async function groupsOf(cloud: Cloud, mark: string, signal: AbortSignal | undefined): Promise<readonly OscGroup[]> {
  const all = await cloud.client.list('ReadSecurityGroups', {}, signal);
  return all.filter((group) => markOf(group) === mark || group.SecurityGroupName?.endsWith(nameEnd(mark)));
}

/** Groups that name each other cannot be deleted: their rules go first. Only for groups that no machine is in. */
export const dropRules = (cloud: Cloud, group: OscGroup, signal: AbortSignal | undefined): Promise<void> =>
  change(
    cloud,
    'DeleteSecurityGroupRule',
    group,
    existingRules(group).filter(({ rule }) => rule.SecurityGroupsMembers),
    signal,
  );
