import { createPublicKey, verify } from 'node:crypto';
import { expect } from '@jest/globals';
import { loadLogKeys } from '../../../src/ledger/log-keys.ts';
import { openPublished } from '../../../src/ledger/published.ts';
import { entryHash } from '../../../src/ledger/record.ts';
import { parseCheckpoint, verifyNote } from '../../../src/ledger/signed-note.ts';
import { leafHash, merkleRoot } from '../../../src/ledger/tree.ts';
import { ledgerLines, verifyLedger } from '../../../src/ledger/verify.ts';
import type { LedgerRecord } from '../../../src/model/ledger-record.ts';
import { log, project, type World } from './ledger-role.ts';

/** Everything that must hold of a log whatever happened to its workers; read from the stores alone. */
export async function expectSound(world: World): Promise<{ readonly opened: number; readonly closedAt: number | undefined; readonly checkpoints: number }> {
  expect(await verifyLedger(ledgerLines(world.ledger), log)).toMatchObject({ verdict: 'PASS', problems: [] });
  const lines = await world.ledger.read(0, 100_000);
  const records = lines.map((line) => JSON.parse(line) as LedgerRecord);
  expect(records.slice(0, 2).map(({ event }) => event)).toEqual(['log.opened', 'key.ceremony']);
  const isClosed = records.at(-1)?.event === 'log.closed';
  const { checkpoints, cosignatures, tokens } = openPublished(world.depot, project);
  const published = await checkpoints.all();
  const leaves = lines.map((line) => leafHash(Buffer.from(entryHash(line), 'hex')));
  const { generations } = loadLogKeys(world.folder);
  for (const [n, { size, root, note, p256 }] of published.entries()) {
    expect(size).toBeGreaterThan(published[n - 1]?.size ?? 0);
    const { body, signedBy } = verifyNote(
      note,
      generations.map(({ vkey }) => vkey),
    );
    expect(parseCheckpoint(body)).toEqual({ origin: log, size, root });
    expect(root).toBe(merkleRoot(leaves.slice(0, size)).toString('hex'));
    const signers = generations.filter(({ vkey }) => signedBy.some(({ text }) => text === vkey.text));
    const holds = signers.some(({ p256Spki }) =>
      verify('sha256', Buffer.from(note), createPublicKey({ key: p256Spki, format: 'der', type: 'spki' }), Buffer.from(p256, 'base64')),
    );
    expect(holds).toBe(true);
  }
  const told = records.filter(({ event }) => event === 'checkpoint.published').map(({ counts }) => counts?.size);
  const untold = isClosed ? [published.at(-1)?.size] : [];
  expect([...told, ...untold]).toEqual(published.map(({ size }) => size));
  for (const [size, roots] of world.signedRoots) expect([size, roots.size]).toEqual([size, 1]);
  const opened = records.filter(({ event }) => event === 'gate.opened');
  for (const gate of opened) {
    const size = gate.counts?.size ?? 0;
    const approvals = records.filter(({ approval, seq }) => approval?.nonce && approval.scope_sha256 === gate.approval?.scope_sha256 && seq < gate.seq);
    for (const { seq } of approvals) expect(seq).toBeLessThan(size);
    const rule = world.room().policy.gates[gate.approval?.gate as 'cutover'];
    const has = (list: readonly { size: number }[]): boolean => list.some((each) => each.size === size);
    const isTold = (event: string): boolean => records.some((record) => record.event === event && record.counts?.size === size && record.seq < gate.seq);
    expect([!rule.witnessed || isTold('witness.cosigned'), rule.timestamp === 'none' || isTold('tsa.token')]).toEqual([true, true]);
    expect([has(published), !rule.witnessed || has(await cosignatures.all()), rule.timestamp === 'none' || has(await tokens.all())]).toEqual([
      true,
      true,
      true,
    ]);
  }
  return { opened: opened.length, closedAt: isClosed ? records.length - 1 : undefined, checkpoints: published.length };
}
