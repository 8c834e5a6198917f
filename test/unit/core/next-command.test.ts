import { describe, expect, it } from '@jest/globals';
import { mayOrder } from '../../../src/core/lifecycle.ts';
import { nextCommands, sealWait, waitsForPerson } from '../../../src/core/next-command.ts';
import { waitsFor } from '../../../src/core/project-words.ts';
import { workloadDetails } from '../../../src/core/workload-page.ts';
import type { WorkloadState, WorkloadStatus } from '../../../src/model/status.ts';
import { statusOf } from '../../support/status-of.ts';

const vm = (fields: Partial<WorkloadStatus>): WorkloadStatus => statusOf({ workload: 'web', kind: 'vm', condition: 'waiting', ...fields });
const scope = 'a'.repeat(64);
const held = (code: string, state: WorkloadState): WorkloadStatus =>
  vm({ condition: 'held', state, reason: { code, detail: '' }, waitingFor: `owner: ${code}` });

describe('the next command of a machine', () => {
  it.each<[string, WorkloadStatus, string[], string, string]>([
    [
      'ready for test',
      vm({ state: 'ready for test', waitingFor: 'order rehearse' }),
      ['rehearse web', 'rollback web'],
      'the order: rehearsal',
      'l’ordre : essai',
    ],
    [
      'a rehearsal that waits for its owner',
      vm({ state: 'ready for test', waitingFor: 'acceptance of the rehearsal', gate: { gate: 'rehearsal', scope } }),
      ['approve rehearsal web', 'reject rehearsal web --reason "…"', 'rollback web'],
      'approval: rehearsal',
      'validation : essai',
    ],
    [
      'a rehearsal that did not boot',
      vm({ state: 'ready for test', waitingFor: 'order rehearse', reason: { code: 'BOOT_FAILED', detail: '' } }),
      ['rehearse web', 'rollback web'],
      'the order: rehearsal',
      'l’ordre : essai',
    ],
    [
      'tested, and not made ready',
      vm({ state: 'tested', reason: { code: 'NOT_ASSESSED', detail: '' } }),
      ['resume web', 'rollback web'],
      'repair (NOT_ASSESSED), then resume',
      'réparation (NOT_ASSESSED), puis reprise',
    ],
    ['tested, on its way', vm({ state: 'tested', condition: 'moving' }), [], '', ''],
    [
      'gate cutover',
      vm({ state: 'ready for cutover', gate: { gate: 'cutover', scope } }),
      ['approve cutover web', 'reject cutover web --reason "…"', 'rollback web'],
      'approval: cutover',
      'validation : bascule',
    ],
    [
      'a blocker',
      vm({ state: 'not ready', reason: { code: 'NOT_ASSESSED', detail: '' } }),
      ['assess web --remedies', 'resume web', 'discard web'],
      'repair (NOT_ASSESSED), then resume',
      'réparation (NOT_ASSESSED), puis reprise',
    ],
    ['the seal of a gate', vm({ state: 'ready for cutover', waitingFor: sealWait }), ['rollback web'], sealWait, 'le scellé de sa porte : témoin, horodatage'],
    [
      'two things of one mark',
      held('TARGET_AMBIGUOUS', 'cutting over'),
      ['sweep', 'resume web'],
      'repair (TARGET_AMBIGUOUS), then resume',
      'réparation (TARGET_AMBIGUOUS), puis reprise',
    ],
  ])('%s', (_, status, commands, en, fr) => {
    expect(nextCommands(status)).toEqual(commands.map((command) => `ecluse ${command}`));
    expect([waitsFor(status, 'en'), waitsFor(status, 'fr')]).toEqual([en, fr]);
  });

  it.each(['STOP_TIMEOUT', 'FREEZE_BROKEN', 'KEY_ACCESS_DENIED', 'MACHINE_MISSING', 'SNAPSHOT_MISSING', 'IMPORT_FAILED', 'CAPACITY', 'ACCOUNT_LOCKED'])(
    'held by %s is mended and resumed, or taken back while it may be',
    (code) => {
      expect(nextCommands(held(code, 'cutting over'))).toEqual(['ecluse resume web', 'ecluse rollback web']);
      expect(nextCommands(held(code, 'rolled back'))).toEqual(['ecluse resume web']);
      expect(workloadDetails(held(code, 'cutting over'), 'fr', 'UTC')).toContain('`ecluse resume web`');
      expect(waitsForPerson(held(code, 'cutting over'))).toBe(true);
    },
  );

  it('never names an order that the project would refuse', () => {
    const states: WorkloadState[] = ['ready for test', 'tested', 'ready for cutover', 'cut over', 'rolled back', 'not ready'];
    for (const state of states)
      for (const command of nextCommands(vm({ state }))) {
        const [, verb = ''] = command.split(' ');
        if (verb === 'resume') continue;
        expect([state, verb, mayOrder(verb as 'rehearse', state)]).toEqual([state, verb, true]);
      }
  });
});
