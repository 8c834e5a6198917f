import { afterAll, expect, it, jest } from '@jest/globals';
import { createMemorySource } from '../support/memory-source.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { createMemoryTarget } from '../support/memory-target.ts';
import { describeTemporal } from '../support/temporal.ts';
import { disconnect, withStage } from './stage.ts';
import { machinePassage } from './suites.ts';

jest.setTimeout(60_000);
afterAll(disconnect);

describeTemporal('a virtual machine', () => {
  it('goes all the way and back', async () => {
    const scenery = machinePassage.set();
    await withStage(scenery.options, async (stage) => {
      const timer = setInterval(async () => {
        const now = await stage.status().catch(() => undefined);
        process.stderr.write(`${now?.state} ${now?.condition} ${now?.step} ${now?.waitingFor} ${JSON.stringify(now?.reason)}\n`);
      }, 700);
      try {
        await machinePassage.forth(stage);
        scenery.expectArrived();
        await machinePassage.back(stage);
        scenery.expectCleanSlate();
      } finally {
        clearInterval(timer);
        process.stderr.write(`${stage.calls.map(({ name }) => name).join(' ')}\n`);
      }
    });
  });
});
void [createMemorySource, createMemoryStore, createMemoryTarget, expect];
