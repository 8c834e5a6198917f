import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MigrationError } from '../../core/migration-error.ts';
import type { Digest } from '../../model/digest.ts';
import { LedgerRecord } from '../../model/ledger-record.ts';
import { Policy } from '../../model/policy.ts';
import type { BundleFacts, BundlePages } from '../../ports/bundle-pages.ts';
import type { Depot } from '../../ports/depot.ts';
import { entryHash } from '../record.ts';
import { parseCheckpoint, parseNote } from '../signed-note.ts';
import { growingTree, leafHash } from '../tree.ts';
import { boundFiles } from './bound-files.ts';
import { timestampPath } from './bundle-files.ts';
import { type BundleFolder, openBundleFolder } from './bundle-folder.ts';
import { type Encryption, encryptionTo } from './confidential.ts';
import { type BundleTool, fingerprints, trustFiles } from './trust-files.ts';

export interface BundleName {
  readonly ref: string;
  readonly container: string;
  readonly key: string;
  readonly version?: string;
}

export interface BundleOrder {
  /** Lines 0 to `size` − 1, without LF. */
  readonly records: AsyncIterable<string>;
  readonly size: number;
  /** The newest is that of `size`. `p256`: DER signature over the note's bytes. */
  readonly checkpoints: readonly { readonly size: number; readonly note: string; readonly p256: Uint8Array }[];
  /** Notes with lines of witnesses; several of one size become one file. */
  readonly cosigned: readonly { readonly size: number; readonly note: string }[];
  /** Also those that no record up to `size` tells of, such as one over the last checkpoint. DER. */
  readonly timestamps?: readonly { readonly size: number; readonly authority: string; readonly query: Uint8Array; readonly response: Uint8Array }[] | undefined;
  readonly depot: Pick<Depot, 'get'>;
  /** Exactly as `log.opened` binds them. */
  readonly policyBytes: Uint8Array;
  /** The controller's age key (`age1…`). Without one, what holds names is left out. */
  readonly recipient?: string | undefined;
  readonly names?: AsyncIterable<BundleName> | undefined;
  readonly verifiers: readonly BundleTool[];
  readonly pages: BundlePages;
  readonly folder: string;
}

export interface BundleSummary {
  readonly folder: string;
  readonly kind: BundleFacts['kind'];
  readonly size: number;
  readonly root: string;
  readonly files: number;
  readonly confidential: number;
  readonly withheld: number;
}

/**
 * Writes an evidence bundle (docs/bundle-format.md). Memory: the checkpoints, one path and digest a file, and a few shards at a time.
 * DEPOT_MISSING, with the record's number, when a bound file is not there: a bundle is whole or it is not made.
 * LEDGER_FORKED when the newest checkpoint is not that of these records. CONFIG_INVALID: the folder exists, or a bad policy or recipient.
 */
export async function writeBundle(order: BundleOrder): Promise<BundleSummary> {
  const policy = policyOf(order.policyBytes);
  const encryption = order.recipient === undefined ? undefined : await encryptionTo(order.recipient);
  const folder = await openBundleFolder(order.folder);
  try {
    await writeTrust(folder, policy, order);
    await writeCheckpoints(folder, order);
    const log = await writeLog(folder, order, encryption);
    await writeTimestamps(folder, order);
    const names = order.names ? await writeNames(folder, order.names, encryption) : { confidential: 0, withheld: 0 };
    const facts = { ...log, confidential: log.confidential + names.confidential, withheld: log.withheld + names.withheld };
    for await (const { path, text } of order.pages({ ...facts, policy, records: () => linesOf(folder.locate('log/records.jsonl')) }))
      await (typeof text === 'string' ? folder.write(path, text) : folder.stream(path, text));
    for (const { name, bytes } of order.verifiers) await folder.write(name, bytes);
    const files = await folder.finish();
    return { folder: order.folder, files, ...facts };
  } catch (error) {
    await folder.abandon();
    throw error;
  }
}

function policyOf(bytes: Uint8Array): Policy {
  try {
    return Policy.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new MigrationError('CONFIG_INVALID', { operation: 'export', detail: 'policy.json', cause });
  }
}

async function writeTrust(folder: BundleFolder, policy: Policy, { policyBytes, verifiers }: BundleOrder): Promise<void> {
  await folder.write('trust/policy.json', policyBytes);
  for (const [path, text] of trustFiles(policy)) await folder.write(path, text);
  await folder.write('trust/fingerprints.txt', fingerprints(policy, policyBytes, verifiers));
  await folder.write('log/schema.json', `${JSON.stringify(LedgerRecord.toJSONSchema(), null, 1)}\n`);
}

async function writeCheckpoints(folder: BundleFolder, { checkpoints, cosigned, size }: BundleOrder): Promise<void> {
  for (const one of checkpoints.filter((each) => each.size <= size)) {
    await folder.write(`log/checkpoints/${one.size}`, one.note);
    await folder.write(`log/checkpoints/${one.size}.p256.sig`, one.p256);
  }
  for (const [at, note] of mergedNotes(cosigned)) if (at <= size) await folder.write(`log/cosigned/${at}`, note);
}

/** What a record binds is there already, from the depot, and stays. */
async function writeTimestamps(folder: BundleFolder, { timestamps = [], size }: BundleOrder): Promise<void> {
  for (const one of timestamps.filter((each) => each.size <= size)) {
    const path = timestampPath(one.size, one.authority);
    if (folder.has(`${path}.tsr`)) continue;
    await folder.write(`${path}.tsq`, one.query);
    await folder.write(`${path}.tsr`, one.response);
  }
}

function mergedNotes(cosigned: BundleOrder['cosigned']): ReadonlyMap<number, string> {
  const merged = new Map<number, string>();
  for (const { size, note } of cosigned) merged.set(size, mergeNotes(merged.get(size), note));
  return merged;
}

/** What records may bind as `cosigned`: the checkpoint with one line of `log/cosigned/`, or with the first of them. */
function cosignedDigests({ checkpoints, cosigned }: BundleOrder): ReadonlySet<Digest> {
  const merged = mergedNotes(cosigned);
  return digestsOf(
    checkpoints.flatMap(({ size, note }) => {
      const lines = merged.get(size)?.startsWith(note) ? (merged.get(size)?.slice(note.length).match(/.*\n/g) ?? []) : [];
      return lines.flatMap((line, at) => [`${note}${line}`, `${note}${lines.slice(0, at + 1).join('')}`]);
    }),
  );
}

/** Each witness answers with its own line under the same body: a reader wants them under one. */
function mergeNotes(known: string | undefined, note: string): string {
  if (known === undefined) return note;
  const { body } = parseNote(note);
  const lines = note
    .slice(body.length + 1)
    .split('\n')
    .filter((line) => line && !known.includes(`${line}\n`));
  return known + lines.map((line) => `${line}\n`).join('');
}

interface WrittenLog {
  readonly kind: BundleFacts['kind'];
  readonly size: number;
  readonly root: string;
  readonly confidential: number;
  readonly withheld: number;
}

/** The records as they come, and beside them each file that they bind. */
async function writeLog(folder: BundleFolder, order: BundleOrder, encryption: Encryption | undefined): Promise<WrittenLog> {
  const { records, size, checkpoints, policyBytes, depot, timestamps = [] } = order;
  const tree = growingTree();
  const given = digestsOf([policyBytes, ...checkpoints.flatMap(({ note, p256 }) => [note, p256]), ...timestamps.map(({ response }) => response)]);
  const files = boundFiles({ folder, depot, encryption, given, cosigned: cosignedDigests(order) });
  let last: LedgerRecord | undefined;
  const lines = async function* (): AsyncGenerator<string> {
    for await (const line of records) {
      const record = recordOf(line, tree.size());
      await files.collect(record);
      tree.addLeaf(leafHash(Buffer.from(entryHash(line), 'hex')));
      last = record;
      yield `${line}\n`;
    }
  };
  try {
    await folder.stream('log/records.jsonl', lines());
  } catch (error) {
    // Files under way would still be written while the folder is removed.
    await files.settle().catch(() => undefined);
    throw error;
  }
  const counts = await files.settle();
  const root = tree.root().toString('hex');
  const newest = checkpoints.find((one) => one.size === size);
  if (tree.size() !== size || !newest || parseCheckpoint(parseNote(newest.note).body).root !== root)
    throw new MigrationError('LEDGER_FORKED', { operation: 'export', detail: `${tree.size()} records; no checkpoint of ${size} has their root` });
  return { kind: last?.event === 'log.closed' ? 'final' : 'interim', size, root, ...counts };
}

const digestsOf = (files: readonly (Uint8Array | string)[]): ReadonlySet<string> =>
  new Set(files.map((bytes) => createHash('sha256').update(bytes).digest('hex')));

/** The store has checked its form, and verifiers will again: here it only says which files to fetch. */
function recordOf(line: string, seq: number): LedgerRecord {
  try {
    return JSON.parse(line) as LedgerRecord;
  } catch (cause) {
    throw new MigrationError('LEDGER_CORRUPT', { operation: 'export', detail: `record ${seq} is not JSON`, cause });
  }
}

async function writeNames(folder: BundleFolder, names: AsyncIterable<BundleName>, encryption: Encryption | undefined) {
  if (!encryption) return { confidential: 0, withheld: 1 };
  await folder.stream('confidential/names.age', await encryption.stream(nameLines(names)));
  return { confidential: 1, withheld: 0 };
}

async function* nameLines(names: AsyncIterable<BundleName>): AsyncGenerator<string> {
  for await (const { container, key, ref, version } of names) yield `${JSON.stringify({ container, key, ref, version })}\n`;
}

/** At LF only: a record may hold other signs that some readers take for the end of a line. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
