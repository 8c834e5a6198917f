import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { init } from '../../../src/cli/init.ts';
import { permissions } from '../../../src/cli/permissions.ts';
import { plan } from '../../../src/cli/plan.ts';
import { planApply } from '../../../src/cli/plan-apply.ts';
import { planDiff } from '../../../src/cli/plan-diff.ts';
import { isUnedited, planBytes, planText, workloadNames } from '../../../src/cli/plan-file.ts';
import { start } from '../../../src/cli/start.ts';
import { loadConfig, loadPlan } from '../../../src/config/load.ts';
import { statusOf } from '../../support/status-of.ts';
import { planYaml, run, type Stage, stage } from './fake-project.ts';

const planOf = ({ folder }: Stage) => loadPlan(join(folder, 'plan.yaml'), loadConfig(join(folder, 'ecluse.yaml')));
const editPlan = ({ folder }: Stage, from: string, to: string): void => writeFileSync(join(folder, 'plan.yaml'), planYaml.replace(from, to));

describe('init', () => {
  it('writes a file that loads and a key that only its owner reads, and overwrites neither', async () => {
    const set = { ...stage(), env: { ECLUSE_CONFIG: 'new/ecluse.yaml' } };
    const { exit, answer } = await run(set, init, [], { project: '2024', language: 'fr', sourceProfile: 'old: "x"' });
    expect(exit).toBe(0);
    const config = loadConfig(join(set.folder, 'new/ecluse.yaml'));
    expect(config).toMatchObject({
      project: '2024',
      language: 'fr',
      stores: { source: { profile: 'old: "x"' }, target: { endpoint: 'https://oos.cloudgouv-eu-west-1.outscale.com' } },
    });
    expect(Buffer.from(readFileSync(config.referenceKey, 'utf8'), 'base64')).toHaveLength(32);
    expect(statSync(config.referenceKey).mode & 0o777).toBe(0o600);
    expect(answer).toContain('ecluse inventory');
    expect((await run(set, init)).exit).toBe(2);
  });

  it('leaves nothing behind when what was typed is wrong', async () => {
    const set = { ...stage(), env: { ECLUSE_CONFIG: 'new/ecluse.yaml' } };
    const { exit, remarks } = await run(set, init, [], { project: 'Not A Name', targetEndpoint: 'http://example.org' });
    expect(exit).toBe(2);
    expect(remarks).toMatch(/project: lower-case letters[\s\S]*plain http is only for this machine/);
    expect((await run(set, init)).exit).toBe(0);
  });
});

describe('plan', () => {
  it('is made for the buckets named', async () => {
    const set = stage();
    const { exit, json } = await run(set, plan, [], { bucket: ['Photos.2024=photos-new', 'logs'], force: true, json: true });
    expect(exit).toBe(0);
    expect(planOf(set).waves[0]?.workloads).toMatchObject([
      { name: 'photos-2024', source: { bucket: 'Photos.2024' }, target: { at: 'target', bucket: 'photos-new' } },
      { name: 'logs', source: { bucket: 'logs' }, target: { at: 'target', bucket: 'logs' } },
    ]);
    expect(json).toMatchObject({ workloads: [{ name: 'photos-2024' }, { name: 'logs' }] });
  });

  it('is made from the inventory', async () => {
    const set = stage();
    expect((await run(set, plan, [], { force: true })).remarks).toContain('there is no inventory.json yet');
    writeFileSync(
      join(set.folder, 'inventory.json'),
      JSON.stringify({ v: 1, takenAt: '', stores: [{ store: 'source', buckets: [{ bucket: 'aaa' }, { bucket: 'bbb' }] }] }),
    );
    expect((await run(set, plan, [], { force: true })).exit).toBe(0);
    expect(planOf(set).waves[0]?.workloads.map(({ name }) => name)).toEqual(['aaa', 'bbb']);
    expect((await run(set, plan, [], { from: 'target' })).exit).toBe(2);
  });

  it('replaces one that nobody edited, never an edited one, never a good one by one that would not load', async () => {
    const set = stage();
    expect(await run(set, plan, [], { bucket: ['aaa'] })).toMatchObject({ exit: 2, remarks: expect.stringContaining('it has been edited') });
    expect(readFileSync(join(set.folder, 'plan.yaml'), 'utf8')).toBe(planYaml);
    await run(set, plan, [], { bucket: ['aaa'], force: true });
    expect((await run(set, plan, [], { bucket: ['bbb'] })).exit).toBe(0);
    expect((await run(set, plan, [], { bucket: ['x'] })).exit).toBe(2);
    expect(planOf(set).waves[0]?.workloads[0]?.name).toBe('bbb');
    for (const bucket of ['a=b=c', '=a', '']) expect((await run(set, plan, [], { bucket: [bucket] })).exit).toBe(2);
  });

  it('sees every edit', () => {
    const text = planText([{ source: { at: 'source', bucket: 'aaa' }, target: { at: 'target', bucket: 'aaa' } }]);
    expect(isUnedited(text)).toBe(true);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('x', ' ', '\n', ''), (at, sign) => {
        const edited = text.slice(0, at) + sign + text.slice(at + 1);
        expect(isUnedited(edited)).toBe(edited === text);
      }),
    );
  });

  it('gives every bucket a name that ids may hold, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 90 }), { maxLength: 12 }), (buckets) => {
        const names = workloadNames(buckets);
        expect(new Set(names).size).toBe(buckets.length);
        for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
      }),
    );
  });
});

describe('start', () => {
  it('hands over the plan, by wave, and its digest in the depot', async () => {
    const set = stage({ env: { ECLUSE_ACTOR: 'p-17' } });
    set.project.isRunning = false;
    const { exit, answer } = await run(set, start);
    const [input] = set.project.ordersTold('start') as [{ planDigest: string; workloads: { wave: number; entry: { name: string } }[] }];
    expect(exit).toBe(0);
    expect(input).toMatchObject({
      project: 'demo',
      language: 'en',
      timezone: 'UTC',
      window: 16,
      parallelWorkloads: 4,
      shard: { objects: 10_000, sizeBytes: 64 * 2 ** 30 },
      by: 'p-17',
    });
    expect(input.workloads.map(({ wave, entry }) => [wave, entry.name])).toEqual([
      [1, 'photos'],
      [2, 'logs'],
    ]);
    expect(await set.depot.get(input.planDigest)).toEqual(planBytes(planOf(set)));
    expect(answer).toBe('Project demo has begun with 2 workloads. Watch it: ecluse status --watch\n');
  });

  it('leaves a running project as it is, and tells another plan and missing workers', async () => {
    const set = stage();
    set.project.planDigest = 'f'.repeat(64);
    set.project.polling = { control: 1, transfer: 0, ledger: 1 };
    const { exit, answer, json } = { ...(await run(set, start)), json: (await run(set, start, [], { json: true })).json };
    expect(exit).toBe(0);
    expect(answer).toMatch(/runs already[\s\S]*plan diff[\s\S]*ecluse worker transfer/);
    expect(json).toMatchObject({ outcome: 'runs already', otherPlanRuns: true });
  });
});

describe('plan diff and plan apply', () => {
  const running = async () => {
    const set = stage({ env: { ECLUSE_ACTOR: 'p-17' } });
    set.project.planDigest = await set.depot.put(planBytes(planOf(set)));
    set.project.workloads = [
      statusOf({ workload: 'photos', state: 'ready for cutover', condition: 'waiting', gate: { gate: 'cutover', scope: 'a' } }),
      statusOf({ workload: 'logs', wave: 2, state: 'not ready', condition: 'waiting', startedAt: '' }),
    ];
    return set;
  };

  it('say nothing changes', async () => {
    expect((await run(await running(), planDiff)).answer).toBe('plan.yaml is the plan that runs.\n');
  });

  it('tell what an edit changes, and which approval lapses', async () => {
    const set = await running();
    editPlan(set, 'target: { at: target, bucket: photos }', 'target: { at: target, bucket: pictures }, deltaEveryMinutes: 5');
    const { json, answer } = { ...(await run(set, planDiff)), json: (await run(set, planDiff, [], { json: true })).json };
    expect(json).toEqual({
      changes: [
        { what: 'target of photos', before: 'target/photos', after: 'target/pictures', lapses: 'cutover' },
        { what: 'deltaEveryMinutes of photos', before: '60', after: '5' },
      ],
    });
    expect(answer).toContain('approval of cutover lapses');
  });

  it('tell what comes, goes, and moves between waves; an edit of one leaves another’s approval standing', async () => {
    const set = await running();
    editPlan(set, 'name: logs', 'name: journal');
    expect((await run(set, planDiff, [], { json: true })).json).toMatchObject({
      changes: [
        { what: 'workload logs', after: '' },
        { what: 'workload journal', before: '' },
      ],
    });
    editPlan(set, 'wave: 2', 'wave: 3');
    expect((await run(set, planDiff, [], { json: true })).json).toEqual({ changes: [{ what: 'wave of logs', before: '2', after: '3' }] });
  });

  it('hand the edited plan over', async () => {
    const set = await running();
    editPlan(set, 'v: 1', 'v: 1\nwindow: 32');
    const { exit } = await run(set, planApply);
    expect(exit).toBe(0);
    const [applied] = set.project.ordersTold('applyPlan') as [{ planDigest: string }];
    expect(applied).toMatchObject({ window: 32, by: 'p-17', workloads: [{ wave: 1 }, { wave: 2 }] });
    expect(JSON.parse((await set.depot.get(applied.planDigest)).toString())).toMatchObject({ window: 32 });
  });
});

describe('permissions', () => {
  it('prints a policy for each planned bucket of that side, or for the one named', async () => {
    const set = stage();
    const { exit, json } = await run(set, permissions, [], { source: 'source', for: 'replicate', json: true });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ side: 'source', phase: 'replicate', policies: [{ bucket: 'logs' }, { bucket: 'photos', policy: { Version: '2012-10-17' } }] });
    expect(JSON.parse((await run(set, permissions, [], { target: 'target', for: 'cutover', bucket: 'one' })).answer)).toHaveProperty('Statement');
  });

  it('wants one side, a phase and a known store', async () => {
    const set = stage();
    for (const options of [{}, { source: 'source' }, { source: 'source', target: 'target', for: 'cutover' }, { source: 'nowhere', for: 'cutover' }])
      expect((await run(set, permissions, [], options)).exit).toBe(2);
  });
});
