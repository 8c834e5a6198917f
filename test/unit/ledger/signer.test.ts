import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeLogKeys } from '../../../src/ledger/log-keys.ts';
import { openMemoryLedger } from '../../../src/ledger/memory.ts';
import { openPublished } from '../../../src/ledger/published.ts';
import { parseCheckpoint, verifyNote } from '../../../src/ledger/signed-note.ts';
import { openSigner } from '../../../src/ledger/signer.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import { draftOf } from './drafts.ts';
import { approvalOf, copyOf, gateTask, lead, log, makeWorld, owner, person, project, signedBy, type Worker, type World, writerOf } from './ledger-role.ts';
import { expectSound } from './sound-log.ts';

const hourMs = 3_600_000;
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const work = (n: number): LedgerDraft => draftOf(`demo/work/${n}`);
const checkpointsOf = (world: World) => openPublished(world.depot, project).checkpoints.all();

/** The ledger that a room sees, and what may be put in its place. */
function swap(first: Ledger): { readonly ledger: Ledger; by(other: Ledger): void } {
  let current = first;
  return {
    ledger: {
      append: (drafts, head) => current.append(drafts, head),
      read: (from, limit) => current.read(from, limit),
      head: () => current.head(),
      close: () => current.close(),
    },
    by: (other) => {
      current = other;
    },
  };
}

/** The first `size` lines of a log, as a store of their own. */
async function cut(of: Ledger, size: number): Promise<Ledger> {
  const lines = [...(await of.read(0, size))];
  return { ...of, read: async (from, limit) => lines.slice(from, from + limit), head: async () => ({ size: lines.length, head: '' }) };
}

describe('the signer', () => {
  it('signs what grew, and nothing twice', async () => {
    const world = makeWorld();
    const worker = world.room();
    await worker.open();
    const first = await worker.signer.publish();
    expect(first.size).toBe(3);
    const second = await worker.signer.publish();
    expect(second.size).toBe(4);
    expect(await worker.signer.cover()).toEqual(second);
    await world.ledger.append([work(1)]);
    expect((await worker.signer.cover()).size).toBe(6);
    await expectSound(world);
  });

  it('publishes nothing before the log is opened', async () => {
    const worker = makeWorld().room();
    expect(await worker.signer.publishWhenDue()).toBeUndefined();
    await expect(worker.signer.publish()).rejects.toEqual(code('LEDGER_NOT_OPENED'));
  });

  it('publishes by count and by time, and records about checkpoints never ask for one', async () => {
    const world = makeWorld({ change: (policy) => ({ ...policy, checkpoint: { every_records: 5, every_seconds: 3600 } }) });
    const worker = world.room();
    await worker.open();
    let published = 0;
    const tick = async (ms: number): Promise<void> => {
      world.clock.step(ms);
      if (await worker.signer.publishWhenDue()) published += 1;
    };
    for (let n = 0; n < 1000; n += 1) await tick(1000);
    expect(published).toBe(0);
    await world.ledger.append([work(1)]);
    await tick(0);
    expect(published).toBe(0);
    await world.ledger.append([work(2)]);
    await tick(0);
    expect(published).toBe(1);
    await world.ledger.append(Array.from({ length: 20 }, (_, n) => draftOf(`demo/log/alarm/${n}`, { event: 'log.alarm', reasons: ['X'] })));
    await tick(0);
    expect(published).toBe(1);
    // 1,000 ticks of a minute: one checkpoint an hour, though each adds its own record.
    for (let n = 0; n < 1000; n += 1) await tick(60_000);
    expect(published).toBe(1 + Math.floor(1000 / 60));
    await expectSound(world);
  });
});

describe('two ledger workers', () => {
  it('cannot fork the log, and both publish', async () => {
    const world = makeWorld();
    const [one, two] = [world.room(), world.room({ folder: copyOf(world.folder) })];
    await Promise.all([one.open(), two.open()]);
    for (let n = 0; n < 20; n += 1) {
      await world.ledger.append([work(n)]);
      const both = await Promise.all([one.signer.publish(), two.signer.publish(), one.signer.cover()]);
      for (const { size } of both) expect(size).toBeGreaterThan(n + 3);
    }
    const { checkpoints } = await expectSound(world);
    expect(checkpoints).toBeGreaterThanOrEqual(20);
  });

  it('open the gates of two workloads at once; a witness that has seen more is no alarm', async () => {
    const [olga, leo] = [person('olga', owner), person('leo', lead)];
    const world = makeWorld({
      witnesses: [['w.example/1', 'hospital']],
      authorities: [['tsa', false]],
      change: (policy) => ({
        ...policy,
        witness_quorum: 1,
        approvers: [olga.approver, leo.approver],
        gates: { ...policy.gates, cutover: { seats: [owner], witnessed: true, timestamp: 'any' } },
      }),
    });
    const workers: Worker[] = [world.room(), world.room({ folder: copyOf(world.folder) })];
    await workers[0]?.open();
    const workloads = ['w0', 'w1', 'w2', 'w3'];
    const openGate = async (workload: string, n: number): Promise<void> => {
      const worker = workers[n % 2] as Worker;
      const { scope } = await world.reach('cutover', workload);
      const shown = await worker.run('requestApproval', { project, gate: 'cutover', subject: workload });
      const admission = await worker.run('admitApproval', { project, gate: 'cutover', workload, by: '', signed: signedBy(olga.key, approvalOf(olga, shown)) });
      expect(admission).toMatchObject({ complete: true, by: 'olga', isSigned: true });
      await worker.run('sealGate', gateTask('cutover', scope, { workload }));
    };
    await Promise.all(workloads.map(openGate));
    expect((await expectSound(world)).opened).toBe(4);
    expect((await world.records()).filter(({ event }) => event === 'log.alarm')).toEqual([]);
    const { sizes } = world.witnesses[0] as World['witnesses'][number];
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });
});

describe('a log that is not the one that was signed', () => {
  const opened = async () => {
    const world = makeWorld();
    const worker = world.room();
    await worker.open();
    await world.ledger.append([work(1), work(2)]);
    await worker.signer.publish();
    return { world, worker };
  };
  /** Another log of the same keys: what an insider would chain anew. */
  const rewritten = async (world: World, records: number): Promise<Ledger> => {
    const other = openMemoryLedger(writerOf(world.clock));
    const drafts = (await world.records()).map(({ v, log: _, seq, prev, salt, time, project: __, software, host, instruction_sha256, ...draft }) => draft);
    await other.append(drafts.slice(0, records).map((draft, n) => (n === 3 ? { ...draft, reasons: ['EDITED'] } : draft)));
    return other;
  };

  it.each([
    ['restored from before', async (world: World) => cut(world.ledger, 4), 'LEDGER_TRUNCATED', 'LEDGER_TRUNCATED'],
    ['rewritten to the same length', async (world: World) => rewritten(world, 6), 'LEDGER_FORKED', 'LEDGER_FORKED'],
    ['rewritten and shorter', async (world: World) => rewritten(world, 4), 'LEDGER_TRUNCATED', 'LEDGER_TRUNCATED'],
  ])('is refused while running and after a restart: %s', async (_, make, running, restarted) => {
    const { world } = await opened();
    const store = swap(world.ledger);
    const worker = world.room({ ledger: store.ledger });
    await worker.signer.publish();
    const signed = [...world.signedRoots.keys()];
    store.by(await make(world));
    await expect(worker.signer.publish()).rejects.toEqual(code(running));
    await expect(worker.signer.view()).rejects.toEqual(code(running));
    await expect(worker.signer.publishWhenDue()).rejects.toEqual(code(running));
    await expect(world.room({ ledger: store.ledger }).signer.publish()).rejects.toEqual(code(restarted));
    // The state is gone, the journal tells the same; and the other way round.
    const elsewhere = copyOf(world.folder);
    rmSync(path.join(elsewhere, 'signed.json'));
    await expect(world.room({ ledger: store.ledger, folder: elsewhere }).signer.publish()).rejects.toEqual(code(restarted));
    world.depot.journals.clear();
    await expect(world.room({ ledger: store.ledger }).signer.publish()).rejects.toEqual(code(restarted));
    expect([...world.signedRoots.keys()]).toEqual(signed);
  });

  it('is refused when it was restored and has grown past what was signed', async () => {
    const { world } = await opened();
    const old = await rewritten(world, 4);
    await old.append(Array.from({ length: 10 }, (_, n) => work(100 + n)));
    const store = swap(world.ledger);
    const worker = world.room({ ledger: store.ledger });
    await worker.signer.view();
    store.by(old);
    await expect(worker.signer.publish()).rejects.toEqual(code('LEDGER_FORKED'));
    await expect(world.room({ ledger: old }).signer.publish()).rejects.toEqual(code('LEDGER_FORKED'));
  });

  it('is refused as a file of SQLite too', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ecluse-log-'));
    const [file, backup] = [path.join(folder, 'log.db'), path.join(folder, 'backup.db')];
    const world = makeWorld({ ledger: (clock) => openSqliteLedger({ file, ...writerOf(clock) }) });
    const worker = world.room();
    await worker.open();
    await worker.signer.publish();
    await world.ledger.close();
    copyFileSync(file, backup);
    const again = openSqliteLedger({ file, ...writerOf(world.clock) });
    await again.append([work(1), work(2)]);
    await world.room({ ledger: again }).signer.publish();
    await again.close();
    copyFileSync(backup, file);
    for (const tail of ['-wal', '-shm']) rmSync(`${file}${tail}`, { force: true });
    const restored = openSqliteLedger({ file, ...writerOf(world.clock) });
    await expect(world.room({ ledger: restored }).signer.publish()).rejects.toEqual(code('LEDGER_TRUNCATED'));
    await restored.close();
  });

  it.each(['', 'null', '{"size":3}', '{"size":3,"root":"00"}', 'x'])('is not signed over a state that is damaged: %j', async (text) => {
    const { world } = await opened();
    writeFileSync(path.join(world.folder, 'signed.json'), text);
    await world.ledger.append([work(3)]);
    const before = (await checkpointsOf(world)).length;
    await expect(world.room().signer.publish()).rejects.toEqual(code('LEDGER_KEYS'));
    expect(await checkpointsOf(world)).toHaveLength(before);
  });
});

describe('keys that take the place of others', () => {
  it('are on record, and vouched for by the ones before in the first checkpoint alone', async () => {
    const world = makeWorld();
    await world.room().open();
    await world.room().signer.publish();
    makeLogKeys(world.folder, log, 'rotation', world.clock.now());
    // A generation that never signs is named all the same: the next one names it.
    makeLogKeys(world.folder, log, 'rotation', world.clock.now());
    const worker = world.room();
    const { size } = await worker.signer.publish();
    await worker.signer.publish();
    await expectSound(world);
    const signers = (await checkpointsOf(world)).map(({ note }) => {
      const { body, signedBy: by } = verifyNote(
        note,
        worker.keys.generations.map(({ vkey }) => vkey),
      );
      return [parseCheckpoint(body).size, by.map(({ text }) => worker.keys.generations.findIndex(({ vkey }) => vkey.text === text) + 1).sort()];
    });
    expect(signers).toEqual([
      [3, [1]],
      [size, [1, 2, 3]],
      [size + 1, [3]],
    ]);
    const ceremonies = (await world.records()).filter(({ event }) => event === 'key.ceremony');
    expect(ceremonies.map(({ evidence }) => evidence?.[0]?.sha256)).toEqual(worker.keys.generations.map(({ ceremonyDigest }) => ceremonyDigest));
  });

  it('that the folder lacks stop the signer, and other keys are not put on record', async () => {
    const world = makeWorld();
    await world.room().open();
    const old = copyOf(world.folder);
    makeLogKeys(world.folder, log, 'rotation', world.clock.now());
    await world.room().signer.publish();
    const { size } = await world.ledger.head();
    await expect(world.room({ folder: old }).signer.publish()).rejects.toEqual(code('LEDGER_KEYS'));
    const foreign = mkdtempSync(path.join(tmpdir(), 'ecluse-keys-'));
    for (const reason of ['first', 'rotation', 'rotation'] as const) {
      makeLogKeys(foreign, log, reason, world.clock.now());
      // Under the right policy, whose keys they are not.
      const { policy, policyBytes } = world.room();
      const right = { ...world.room({ folder: foreign }), policy, policyBytes };
      await expect(openSigner(right).publish()).rejects.toEqual(code('LEDGER_KEYS'));
      await expect(world.room({ folder: foreign }).signer.publish()).rejects.toEqual(code('CONFIG_INVALID'));
    }
    expect((await world.ledger.head()).size).toBe(size);
  });
});

describe('the close', () => {
  const end = draftOf('demo/w0/finalize', {
    event: 'step.succeeded',
    act: { name: 'finalize', run: 1, pass: 0, turn: 0 },
    unit: { kind: 'bucket', ref: 'w0' },
  });
  const begin = draftOf('demo/w0/inventory', {
    event: 'inventory.sealed',
    unit: { kind: 'inventory', ref: 'w0' },
    source: { provider: 'memory' },
    evidence: [{ name: 'x', media_type: 'text/plain', sha256: '0'.repeat(64), size_bytes: '1' }],
  });

  it('waits for the end of every workload, comes once, and nothing follows', async () => {
    const world = makeWorld();
    const worker = world.room();
    await worker.open();
    await world.ledger.append([begin]);
    const before = [(await world.ledger.head()).size, (await checkpointsOf(world)).length];
    await expect(worker.run('closeLog', { project })).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('w0') });
    expect([(await world.ledger.head()).size, (await checkpointsOf(world)).length]).toEqual(before);
    await world.ledger.append([end]);
    // Two hours late: the gap must be told before the last record.
    world.clock.step(2 * hourMs);
    const closed = await worker.run('closeLog', { project });
    expect(await worker.run('closeLog', { project })).toEqual(closed);
    expect(await world.room().run('closeLog', { project })).toEqual(closed);
    await expect(world.ledger.append([work(9)])).rejects.toEqual(code('LEDGER_CLOSED'));
    const exported = await world.room().run('exportEvidence', { project, by: 'p-1' });
    expect(exported).toMatchObject(closed);
    expect(await worker.signer.publishWhenDue()).toBeUndefined();
    const { closedAt } = await expectSound(world);
    expect(closedAt).toBe(closed.size - 1);
    expect((await world.records()).map(({ event }) => event)).toContain('log.gap');
    const list = JSON.parse((await world.depot.get(exported.records)).toString()) as { chunks: string[] };
    const lines = Buffer.concat(await Promise.all(list.chunks.map((digest) => world.depot.get(digest)))).toString();
    expect(lines.trimEnd().split('\n')).toEqual(await world.ledger.read(0, 1000));
    expect(readFileSync(path.join(world.folder, 'signed.json'), 'utf8')).toContain(closed.root);
  });

  it('does not close over a workload that begins meanwhile', async () => {
    const world = makeWorld();
    const worker = world.room();
    await worker.open();
    let isLate = false;
    await expect(
      worker.signer.close(async ({ leaves }) => {
        const records = leaves.length;
        if (!isLate) await world.ledger.append([begin]);
        isLate = true;
        return draftOf('demo/log/log/closed', { event: 'log.closed', counts: { records } });
      }),
    ).rejects.toEqual(code('LEDGER_MOVED'));
    expect((await world.records()).at(-1)?.event).toBe('inventory.sealed');
  });
});
