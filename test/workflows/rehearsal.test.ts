import { afterAll, expect, it, jest } from '@jest/globals';
import { ledgerLines } from '../../src/ledger/verify.ts';
import type { LedgerRecord } from '../../src/model/ledger-record.ts';
import { describeTemporal } from '../support/temporal.ts';
import { disconnect, withStage } from './stage.ts';
import { machinePassage } from './suites.ts';

jest.setTimeout(60_000);
afterAll(disconnect);

describeTemporal('a rehearsal', () => {
  it('that its owner rejects is on record and removed, and another one may be accepted', async () => {
    const scenery = machinePassage.set();
    const { target } = scenery.options.machine ?? {};
    await withStage(scenery.options, async (stage) => {
      const standing = (): string[] => [...(target?.things.values() ?? [])].map(({ mark }) => mark).filter((mark) => mark.includes('/rehearsal/'));
      const words = async (): Promise<LedgerRecord[]> => {
        const said: LedgerRecord[] = [];
        for await (const line of ledgerLines(stage.ledger)) said.push(JSON.parse(line) as LedgerRecord);
        return said.filter(({ event }) => event === 'gate.rejected' || event === 'rehearsal.accepted');
      };
      const losses = await stage.until(({ gate, state, waitingFor }) => gate?.gate === 'loss' || (state === 'ready for test' && waitingFor !== undefined));
      if (losses.gate?.gate === 'loss') await stage.approve('loss');
      await stage.until(({ waitingFor }) => waitingFor === 'order rehearse');
      await stage.order('rehearse');
      await stage.reject('rehearsal');
      expect(await stage.until(({ waitingFor }) => waitingFor === 'order rehearse')).toMatchObject({ state: 'ready for test', condition: 'waiting' });
      expect(standing()).toEqual([]);
      expect(await words()).toMatchObject([{ event: 'gate.rejected', actor: { id: 'p-1' }, approval: { gate: 'rehearsal', approver: { id: 'p-1' } } }]);
      await stage.order('rehearse');
      await stage.approve('rehearsal');
      await stage.untilState('ready for cutover', 'waiting');
      expect((await words()).map(({ event }) => event)).toEqual(['gate.rejected', 'rehearsal.accepted']);
      expect(standing()).toEqual([]);
      expect(await stage.verifyLedger()).toMatchObject({ verdict: 'PASS' });
    });
  });
});
