import { createHash } from 'node:crypto';
import { shown } from './folder.ts';
import type { Bundle, RecordCheck } from './record-check.ts';

const sumsFile = 'SHA256SUMS';
const sumsLimitBytes = 512 * 1024 * 1024;
const sumLine = /^([0-9a-f]{64}) {2}(.+)$/;

/** C1: SHA256SUMS lists every file and nothing else, and all digests are right. Answers how many confidential files are withheld. */
export async function sumsCheck({ folder, findings }: Bundle, signal: AbortSignal | undefined): Promise<{ readonly withheld: number }> {
  for (const file of folder.refused) findings.fail('C1', `${shown(file)} is no plain file`);
  const listed = findings.guard('C1', () => readSums(folder.bytes(sumsFile, sumsLimitBytes).toString('utf8'), (problem) => findings.fail('C1', problem)));
  let withheld = 0;
  for (const file of listed?.keys() ?? []) {
    if (folder.has(file)) continue;
    if (file.startsWith('confidential/')) withheld += 1;
    else findings.fail('C1', `${shown(file)} is missing`);
  }
  for (const file of folder.paths) {
    signal?.throwIfAborted();
    if (file === sumsFile) continue;
    findings.looked('C1');
    const expected = listed?.get(file);
    if (expected === undefined) findings.fail('C1', `${shown(file)} is not listed`);
    const digest = await digestOf(folder.chunks(file));
    if (expected !== undefined && digest !== expected) findings.fail('C1', `${shown(file)} has another digest`);
    if (file.startsWith('evidence/') && file !== `evidence/${digest}`) findings.fail('C1', `${shown(file)} is not named by its digest`);
  }
  return { withheld };
}

/** Evidence with a check of its own, which also misses it: C7, C12, C13, C18, C19, C23. What a person signed (with a nonce) is C14's. */
const missedElsewhere: ReadonlySet<string> = new Set(['policy', 'checkpoint', 'p256', 'cosigned', 'query', 'token', 'rows', 'inventory-set', 'final-set']);
const signed: ReadonlySet<string> = new Set(['approval', 'signature']);

/** C1: what a record binds is there, unless it holds names. Each file of `evidence/` has the digest of its name already. */
export const boundFilesCheck = ({ folder, findings }: Bundle): RecordCheck => ({
  sees: ({ seq, record }) => {
    for (const { name, sha256, confidential } of record.evidence ?? []) {
      const isMissedElsewhere = missedElsewhere.has(name) || (signed.has(name) && record.approval?.nonce !== undefined);
      if (!confidential && !isMissedElsewhere && !folder.has(`evidence/${sha256}`)) findings.fail('C1', `its ${name} is missing`, seq);
    }
  },
});

function readSums(text: string, problem: (sentence: string) => void): ReadonlyMap<string, string> {
  const listed = new Map<string, string>();
  const lines = text.split('\n');
  if (lines.pop() !== '') problem('SHA256SUMS does not end in LF');
  let before = '';
  for (const line of lines) {
    const [, sha256 = '', file = ''] = sumLine.exec(line) ?? [];
    if (!sha256 || !isPlainPath(file)) problem('a line of SHA256SUMS is out of form');
    else if (before !== '' && Buffer.compare(Buffer.from(before), Buffer.from(file)) >= 0) problem('SHA256SUMS is not sorted');
    listed.set(file, sha256);
    before = file;
  }
  return listed;
}

const isPlainPath = (file: string): boolean => !file.includes('\\') && file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

async function digestOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
