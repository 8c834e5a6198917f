import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';
import type { Depot } from '../../ports/depot.ts';
import { type EvidenceItem, packedPath, placeOf } from './bundle-files.ts';
import type { BundleFolder } from './bundle-folder.ts';
import type { Encryption } from './confidential.ts';

export interface BoundFiles {
  /** Begins to fetch and write what the record binds; waits when enough is under way. Throws what an earlier file met. */
  collect(record: LedgerRecord): Promise<void>;
  /** When all of it is written. */
  settle(): Promise<{ readonly confidential: number; readonly withheld: number }>;
}

export interface BoundFilesPorts {
  readonly folder: BundleFolder;
  readonly depot: Pick<Depot, 'get'>;
  /** Absent: confidential files are left out. */
  readonly encryption: Encryption | undefined;
  /** Digests of the files that come with the log: policy, checkpoints, their P-256 signatures. */
  readonly given: ReadonlySet<Digest>;
  /** Digests of the notes that a record may bind as `cosigned`: a checkpoint with the line of one witness, or with those known at some time. */
  readonly cosigned: ReadonlySet<Digest>;
}

/** A depot in a bucket answers in tens of milliseconds, and a shard of rows has a few MiB. */
const windowFiles = 8;
/** A bucket of a set without a reference: nobody need have stored it. */
const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const pack = promisify(gzip);

/** Takes each bound file into the bundle once, several at a time. DEPOT_MISSING names the first record that binds what is not there. */
export function boundFiles({ folder, depot, encryption, given, cosigned }: BoundFilesPorts): BoundFiles {
  const underway = new Set<Promise<void>>();
  const seen = new Set<string>();
  const tokens = new Set<Digest>();
  const withheld = new Set<Digest>();
  const encrypted = new Set<Digest>();
  let failure: { readonly error: unknown } | undefined;

  const isNew = (path: string): boolean => !seen.has(path) && seen.add(path) !== undefined;

  const take = async (path: string, bytes: () => Promise<Uint8Array>): Promise<void> => {
    if (!isNew(path)) return;
    while (underway.size >= windowFiles) await Promise.race(underway);
    if (failure) throw failure.error;
    const running: Promise<void> = bytes()
      .then((found) => folder.write(path, found))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => underway.delete(running));
    underway.add(running);
  };

  const takePacked = (digest: Digest, seq: number): Promise<void> => take(packedPath(digest), async () => pack(await fetched(depot, digest, seq)));

  /** Its buckets are known only when it is read, so the records wait for it. */
  const takeSet = async (digest: Digest, seq: number): Promise<void> => {
    if (!isNew(packedPath(digest))) return;
    const index = await fetched(depot, digest, seq);
    await folder.write(packedPath(digest), await pack(index));
    for (const bucket of bucketsOf(index, seq)) await takePacked(bucket, seq);
  };

  const takeConfidential = async (path: string, digest: Digest, seq: number): Promise<void> => {
    if (!encryption) return void withheld.add(digest);
    await take(path, async () => encryption.bytes(await fetched(depot, digest, seq)));
    encrypted.add(digest);
  };

  const collectItem = async (record: LedgerRecord, item: EvidenceItem): Promise<void> => {
    const place = placeOf(record, item);
    const { sha256, name } = item;
    const { seq } = record;
    switch (place.kind) {
      case 'left out':
        return;
      case 'held':
        if (!given.has(sha256) && !tokens.has(sha256)) throw absent(seq, `a ${name} that is not of this log`);
        return;
      case 'cosigned':
        if (!cosigned.has(sha256)) throw absent(seq, `cosignatures of checkpoint ${place.size}`);
        return;
      case 'confidential':
        return takeConfidential(place.path, sha256, seq);
      case 'set':
        return takeSet(sha256, seq);
      case 'packed':
        return takePacked(sha256, seq);
      case 'plain':
        if (name === 'token') tokens.add(sha256);
        return take(place.path, () => fetched(depot, sha256, seq));
    }
  };

  return {
    async collect(record) {
      for (const item of record.evidence ?? []) await collectItem(record, item);
    },
    async settle() {
      await Promise.all(underway);
      if (failure) throw failure.error;
      return { confidential: encrypted.size, withheld: withheld.size };
    },
  };
}

function bucketsOf(index: Buffer, seq: number): readonly Digest[] {
  try {
    const { buckets } = JSON.parse(index.toString('utf8')) as { readonly buckets: readonly { readonly sha256: Digest }[] };
    return buckets.map(({ sha256 }) => sha256);
  } catch (cause) {
    throw new MigrationError('DEPOT_CORRUPT', { operation: 'export', detail: `record ${seq} binds a set that is none`, cause });
  }
}

async function fetched(depot: Pick<Depot, 'get'>, digest: Digest, seq: number): Promise<Buffer> {
  if (digest === emptyDigest) return Buffer.alloc(0);
  try {
    return await depot.get(digest);
  } catch (error) {
    if (isMigrationError(error, 'DEPOT_MISSING')) throw absent(seq, `file ${digest}`, error);
    throw error;
  }
}

const absent = (seq: number, what: string, cause?: unknown): MigrationError =>
  new MigrationError('DEPOT_MISSING', { operation: 'export', detail: `record ${seq} binds ${what}`, cause });
