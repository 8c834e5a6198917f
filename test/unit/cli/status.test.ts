import { describe, expect, it } from '@jest/globals';
import { Failure } from '../../../src/cli/failure.ts';
import { status } from '../../../src/cli/status.ts';
import { why } from '../../../src/cli/why.ts';
import { sealWait } from '../../../src/core/next-command.ts';
import { statusOf } from '../../support/status-of.ts';
import { configText, noWorker, run, stage } from './fake-project.ts';

const scope = 'a'.repeat(64);
const waiting = statusOf({ workload: 'photos', state: 'ready for cutover', condition: 'waiting', gate: { gate: 'cutover', scope }, verdict: 'PASS', pass: 1 });
const moving = statusOf({
  workload: 'logs',
  wave: 2,
  pass: 1,
  predictedEnd: '2026-01-02T04:00:00Z',
  progress: { totalObjects: 4, totalBytes: 0, copiedObjects: 2, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 },
});

describe('status', () => {
  it('prints the table and the next command for each wait, and ends with 3', async () => {
    const set = stage();
    set.project.workloads = [moving, waiting];
    const { exit, answer } = await run(set, status);
    expect(exit).toBe(3);
    expect(answer).toBe(`Project demo: moving. Times: UTC

Wave  Workload  State              Condition  Waits for          Done   Predicted end     Verdict
1     photos    ready for cutover  waiting    approval: cutover  100 %                    PASS
2     logs      replicating        moving                        25 %   2026-01-02 04:00  UNKNOWN

Next:
  photos  ecluse approve cutover photos
          ecluse reject cutover photos --reason "…"
          ecluse rollback photos
`);
    expect(set.project.isClosed).toBe(true);
  });

  it('ends with 0 when nothing waits for a person, and speaks the project’s language', async () => {
    const set = stage({ config: configText.replace('timezone: UTC', 'timezone: UTC\nlanguage: fr') });
    set.project.workloads = [moving];
    const { exit, answer } = await run(set, status);
    expect(exit).toBe(0);
    expect(answer).toContain('en réplication');
    expect(answer).toContain('Rien n’attend une personne.');
  });

  it('is one JSON document with the next commands', async () => {
    const set = stage();
    set.project.workloads = [waiting];
    expect((await run(set, status, [], { json: true })).json).toMatchObject({
      project: 'demo',
      workloads: [{ workload: 'photos', state: 'ready for cutover' }],
      next: [{ workload: 'photos', commands: ['ecluse approve cutover photos', expect.anything(), expect.anything()] }],
    });
  });

  it('shows one wave, and refuses a wave that is not there', async () => {
    const set = stage();
    set.project.workloads = [moving, waiting];
    expect((await run(set, status, [], { wave: '2' })).answer).not.toContain('photos');
    expect((await run(set, status, [], { wave: '9' })).exit).toBe(2);
    expect((await run(set, status, [], { wave: 'two' })).exit).toBe(2);
  });

  it('tells what was last recorded while no worker answers', async () => {
    const set = stage();
    set.project.failing = { status: noWorker('ask for the status') };
    set.project.listed = [{ workload: 'photos', wave: 1, state: 'replicating', condition: 'moving', waitingFor: '', verdict: 'UNKNOWN', isClosed: false }];
    const { exit, answer } = await run(set, status);
    expect(exit).toBe(1);
    expect(answer).toMatch(/No worker answers.*\n[\s\S]*photos +replicating/);
  });

  it('watches until the project is done, through a server that is away for a moment', async () => {
    const set = stage();
    set.project.workloads = [moving];
    const away = new Failure({ code: 'TEMPORAL_UNREACHABLE', doing: 'ask', answer: 'no answer', next: [] });
    const moments: (() => void)[] = [
      () => undefined,
      () => {
        set.project.failing = { status: away };
      },
      () => {
        set.project.failing = {};
        set.project.workloads = [statusOf({ condition: 'done', state: 'finalized' })];
      },
    ];
    const { exit, answer, remarks } = await run({ ...set, onWait: () => moments.shift()?.() }, status, [], { watch: true });
    expect(exit).toBe(0);
    expect(answer).toContain('finalized');
    expect(remarks).toContain('TEMPORAL_UNREACHABLE');
    expect(moments).toHaveLength(0);
  });

  it('--links prints lists and pages of the UI, encoded', async () => {
    const set = stage();
    set.project.workloads = [waiting];
    const { exit, json } = await run(set, status, [], { links: true, json: true });
    expect(exit).toBe(0);
    const { lists, pages } = json as { lists: { query: string; url: string }[]; pages: { url: string }[] };
    expect(pages[1]?.url).toBe('http://127.0.0.1:8233/namespaces/default/workflows/project%2Fdemo%2Fbucket%2Fphotos');
    for (const { query, url } of lists) expect(new URL(url).searchParams.get('query')).toBe(query);
    expect(lists[0]?.query).toMatch(/^EcluseProject = "demo" AND \(ExecutionStatus = "Running" OR .*\) AND EcluseWorkload IS NOT NULL$/);
    // A run that has continued as new is not in a list beside the run that goes on.
    for (const { query } of lists) expect(query).not.toContain('ContinuedAsNew');
  });
});

describe('why', () => {
  it('says what, since when, whose turn, the sentence and the attempts', async () => {
    const set = stage();
    set.project.workloads = [
      statusOf({ condition: 'held', step: 'copy', reason: { code: 'DEPOT_FULL', detail: 'put: no space' }, updatedAt: '2026-01-01T10:00:00Z' }),
    ];
    set.project.pending = [
      {
        activity: 'copyShard',
        attempt: 3,
        isRunning: false,
        startedAt: '2026-01-01T09:00:00Z',
        lastHeartbeatAt: '2026-01-01T09:05:00Z',
        lastFailure: { code: 'UNAVAILABLE', message: 'PutObject to target/photos' },
      },
    ];
    const { exit, answer } = await run(set, why, ['photos']);
    expect(exit).toBe(3);
    for (const part of [
      '2026-01-01 10:00',
      'operator',
      'The depot has no space left.',
      'put: no space',
      'copyShard, attempt 3',
      '2026-01-01 09:05',
      'The service did not answer',
      'PutObject to target/photos',
      'ecluse resume photos',
    ])
      expect(answer).toContain(part);
  });

  it('ends with 0 while nobody has to do anything', async () => {
    const set = stage();
    set.project.workloads = [moving];
    const { exit, json } = await run(set, why, ['logs'], { json: true });
    expect(exit).toBe(0);
    expect(json).toMatchObject({ workload: 'logs', turn: 'nobody: Écluse goes on by itself', next: [], pending: [] });
  });

  it('knows the name that was meant', async () => {
    const set = stage();
    set.project.workloads = [waiting];
    const { exit, remarks } = await run(set, why, ['photso']);
    expect(exit).toBe(2);
    expect(remarks).toContain('did you mean "photos"?');
  });
});

describe('a gate that is being sealed', () => {
  const french = configText.replace('timezone: UTC', 'timezone: UTC\nlanguage: fr');
  const sealing = statusOf({ workload: 'photos', state: 'ready for cutover', condition: 'waiting', waitingFor: sealWait, verdict: 'PASS' });

  it.each([
    [configText, 'the seal of its gate: witness, timestamp', 'nobody: Écluse goes on by itself', 'Nothing waits for a person.'],
    [french, 'le scellé de sa porte : témoin, horodatage', 'personne : Écluse continue seul', 'Rien n’attend une personne.'],
  ])('waits for outsiders, not for a person: %#', async (config, seal, nobody, silence) => {
    const set = stage({ config });
    set.project.workloads = [sealing];
    const whole = await run(set, status);
    expect(whole).toMatchObject({ exit: 0, answer: expect.stringContaining(seal) });
    expect(whole.answer).toContain(silence);
    const one = await run(set, why, ['photos']);
    expect(one).toMatchObject({ exit: 0, answer: expect.stringContaining(seal) });
    expect(one.answer).toContain(nobody);
  });

  it('still may be taken back, where there is something to take back', async () => {
    const set = stage();
    set.project.workloads = [sealing];
    expect((await run(set, why, ['photos'], { json: true })).json).toMatchObject({ next: ['ecluse rollback photos'] });
    set.project.workloads = [{ ...sealing, state: 'rolled back' }];
    expect((await run(set, why, ['photos'], { json: true })).json).toMatchObject({ next: [] });
  });

  it('is not asked for again while its gate is still told', async () => {
    const set = stage();
    set.project.workloads = [{ ...sealing, gate: { gate: 'cutover', scope } }];
    const { exit, answer } = await run(set, status);
    expect(exit).toBe(0);
    expect(answer).not.toContain('ecluse approve');
  });

  it('is a person’s business again when the witness refused: held, and whose turn it is', async () => {
    const set = stage();
    set.project.workloads = [
      {
        ...sealing,
        condition: 'held',
        waitingFor: 'auditor: WITNESS_REFUSED',
        step: 'seal gate cutover',
        reason: { code: 'WITNESS_REFUSED', detail: 'cosign' },
      },
    ];
    const { exit, answer } = await run(set, why, ['photos']);
    expect(exit).toBe(3);
    for (const part of ['seal gate cutover', 'auditor', 'it has seen another history', 'ecluse resume photos']) expect(answer).toContain(part);
  });
});
