import { createHash } from 'node:crypto';
import type { ObjectRow } from '../../model/row.ts';
import { rowOutcomes } from './deciding-rows.ts';
import { BundleFault } from './folder.ts';
import { linesOf } from './lines.ts';
import type { Bundle } from './record-check.ts';
import { hashed } from './sets.ts';
import type { Batch } from './workloads.ts';

/** A row holds no text that a user could make long. */
const lineLimitBytes = 65_535;
const digest = /^[0-9a-f]{64}$/;

/** C18 and C20 of one rows file; each row goes on to `take`. Throws where the file is not what its record says: then its rows cannot be relied on. */
export async function checkBatch({ folder, findings }: Bundle, batch: Batch, take: (row: ObjectRow) => void): Promise<void> {
  findings.looked('C18', batch.seq);
  if (!batch.sha256) throw new BundleFault('binds no rows');
  const hash = createHash('sha256');
  const counts = { pass: 0, fail: 0, unknown: 0 };
  let line = 0;
  for await (const { bytes, isEnded } of linesOf(hashed(folder.unpacked(`manifests/${batch.sha256}.gz`, batch.sizeBytes), hash), lineLimitBytes)) {
    if (!isEnded) throw new BundleFault('the last row lacks its LF');
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (line === 0) checkSalt(value);
    else {
      const row = checkRow(value, line - 1);
      counts[row.verdict === 'PASS' ? 'pass' : row.verdict === 'FAIL' ? 'fail' : 'unknown'] += 1;
      if (!isReread(row)) findings.fail('C20', `row ${row.i} says PASS, and its digests do not`, batch.seq);
      if (row.verdict === 'PASS') findings.looked('C20', batch.seq);
      take(row);
    }
    line += 1;
  }
  if (hash.digest('hex') !== batch.sha256) throw new BundleFault('the rows have another digest');
  if (line === 0) throw new BundleFault('the rows lack their salt');
  if (batch.unitCount !== line - 1) throw new BundleFault(`its record counts ${batch.unitCount ?? 'no'} objects, there are ${line - 1} rows`);
  const verdict = counts.fail > 0 ? 'FAIL' : counts.unknown > 0 ? 'UNKNOWN' : 'PASS';
  for (const name of ['pass', 'fail', 'unknown'] as const)
    if (batch.counts[name] !== counts[name]) findings.fail('C18', `counts ${name} ${batch.counts[name] ?? 'nothing'}, the rows ${counts[name]}`, batch.seq);
  if (batch.verdict !== verdict) findings.fail('C18', `says ${batch.verdict}, its rows ${verdict}`, batch.seq);
}

function checkSalt(value: unknown): void {
  const { salt, ...rest } = value as Record<string, unknown>;
  if (typeof salt !== 'string' || !/^[A-Za-z0-9_-]{21}[AQgw]$/.test(salt) || Object.keys(rest).length > 0)
    throw new BundleFault('the rows do not begin with a salt');
}

/** The fields that a verdict rests on; others may be absent, none may have another form. */
function checkRow(value: unknown, i: number): ObjectRow {
  const row = value as ObjectRow;
  const digests = [row.sha256, row.targetSha256, row.metadata, row.targetMetadata, row.tags];
  const isFormed =
    typeof row === 'object' &&
    row !== null &&
    row.i === i &&
    typeof row.ref === 'string' &&
    digest.test(row.ref) &&
    rowOutcomes.includes(row.outcome) &&
    Number.isSafeInteger(row.sizeBytes) &&
    row.sizeBytes >= 0 &&
    typeof row.sourceEtag === 'string' &&
    ['PASS', 'FAIL', 'UNKNOWN'].includes(row.verdict) &&
    digests.every((each) => each === undefined || (typeof each === 'string' && digest.test(each))) &&
    (row.reason === undefined || typeof row.reason === 'string') &&
    (row.form === undefined ? row.chunkBytes === undefined : row.form === 'sha256-tree' && Number.isSafeInteger(row.chunkBytes));
  if (!isFormed) throw new BundleFault(`row ${i} is out of form`);
  return row;
}

/** A PASS of an object that stands on the target is two digests, of what was read here and read back there, and they are equal. */
function isReread({ verdict, outcome, sourceEtag, sizeBytes, sha256, targetSha256, metadata, targetMetadata }: ObjectRow): boolean {
  const isDeleteMarker = sourceEtag === '' && sizeBytes === 0;
  if (verdict !== 'PASS' || isDeleteMarker || (outcome !== 'copied' && outcome !== 'adopted')) return true;
  const sameBytes = sha256 !== undefined && sha256 === targetSha256;
  return sameBytes && (metadata === undefined || targetMetadata === undefined || metadata === targetMetadata);
}
