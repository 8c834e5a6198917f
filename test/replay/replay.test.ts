import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflows } from '../../src/workers/bundle.ts';

const folder = path.join(__dirname, 'histories');
const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
const historyOf = (name: string): { events: { eventType: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] } =>
  JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

/**
 * Workflows that a landed version began must go on under this one. A failure here means: the order or kind of commands has changed. Put the
 * change behind `patched()`; never record the fixture anew to make the test pass (README.md).
 */
describe('a history of a landed version', () => {
  const bundle = bundleWorkflows();
  const replay = async (name: string, history: unknown): Promise<void> => Worker.runReplayHistory({ workflowBundle: await bundle }, history, name);

  it('is there', () => expect(names.length).toBeGreaterThan(4));

  it.each(names)('%s goes on under the present workflows', (name) => replay(name, historyOf(name)), 30_000);

  it('would not go on under workflows that call something else', async () => {
    const history = historyOf('finalized-bucket.json');
    const scheduled = history.events.find(({ activityTaskScheduledEventAttributes: attributes }) => attributes)?.activityTaskScheduledEventAttributes;
    if (scheduled) scheduled.activityType.name = 'anotherActivity';
    await expect(replay('another', history)).rejects.toBeInstanceOf(DeterminismViolationError);
  }, 30_000);
});
