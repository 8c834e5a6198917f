import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createEvidenceActivities } from '../../../src/activities/evidence.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import type { Digest } from '../../../src/model/digest.ts';
import type { Policy, PolicyGate } from '../../../src/model/policy.ts';
import { makePersonKey, type PersonKey } from '../../support/evidence/test-keys.ts';
import { openRoom, type Room } from '../../support/evidence-room.ts';
import { statusOf } from '../../support/status-of.ts';
import { commandTime, type Stage } from './fake-project.ts';

/** The real ledger role behind a project in memory: its log, its keys, its activities. */
export interface LedgerRole {
  readonly room: Room;
  readonly people: Readonly<Record<'p-017' | 'p-031', PersonKey>>;
  /** The workload comes to this gate, with the usual scope or a changed one. */
  reach(gate: Exclude<PolicyGate, 'gap'>, workload: string, change?: Readonly<Record<string, string>>): Promise<void>;
}

/** Opens the log of the stage's project under a policy of class `lab`, changed by `change`, and puts its role behind the errands. */
export async function openLedgerRole(set: Stage, change: (policy: Policy, people: LedgerRole['people']) => Policy = (policy) => policy): Promise<LedgerRole> {
  const people = { 'p-017': makePersonKey('ed25519'), 'p-031': makePersonKey('sk-ed25519') };
  const now = (): number => commandTime.getTime();
  const ledger = openMemoryLedger({
    project: 'demo',
    origin: 'ecluse/demo',
    host: { id: 'h1', country: 'FR' },
    software: { name: 'ecluse', version: '1.0.0', build: `sha256:${'ab'.repeat(32)}` },
    now,
    monotonicMs: now,
  });
  const room = openRoom({ ledger, depot: set.depot, project: 'demo', log: 'ecluse/demo', now, change: (policy) => change(policy, people) });
  const activities = createEvidenceActivities(() => room);
  const run = async <Task, Result>(activity: (task: Task) => Promise<Result>, task: Task): Promise<Result> => {
    try {
      return await new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(activity, task);
    } catch (error) {
      throw new Failure({ code: 'REFUSED', doing: 'ask the ledger role', answer: error instanceof Error ? error.message : '', next: [] });
    }
  };
  const planDigest = await set.depot.put(Buffer.from('{"v":1}'));
  await run(activities.openProject, { project: 'demo', planDigest, workloads: 1, by: 'p-99' });
  set.project.answers = {
    approvalRequest: (task) => run(activities.requestApproval, task),
    approveGap: (task) => run(activities.approveGap, task),
    closeLog: (task) => run(activities.closeLog, task),
    exportEvidence: (task) => run(activities.exportEvidence, task),
  };
  set.project.admits = async ({ gate, ...approval }) =>
    gate === 'rehearsal' ? [] : (await run(activities.admitApproval, { project: 'demo', gate, ...approval })).missing;
  const reach: LedgerRole['reach'] = async (gate, workload, changed = {}) => {
    const place = (at: string) => ({ at, bucket: workload });
    const how = { into: 'new', versions: 'latest', freeze: 'policy', losses: [], ...changed };
    const shown = { v: 1, project: 'demo', workload, gate, source: place('source'), target: place('target'), ...how };
    const scope: Digest = await set.depot.put(Buffer.from(JSON.stringify(shown)));
    const evidence = [{ name: 'scope', media_type: 'application/json', sha256: scope, size_bytes: '1' }];
    await ledger.append([
      {
        event_id: `demo/${workload}/gate-${gate}/reached/${scope.slice(0, 8)}`,
        event: 'gate.reached',
        actor: { id: 'svc:control', type: 'service', auth: 'client-asserted' },
        unit: { kind: 'bucket', ref: workload },
        approval: { approver: { id: 'svc:control' }, gate, scope_sha256: scope },
        evidence,
      },
    ]);
    set.project.workloads = [statusOf({ workload, state: 'ready for cutover', condition: 'waiting', gate: { gate, scope } })];
  };
  return { room, people, reach };
}

/** Two persons of two organisations for the cutover. */
export function fourEyes(policy: Policy, people: LedgerRole['people']): Policy {
  const validity = { valid_after: '2026-01-01T00:00:00Z', valid_before: '2027-01-01T00:00:00Z' };
  const seats = [
    { role: 'data-owner', org: 'hospital' },
    { role: 'migration-lead', org: 'integrator' },
  ];
  return {
    ...policy,
    controller: 'hospital',
    operator: 'integrator',
    approvers: [
      { id: 'p-017', org: 'hospital', roles: ['data-owner'], key: people['p-017'].publicKey, presence: 'none', ...validity },
      { id: 'p-031', org: 'integrator', roles: ['migration-lead'], key: people['p-031'].publicKey, presence: 'touch', ...validity },
    ],
    gates: { ...policy.gates, cutover: { seats, witnessed: false, timestamp: 'none' } },
  };
}
