import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { projectLinks } from '../../src/cli/links.ts';
import { commandWords } from '../../src/cli/words.ts';
import { findChromium, openReader, type Reader } from '../support/browser.ts';
import { loudSuite } from '../support/loud-suite.ts';
import { sharedServers } from '../support/run.ts';
import { sharedTemporal } from '../support/temporal.ts';
import { disconnect, openStage, type Stage } from '../workflows/stage.ts';

jest.setTimeout(120_000);

const words = commandWords('en');

/** Both a Temporal with its Web UI and a browser, or the reason why not. */
const describeUi = loudSuite(() => {
  const { temporal } = sharedServers();
  return 'missing' in temporal ? temporal : findChromium();
});

describeUi('the Temporal Web UI, read by a project manager', () => {
  let stage: Stage;
  let reader: Reader;
  let links: ReturnType<typeof projectLinks>;
  const address = (title: string): string => [...links.lists, ...links.pages].find((link) => link.title === title)?.url ?? `no link ${title}`;
  const bucketId = (): string => `project/${stage.project}/bucket/w0`;

  beforeAll(async () => {
    [stage, reader] = await Promise.all([openStage(), openReader()]);
    links = projectLinks({ ...sharedTemporal() }, stage.project, [{ workload: 'w0', wave: 1 }], words.links);
    await stage.untilState('ready for cutover', 'waiting');
  });
  afterAll(async () => {
    await reader.close();
    await stage.close();
    await disconnect();
  });

  it('lists the workloads by the prepared links', async () => {
    await reader.reads('list of the wave', address('wave 1'), [bucketId(), 'Running']);
    await reader.reads('list of what waits', address('waiting'), [bucketId()]);
    await reader.reads('list of what is held', address('held or stuck'), [/No Workflows/i]);
  });

  it('shows each workload’s state, condition and verdict on the project’s page, and who must do what', () =>
    reader.reads(
      'project',
      address(words.links.project(stage.project)),
      ['1 workload', '1 waits for a person', 'ready for cutover', 'approval: cutover', 'PASS', 'ecluse approve cutover w0'],
      'User Metadata',
    ));

  it('shows what a workload is, how it stands and what comes next on its own page', () =>
    reader.reads(
      'workload',
      address('w0'),
      [
        'w0: from/records → to/records',
        'Écluse denies writes on the source',
        'w0: ready for cutover, waiting',
        /every object was read back/,
        'ecluse approve cutover w0',
      ],
      'User Metadata',
    ));

  it('tells on the timeline what each bar is', () =>
    reader.reads('timeline', address('w0'), [
      /pass 0: copy shard 3 of 3/,
      /pass 0: read back and compare shard 1 of 3/,
      /the next delta pass, unless a person acts/,
    ]));

  it('still tells state, verdict and result of a finished workload when no worker runs', async () => {
    await stage.cutOver();
    await stage.approve('finalize');
    await stage.order('finalize');
    await stage.handle.result();
    await disconnect();
    await reader.reads('finished, in the list', address('wave 1'), [bucketId(), 'Completed']);
    await reader.reads('finished, its result', address('w0'), ['Completed', '"finalized"', '"PASS"']);
    await reader.reads('finished, its attributes', address('w0'), ['EcluseVerdict', 'PASS', 'finalized'], 'Search Attributes');
    await reader.reads('finished, its details', address('w0'), ['w0: from/records → to/records', 'Écluse denies writes on the source'], 'User Metadata');
    await reader.reads('finished project', address(words.links.project(stage.project)), ['"finalized"', '"PASS"']);
    expect(links.pages).toHaveLength(2);
  });
});
