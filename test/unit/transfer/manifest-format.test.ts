import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { journalName } from '../../../src/core/ids.ts';
import { openFolderDepot } from '../../../src/depot/folder.ts';
import { bytesOf, copyAll, createPassage, cut, list, placeOf, sizes, sourceBucket, verifyAll } from '../../support/passage.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'ecluse-format-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The reader that the page prints, run on a depot that a migration wrote. */
const page = readFileSync(join(__dirname, '../../../docs/manifest-format.md'), 'utf8');
const reader = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const python = (script: string, ...args: readonly string[]): string => {
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script, ...args], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
};

(hasPython ? describe : describe.skip)('the reader of docs/manifest-format.md (needs python3)', () => {
  let digest = '';
  const large = bytesOf(5 * sizes.chunkBytes + 1, 3);

  beforeAll(async () => {
    const passage = { ...createPassage(), depot: openFolderDepot(join(folder, 'depot')) };
    passage.source.seed('clé « 1 »', 'hello', { user: { é: 'ü' }, tags: { t: '' } });
    passage.source.seed('large', large);
    passage.source.seed('cold', 'x', { storageClass: 'GLACIER' });
    const process = { ...passage };
    const { run } = await copyAll(process, createPassage(), await list(process, 'latest', cut));
    digest = (await verifyAll(process, run)).run.digest;
    writeFileSync(join(folder, 'reader.py'), reader);
    writeFileSync(join(folder, 'large'), large);
  });

  it('counts the verdicts of a run', () => {
    expect(JSON.parse(python(reader, join(folder, 'depot'), digest))).toEqual({ PASS: 2, UNKNOWN: 1 });
  });

  it('finds our digests and references by its own means', () => {
    const script = `
import reader, sys, json
for entry, row in reader.run(sys.argv[1], sys.argv[2]):
    assert row["ref"] == reader.reference(b"\\x0b" * 32, sys.argv[3], entry)
    if entry["key"] == "large": assert row["targetSha256"] == reader.digest_of(open("large", "rb").read(), row)
    if row["sizeBytes"] == 5: assert row["sha256"] == reader.digest_of(b"hello", row)
print("equal")`;
    expect(python(script, join(folder, 'depot'), digest, sourceBucket)).toBe('equal');
  });

  it('reads a journal', () => {
    const script = 'import reader, sys, json\nprint(json.dumps([sorted(line)[0] for line in reader.journal(sys.argv[1], sys.argv[2])]))';
    const first = JSON.parse(python(script, join(folder, 'depot'), journalName(placeOf(1, 'copy')))) as string[];
    expect(first.slice(0, 2)).toEqual(['salt', 'claim']);
    expect(first.length).toBeGreaterThanOrEqual(2 + 1 + 6 + 3); // the upload, its parts, three rows
  });
});
