import { afterAll, expect, it, jest } from '@jest/globals';
import { createMemoryStore } from '../support/memory-store.ts';
import { describeTemporal } from '../support/temporal.ts';
import { contents, disconnect, withStage } from './stage.ts';

jest.setTimeout(120_000);
afterAll(disconnect);

describeTemporal('a passage', () => {
  it('moves a bucket to its last gate, and the ledger verifies', () =>
    withStage({}, async (stage) => {
      expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS', objects: 14 });
      expect(contents(stage.target)).toEqual(contents(stage.source));
      await stage.approve('finalize');
      await stage.order('finalize');
      const result = (await stage.handle.result()) as { condition: string };
      expect(result.condition).toBe('done');
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS', problems: [] });
    }));
});

describeTemporal('a history', () => {
  it('of 20,000 objects has fewer than 200 events from the assessment to the last gate', () => {
    const source = createMemoryStore();
    for (let n = 0; n < 20_000; n++) source.seed(`objects/${n}`, String(n));
    return withStage({ source, shardObjects: 10_000 }, async (stage) => {
      expect(await stage.cutOver()).toMatchObject({ state: 'cut over', verdict: 'PASS', objects: 20_000 });
      await stage.approve('finalize');
      await stage.order('finalize');
      await stage.handle.result();
      const { events } = await stage.history('w0');
      expect(events?.length).toBeLessThan(200);
    });
  });
});
