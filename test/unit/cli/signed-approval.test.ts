import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { approve } from '../../../src/cli/approve.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { run, type Stage, stage } from './fake-project.ts';
import { fourEyes, type LedgerRole, openLedgerRole } from './ledger-role.ts';

let set: Stage;
let role: LedgerRole;
beforeEach(async () => {
  set = stage();
  role = await openLedgerRole(set, fourEyes);
  await role.reach('cutover', 'photos');
});

const ask = () => run(set, approve, ['cutover', 'photos'], { request: 'ask' });
const fileOf = (person: string): string => join(set.folder, 'ask', `cutover-photos-${person}.json`);
function sign(person: 'p-017' | 'p-031', file = fileOf(person), flags?: number): void {
  writeFileSync(`${file}.sig`, role.people[person].sign(readFileSync(file), 'approval-v1@ecluse', flags));
}
const handIn = (person: string) => run(set, approve, ['cutover'], { file: fileOf(person) });

/** The command and the ledger role together: what one writes, the other admits. */
describe('a signed approval', () => {
  it('goes out, is signed, comes back, and counts: the first of two leaves a seat, the second none', async () => {
    expect((await ask()).exit).toBe(3);
    sign('p-017');
    expect(await handIn('p-017')).toMatchObject({ exit: 3, answer: expect.stringContaining('migration-lead (integrator)') });
    sign('p-031');
    expect((await handIn('p-031')).exit).toBe(0);
    const { decisions } = await role.room.signer.view();
    expect(decisions.filter(({ event }) => event === 'cutover.approved').map(({ actor }) => [actor.id, actor.auth])).toEqual([
      ['p-017', 'sshsig'],
      ['p-031', 'sshsig'],
    ]);
  });

  it('handed in twice is one record', async () => {
    await ask();
    sign('p-017');
    await handIn('p-017');
    expect((await handIn('p-017')).exit).toBe(3);
    expect((await role.room.signer.view()).decisions.filter(({ event }) => event === 'cutover.approved')).toHaveLength(1);
  });

  it('asks only for who is still missing', async () => {
    await ask();
    sign('p-017');
    await handIn('p-017');
    const { json } = await run(set, approve, ['cutover', 'photos'], { request: 'rest', json: true });
    expect(json).toMatchObject({ approvers: [{ id: 'p-031' }], missing: [{ role: 'migration-lead' }] });
  });

  it.each([
    [
      'by another key',
      () => writeFileSync(`${fileOf('p-017')}.sig`, role.people['p-031'].sign(readFileSync(fileOf('p-017')), 'approval-v1@ecluse')),
      'p-017',
      'other key',
    ],
    ['without the touch that the policy demands', () => sign('p-031', fileOf('p-031'), 0), 'p-031', 'demands a touch'],
    [
      'of a file that was edited afterwards',
      () => {
        sign('p-017');
        writeFileSync(fileOf('p-017'), readFileSync(fileOf('p-017'), 'utf8').replace('"objects":0', '"objects":9'));
      },
      'p-017',
      'not what was signed',
    ],
  ])('%s is refused with the reason, and nothing is recorded: 1', async (_, forge, person, reason) => {
    await ask();
    forge();
    const before = (await role.room.ledger.head()).size;
    const { exit, remarks } = await handIn(person);
    expect(exit).toBe(1);
    expect(remarks).toContain(reason);
    expect((await role.room.ledger.head()).size).toBe(before);
  });

  it('of a scope that is no longer shown is refused, also when the command does not know it yet', async () => {
    await ask();
    sign('p-017');
    const known = set.project.workloads;
    await role.reach('cutover', 'photos', { into: 'existing' });
    set.project.workloads = known;
    expect(await handIn('p-017')).toMatchObject({ exit: 1, remarks: expect.stringContaining('Its scope is not the one that the gate shows now') });
  });

  it('is demanded where the policy has seats: the command’s word is refused, and what to do is said', async () => {
    expect(await run(set, approve, ['cutover', 'photos'], { yes: true })).toMatchObject({ exit: 1, remarks: expect.stringContaining('--request DIR') });
  });
});

loudSuite(() => localTool('ssh-keygen', '-?'))('what ssh-keygen writes beside the file', () => {
  it('is what --file takes: the line of the page, typed by an approver', async () => {
    const keys = mkdtempSync(join(tmpdir(), 'ecluse-approver-'));
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'jane@example', '-f', 'approval-key'], { cwd: keys });
    const publicKey = readFileSync(join(keys, 'approval-key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    set = stage();
    role = await openLedgerRole(set, (policy, people) => fourEyes(policy, { ...people, 'p-017': { ...people['p-017'], publicKey } }));
    await role.reach('cutover', 'photos');
    await ask();
    const { status } = spawnSync('ssh-keygen', ['-Y', 'sign', '-q', '-f', join(keys, 'approval-key'), '-n', 'approval-v1@ecluse', fileOf('p-017')]);
    expect(status).toBe(0);
    expect(await handIn('p-017')).toMatchObject({ exit: 3, answer: expect.stringContaining('the approval of p-017 is on record') });
  });
});
