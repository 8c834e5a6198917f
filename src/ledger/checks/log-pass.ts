import { isUtf8 } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { entryHash, parseLine } from '../record.ts';
import { growingTree, leafHash } from '../tree.ts';
import { sentenceOf } from './findings.ts';
import { linesOf } from './lines.ts';
import { type Bundle, type Ended, evidenceNamed, type RecordCheck, type Seen, toleranceMs } from './record-check.ts';

const recordsFile = 'log/records.jsonl';
const lineLimitBytes = 65_535;
/** So often Ctrl-C and the progress line get their turn. */
const linesPerTurn = 1000;

/**
 * Reads the log once: form, sequence, chain, ids and times (C2 to C6) here, everything else by `checks`, in the same pass. The tree grows
 * over the bytes of every line, also of one that breaks the form.
 */
export async function passOverLog(
  bundle: Bundle,
  checks: readonly RecordCheck[],
  { signal, progress }: { readonly signal?: AbortSignal | undefined; readonly progress?: ((records: number) => void) | undefined },
): Promise<Ended> {
  const { findings, folder } = bundle;
  const tree = growingTree();
  const sequence = sequenceCheck(bundle);
  const all = [sequence, ...checks];
  let last: Seen | undefined;
  let head = '0'.repeat(64);
  try {
    for await (const { bytes, isEnded } of linesOf(folder.chunks(recordsFile), lineLimitBytes)) {
      const seq = tree.size();
      if (!isEnded) findings.fail('C2', 'the last line lacks its LF', seq);
      const line = bytes.toString('utf8');
      last = readRecord(bundle, line, isUtf8(bytes), seq);
      if (last) {
        if (last.record.prev !== head) findings.fail('C4', 'prev is not the entry hash of the line before', seq);
        for (const check of all) check.sees?.(last);
      }
      head = entryHash(line);
      tree.addLeaf(leafHash(Buffer.from(head, 'hex')));
      for (const check of all) check.grown?.(tree.size(), () => tree.root().toString('hex'));
      if (tree.size() % linesPerTurn === 0) {
        progress?.(tree.size());
        await turn(undefined, { signal });
      }
    }
  } catch (error) {
    findings.fail('C2', sentenceOf(error), tree.size());
    findings.fail('C9', 'the log cannot be read to its end', tree.size());
  }
  if (tree.size() === 0) for (const check of ['C2', 'C3', 'C9'] as const) findings.fail(check, 'there is no record');
  const ended = { size: tree.size(), root: tree.root().toString('hex'), isFinal: last?.record.event === 'log.closed' };
  for (const check of all) check.ends?.(ended);
  return ended;
}

function readRecord({ findings, policy }: Bundle, line: string, isWellEncoded: boolean, seq: number): Seen | undefined {
  const parsed = isWellEncoded ? parseLine(line) : { problem: 'not UTF-8' };
  findings.looked('C2');
  if ('problem' in parsed) {
    findings.fail('C2', parsed.problem, seq);
    return undefined;
  }
  const { record } = parsed;
  if (policy && record.project !== policy.project) findings.fail('C2', 'project is not that of the policy', seq);
  if (policy && record.log !== policy.log) findings.fail('C2', 'log is not that of the policy', seq);
  return { seq, record, timeMs: Date.parse(record.time) };
}

/** C3 to C6, as far as the lines tell by themselves. */
function sequenceCheck({ findings, atMs }: Bundle): RecordCheck {
  const ids = new Set<string>();
  let instruction: string | undefined;
  let latestMs = 0;
  return {
    sees: ({ seq, record, timeMs }) => {
      for (const check of ['C3', 'C4', 'C5', 'C6'] as const) findings.looked(check);
      if (record.seq !== seq) findings.fail('C3', 'seq is not the number of the line', seq);
      const first = ['log.opened', 'key.ceremony'][seq];
      if (first && record.event !== first) findings.fail('C3', `is not ${first}`, seq);
      if (record.instruction_sha256 !== instruction) findings.fail('C3', 'instruction_sha256 is not the plan in force', seq);
      if (record.event === 'instruction.received') instruction = evidenceNamed(record, 'plan')?.sha256;
      if (ids.has(record.event_id)) findings.fail('C5', 'event_id stands in an earlier record', seq);
      ids.add(record.event_id);
      if (!Number.isFinite(timeMs)) findings.fail('C6', 'its time is no moment of a calendar', seq);
      if (timeMs < latestMs) findings.fail('C6', 'lies before an earlier record', seq);
      if (timeMs > atMs + toleranceMs) findings.fail('C6', 'lies in the future', seq);
      latestMs = Math.max(latestMs, timeMs);
    },
  };
}
