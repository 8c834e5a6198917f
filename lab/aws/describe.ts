import { ApiError } from './api-error.ts';
import { askMoto, type Filter, filtersIn, listIn, type Params, withFilters } from './moto-call.ts';
import type { Place, SnapshotRecord, World } from './world.ts';
import { all, child, type Element, element, put, textAt } from './xml.ts';

/** Filters that look at what moto tells wrongly: judged here, on what is really answered. */
const ownFilters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DescribeSnapshots: { status: 'status', progress: 'progress' },
  DescribeInstances: { 'instance-state-name': 'instanceState/name', 'instance-state-code': 'instanceState/code' },
  DescribeInstanceStatus: { 'instance-state-name': 'instanceState/name' },
};

/** A Describe… of EC2 from moto's answer: states and fields as the lab has them, and real pages. */
export async function describe(world: World, place: Place, params: Params): Promise<Element> {
  const { Action = '', MaxResults, NextToken, ...rest } = params;
  checkPaging(Action, params);
  const own = ownFilters[Action] ?? {};
  const filters = filtersIn(params);
  const answer = await askMoto(
    world,
    place,
    withFilters(
      { Action, ...rest },
      filters.filter(({ name }) => !(name in own)),
    ),
  );
  correct(world, Action, params, answer);
  for (const filter of filters) if (filter.name in own) keep(answer, filter, own[filter.name] ?? '');
  if (Action === 'DescribeInstanceStatus' && params.IncludeAllInstances !== 'true')
    keep(answer, { name: 'instance-state-name', values: ['running'] }, 'instanceState/name');
  cut(world, Action, answer, MaxResults, NextToken);
  return answer;
}

/** Ids and pages do not go together in EC2; moto takes both. */
function checkPaging(action: string, params: Params): void {
  const size = Number(params.MaxResults ?? 1000);
  const hasIds = ['InstanceId', 'SnapshotId', 'VolumeId'].some((name) => listIn(params, name).length > 0);
  if (params.MaxResults !== undefined && hasIds)
    throw new ApiError('InvalidParameterCombination', 400, `The parameter MaxResults cannot be used with the parameter of ids in ${action}.`);
  if (Number.isNaN(size) || size < 5) throw new ApiError('InvalidParameterValue', 400, 'MaxResults must be at least 5.');
}

function correct(world: World, action: string, params: Params, answer: Element): void {
  if (action === 'DescribeSnapshots') correctSnapshots(world, params, answer);
  if (action === 'DescribeInstances' || action === 'DescribeInstanceStatus') for (const item of all(answer, 'item')) correctInstance(world, item);
  if (action === 'DescribeVolumes') for (const item of child(answer, 'volumeSet')?.children ?? []) correctVolume(world, item);
}

export function snapshotState(world: World, { state, readyMs, startedMs }: SnapshotRecord): { readonly status: string; readonly percent: number } {
  const passed = readyMs <= startedMs ? 1 : (world.nowMs() - startedMs) / (readyMs - startedMs);
  const percent = Math.max(0, Math.min(99, Math.floor(passed * 100)));
  if (state === 'error') return { status: 'error', percent };
  return passed >= 1 ? { status: 'completed', percent: 100 } : { status: 'pending', percent };
}

function correctSnapshots(world: World, params: Params, answer: Element): void {
  const set = child(answer, 'snapshotSet');
  if (!set) return;
  const { hiddenMs } = world.saved.settings;
  const isHidden = (id: string): boolean => (world.saved.snapshots[id]?.startedMs ?? 0) + hiddenMs > world.nowMs();
  const asked = listIn(params, 'SnapshotId').find(isHidden);
  if (asked) throw new ApiError('InvalidSnapshot.NotFound', 400, `The snapshot '${asked}' does not exist.`);
  set.children = set.children.filter((item) => !isHidden(textAt(item, 'snapshotId')));
  for (const item of set.children) correctSnapshot(world, item);
}

/** State, progress and size as they stand now; also of the answer to CreateSnapshot. */
export function correctSnapshot(world: World, item: Element, stateName = 'status'): void {
  const record = world.saved.snapshots[textAt(item, 'snapshotId')];
  if (!record) return;
  const { status, percent } = snapshotState(world, record);
  put(item, stateName, status);
  put(item, 'progress', `${percent}%`);
  put(item, 'startTime', new Date(record.startedMs).toISOString());
  if (record.keyId !== undefined) put(item, 'kmsKeyId', record.keyId);
  if (status === 'completed') put(item, 'fullSnapshotSizeInBytes', record.fullBytes);
  if (status === 'error') put(item, 'statusMessage', 'The lab was told to let it fail.');
}

const stateCodes: Readonly<Record<string, number>> = { pending: 0, running: 16, stopping: 64, stopped: 80 };

export function shownState(world: World, id: string, real: string): string {
  const passing = world.saved.instances[id]?.passing;
  if (!passing || passing.untilMs <= world.nowMs() || !['running', 'stopped', 'pending', 'stopping'].includes(real)) return real;
  return passing.state;
}

export const stateValue = (name: string): { readonly code: number; readonly name: string } => ({ code: stateCodes[name] ?? 48, name });

/** A reservation's item, a network interface's and others have no state and are left alone. */
function correctInstance(world: World, item: Element): void {
  const state = child(item, 'instanceState');
  const id = textAt(item, 'instanceId');
  if (!state || !id) return;
  const name = shownState(world, id, textAt(state, 'name'));
  if (name !== textAt(state, 'name')) put(item, 'instanceState', stateValue(name));
  // Moto writes Python's word for nothing.
  item.children = item.children.filter(({ name: field, text }) => field !== 'kernelId' || text !== 'None');
  const record = world.saved.instances[id];
  if (!record || !child(item, 'launchTime')) return;
  if (record.launchedMs !== undefined) put(item, 'launchTime', new Date(Math.floor(record.launchedMs / 1000) * 1000).toISOString());
  for (const [field, value] of Object.entries(record.extras)) put(item, field, value);
  const tags = child(item, 'tagSet') ?? element('tagSet');
  if (!item.children.includes(tags)) item.children.push(tags);
  for (const [key, value] of Object.entries(record.systemTags)) tags.children.push(element('item', { key, value }));
}

function correctVolume(world: World, item: Element): void {
  const extras = world.saved.volumes[textAt(item, 'volumeId')]?.extras ?? {};
  for (const [field, value] of Object.entries(extras)) put(item, field, value);
}

/** The list of the answer: the one set below its root. */
const setOf = (answer: Element): Element | undefined => answer.children.find(({ name }) => name !== 'requestId' && name !== 'nextToken');

function keep(answer: Element, { values }: Filter, path: string): void {
  const set = setOf(answer);
  if (!set) return;
  const fits = (item: Element): boolean => values.includes(textAt(item, path));
  for (const reservation of set.children) {
    const instances = child(reservation, 'instancesSet');
    if (instances) instances.children = instances.children.filter(fits);
  }
  set.children = set.children.filter((item) => (child(item, 'instancesSet') ? (child(item, 'instancesSet')?.children.length ?? 0) > 0 : fits(item)));
}

/** The page that was asked for. Moto answers everything at once, whatever it is asked. */
function cut({ saved }: World, action: string, answer: Element, maxResults: string | undefined, nextToken: string | undefined): void {
  const set = setOf(answer);
  if (!set) return;
  const from = nextToken === undefined ? 0 : positionIn(action, nextToken);
  const { pageSize } = saved.settings;
  const asked = Math.min(Number(maxResults ?? 1000), 1000);
  const end = from + (pageSize > 0 && (maxResults !== undefined || nextToken !== undefined) ? Math.min(asked, pageSize) : asked);
  answer.children = answer.children.filter(({ name }) => name !== 'nextToken');
  if (end < set.children.length && (maxResults !== undefined || nextToken !== undefined)) put(answer, 'nextToken', tokenOf(action, end));
  set.children = set.children.slice(from, maxResults === undefined && nextToken === undefined ? undefined : end);
}

const tokenOf = (action: string, position: number): string => Buffer.from(`${action}:${position}`).toString('base64');

function positionIn(action: string, token: string): number {
  const [of, position] = Buffer.from(token, 'base64').toString().split(':');
  if (of !== action || !/^\d+$/.test(position ?? '')) throw new ApiError('InvalidNextToken', 400, 'The next token is not of this list.');
  return Number(position);
}
