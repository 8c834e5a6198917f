import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Given } from '../../../src/cli/command.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { ledgerProve } from '../../../src/cli/ledger-prove.ts';
import { commandWords } from '../../../src/cli/words.ts';
import { entryHash } from '../../../src/ledger/record.ts';
import { parseCheckpoint, parseNote, parseVkey, verifyNote } from '../../../src/ledger/signed-note.ts';
import { parseTlogProof } from '../../../src/ledger/tlog-proof.ts';
import { leafHash } from '../../../src/ledger/tree.ts';
import { verifyInclusion } from '../../../src/ledger/tree-proofs.ts';
import { makeSampleBundle, type Sample } from '../../support/evidence/sample.ts';

describe('ecluse ledger prove', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecluse-prove-'));
  let sample: Sample;
  beforeAll(async () => {
    sample = await makeSampleBundle(path.join(folder, 'bundle'), {});
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const context = { folder, words: commandWords('en') } as CommandContext;
  const prove = (seq: string, dir = sample.folder) => ledgerProve.run(context, new Given([dir, seq], { out: path.join(folder, 'out') }));

  it('hands out a line and a proof that lead to the signed and cosigned checkpoint', async () => {
    await prove('4');
    const line = readFileSync(path.join(folder, 'out/record-4.json'), 'utf8').slice(0, -1);
    expect(line).toBe(sample.lines[4]);
    const proof = parseTlogProof(readFileSync(path.join(folder, 'out/record-4.tlog-proof'), 'utf8'));
    const { size, root } = parseCheckpoint(parseNote(proof.note).body);
    const leaf = leafHash(Buffer.from(entryHash(line), 'hex'));
    expect(verifyInclusion(leaf, 4, size, proof.path, Buffer.from(root, 'hex'))).toBe(true);
    expect(verifyInclusion(leaf, 5, size, proof.path, Buffer.from(root, 'hex'))).toBe(false);
    const keys = [sample.policy.keys.log, ...sample.policy.witnesses.map(({ vkey }) => vkey)].map(parseVkey);
    expect(verifyNote(proof.note, keys).signedBy).toHaveLength(2);
  });

  it.each(['-1', 'x', '100000'])('refuses record %s, and says which there are', async (seq) => {
    await expect(prove(seq)).rejects.toMatchObject({ facts: { code: 'USAGE', answer: `the bundle holds the records 0 to ${sample.lines.length - 1}` } });
  });

  it('proves nothing over records that no checkpoint covers, or another one', async () => {
    await expect(prove('0', folder)).rejects.toMatchObject({ facts: { code: 'USAGE' } });
    appendFileSync(path.join(sample.folder, 'log/records.jsonl'), '{}\n');
    await expect(prove('0')).rejects.toMatchObject({ facts: { code: 'REFUSED', answer: expect.stringContaining('no checkpoint covers') } });
  });
});
