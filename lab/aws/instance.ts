import { ApiError } from './api-error.ts';
import { shownState, stateValue } from './describe.ts';
import { askMoto, listIn, type Params } from './moto-call.ts';
import type { InstanceRecord, Place, World } from './world.ts';
import { all, child, type Element, put, textAt } from './xml.ts';

export function instanceRecord(world: World, id: string): InstanceRecord {
  const known = world.saved.instances[id] ?? { systemTags: {}, extras: {} };
  world.saved.instances[id] = known;
  return known;
}

/** StopInstances and StartInstances: what is asked passes through `stopping` or `pending` for the set time, and only legal moves are taken. */
export async function changeState(world: World, place: Place, params: Params): Promise<Element> {
  const isStop = params.Action === 'StopInstances';
  const ids = listIn(params, 'InstanceId');
  const before = await statesOf(world, place, params);
  for (const id of ids) check(id, before.get(id) ?? '', isStop);
  const answer = await askMoto(world, place, params);
  for (const item of child(answer, 'instancesSet')?.children ?? []) {
    const id = textAt(item, 'instanceId');
    const was = before.get(id) ?? '';
    const wanted = isStop ? ['stopping', 'stopped'] : ['pending', 'running'];
    if (!wanted.includes(was)) begin(world, id, isStop);
    put(item, 'previousState', stateValue(was));
    put(item, 'currentState', stateValue(wanted.includes(was) ? was : (wanted[0] ?? '')));
  }
  world.save();
  return answer;
}

function begin(world: World, id: string, isStop: boolean): void {
  const { settings } = world.saved;
  const record = instanceRecord(world, id);
  const nowMs = world.nowMs();
  record.passing = isStop ? { state: 'stopping', untilMs: nowMs + settings.stopMs } : { state: 'pending', untilMs: nowMs + settings.startMs };
  if (!isStop) record.launchedMs = nowMs;
}

async function statesOf(world: World, place: Place, params: Params): Promise<ReadonlyMap<string, string>> {
  const ids = Object.fromEntries(Object.entries(params).filter(([name]) => name.startsWith('InstanceId.')));
  const answer = await askMoto(world, place, { Action: 'DescribeInstances', ...ids });
  const found = all(answer, 'item').filter((item) => child(item, 'instanceState') !== undefined);
  return new Map(found.map((item) => [textAt(item, 'instanceId'), shownState(world, textAt(item, 'instanceId'), textAt(item, 'instanceState/name'))]));
}

function check(id: string, state: string, isStop: boolean): void {
  const isWrong = isStop ? ['pending', 'shutting-down', 'terminated'] : ['stopping', 'shutting-down', 'terminated'];
  if (!isWrong.includes(state)) return;
  throw new ApiError('IncorrectInstanceState', 400, `The instance '${id}' is not in a state from which it can be ${isStop ? 'stopped' : 'started'}.`);
}
