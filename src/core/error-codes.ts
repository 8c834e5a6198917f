/**
 * Every way a migration can fail, closed. `follows` says what the workflow does:
 * `retry` by itself, `hold` (all is kept until a person mends it, then `ecluse resume W`), `unwind` (undo the phase that failed).
 * `who` must act, once what retries by itself had its patience; `sentence` is what that person reads. Providers map vendors' error names
 * and statuses to these, never message text.
 */
export const errorCodes = {
  UNAVAILABLE: { follows: 'retry', who: 'operator', sentence: 'The service did not answer, or answered with a server error.' },
  THROTTLED: { follows: 'retry', who: 'operator', sentence: 'The service asked to be called less often.' },
  BODY_LENGTH: { follows: 'retry', who: 'operator', sentence: 'The body was shorter or longer than declared.' },
  CLOCK_SKEW: { follows: 'retry', who: 'operator', sentence: 'The clock of this machine differs from the store’s by more than the signature allows.' },
  FENCED: { follows: 'retry', who: 'operator', sentence: 'Another attempt at the same shard has taken over.' },
  UPLOAD_MISSING: { follows: 'retry', who: 'operator', sentence: 'The multipart upload is no longer there.' },
  LEDGER_BUSY: { follows: 'retry', who: 'operator', sentence: 'The ledger was locked for longer than a writer waits.' },
  LEDGER_MOVED: { follows: 'retry', who: 'operator', sentence: 'The ledger has grown since it was read.' },
  LEDGER_NOT_OPENED: { follows: 'retry', who: 'operator', sentence: 'The ledger was not opened yet: its worker opens it when the project starts.' },
  WITNESS_UNAVAILABLE: { follows: 'retry', who: 'operator', sentence: 'The witness did not answer: what must be cosigned waits.' },
  TIMESTAMP_UNAVAILABLE: { follows: 'retry', who: 'operator', sentence: 'The timestamp authority did not answer: what must be dated waits.' },
  SOURCE_CHANGED: { follows: 'retry', who: 'operator', sentence: 'The object changed while it was read.' },
  TARGET_CONDITION: { follows: 'retry', who: 'operator', sentence: 'The target object was not in the state that the write demanded.' },
  BLOCK_CHECKSUM: { follows: 'retry', who: 'operator', sentence: 'A block of a snapshot does not have the checksum that the source gave with it.' },
  TARGET_BUSY: { follows: 'retry', who: 'operator', sentence: 'What is there is in a state in which it cannot be changed yet.' },
  SNAPSHOT_FAILED: { follows: 'retry', who: 'operator', sentence: 'A snapshot ended in error at its vendor; the next attempt makes another.' },

  CREDENTIALS_REFUSED: { follows: 'hold', who: 'operator', sentence: 'The store refused the credentials. They are not tried again until a person resumes.' },
  CREDENTIALS_MISSING: { follows: 'hold', who: 'operator', sentence: 'The worker found no credentials for this store.' },
  PERMISSION_DENIED: { follows: 'hold', who: 'operator', sentence: 'The credentials are known but lack a right that this step needs.' },
  ACCOUNT_LOCKED: {
    follows: 'hold',
    who: 'operator',
    sentence: 'The account is locked for a while after refused signatures. Nothing is tried until a person resumes.',
  },
  KEY_ACCESS_DENIED: { follows: 'hold', who: 'owner', sentence: 'The key under which a disk is encrypted may not be used (any more).' },
  MACHINE_MISSING: { follows: 'hold', who: 'owner', sentence: 'The virtual machine does not exist.' },
  SNAPSHOT_MISSING: { follows: 'hold', who: 'operator', sentence: 'A snapshot that a pass stands on is not there any more.' },
  UPLOAD_LOST: { follows: 'hold', who: 'operator', sentence: 'The upload of a disk image is gone: its pass must begin anew.' },
  SNAPSHOTS_UNRELATED: { follows: 'hold', who: 'operator', sentence: 'Two snapshots are not of one disk: their difference cannot be told.' },
  IMPORT_FAILED: { follows: 'hold', who: 'operator', sentence: 'The target could not import a disk image, or the import vanished. The image is kept.' },
  CAPACITY: { follows: 'hold', who: 'operator', sentence: 'The vendor has no room for this machine at the moment.' },
  TARGET_AMBIGUOUS: { follows: 'hold', who: 'operator', sentence: 'Two things on the target carry the same mark of ours.' },
  STOP_TIMEOUT: { follows: 'hold', who: 'owner', sentence: 'The machine did not stop in its time. Écluse never forces it.' },
  BUCKET_MISSING: { follows: 'hold', who: 'operator', sentence: 'The bucket does not exist.' },
  ENDPOINT_UNREACHABLE: {
    follows: 'hold',
    who: 'operator',
    sentence: 'The store cannot be reached as configured: its address, or a certificate that is not trusted.',
  },
  QUOTA_EXCEEDED: { follows: 'hold', who: 'operator', sentence: 'A quota or the space of the store is used up.' },
  DEPOT_FULL: { follows: 'hold', who: 'operator', sentence: 'The depot has no space left.' },
  DEPOT_MISSING: { follows: 'hold', who: 'operator', sentence: 'A file that the depot must hold is not there.' },
  DEPOT_CORRUPT: { follows: 'hold', who: 'operator', sentence: 'A file in the depot does not have the digest it is named by.' },
  LEDGER_UNAVAILABLE: { follows: 'hold', who: 'operator', sentence: 'The ledger could not be opened or written.' },
  LEDGER_CONFLICT: { follows: 'hold', who: 'operator', sentence: 'The ledger holds another record under the same event id.' },
  LEDGER_CORRUPT: { follows: 'hold', who: 'auditor', sentence: 'The ledger does not verify.' },
  LEDGER_CLOSED: { follows: 'hold', who: 'operator', sentence: 'The ledger of this project is closed: nothing can be recorded any more.' },
  LEDGER_TRUNCATED: {
    follows: 'hold',
    who: 'auditor',
    sentence: 'The ledger is shorter than what was signed: an old copy was restored. Nothing is signed until the newer one is back.',
  },
  LEDGER_FORKED: { follows: 'hold', who: 'auditor', sentence: 'The ledger is not the continuation of what was signed before.' },
  LEDGER_CLOCK: { follows: 'hold', who: 'operator', sentence: 'The clock of this machine jumped by more than five minutes: set it right.' },
  LEDGER_KEYS: {
    follows: 'hold',
    who: 'operator',
    sentence: 'The signing keys of the ledger cannot be used: make them with "ecluse ledger init" on the host of the ledger worker.',
  },
  WITNESS_REFUSED: { follows: 'hold', who: 'auditor', sentence: 'The witness refused the checkpoint: it has seen another history of this log.' },
  TIMESTAMP_REFUSED: { follows: 'hold', who: 'operator', sentence: 'The timestamp authority refused, or its answer does not verify.' },
  LEDGER_NEEDS_POSTGRES: { follows: 'hold', who: 'operator', sentence: 'A SQLite ledger serves one host; this worker runs on another.' },
  OBJECT_ARCHIVED: { follows: 'hold', who: 'owner', sentence: 'The object lies in an archive class and must be restored before it can be read.' },
  OBJECT_MISSING: { follows: 'hold', who: 'owner', sentence: 'The object is not there.' },
  DELETE_GUARD: { follows: 'hold', who: 'owner', sentence: 'More objects vanished from the source than the plan lets Écluse delete on the target.' },
  COPY_INCOMPLETE: { follows: 'hold', who: 'operator', sentence: 'Some objects could not be copied or did not verify after every attempt.' },
  FREEZE_BROKEN: { follows: 'hold', who: 'owner', sentence: 'The source was written to although it was frozen.' },
  TARGET_DIFFERS: { follows: 'hold', who: 'owner', sentence: 'The target does not hold exactly what was copied and verified.' },
  UNEXPECTED: { follows: 'hold', who: 'developers', sentence: 'Something happened that Écluse has no name for.' },

  BOOT_FAILED: { follows: 'unwind', who: 'owner', sentence: 'The machine on the target did not show on its console what was expected.' },
  NOT_ASSESSED: { follows: 'unwind', who: 'owner', sentence: 'The assessment found a blocker.' },
  TARGET_NOT_EMPTY: { follows: 'unwind', who: 'owner', sentence: 'The target holds objects that this project did not write.' },
  TARGET_LOCKED: { follows: 'unwind', who: 'owner', sentence: 'The target has a default lock retention: a copy could not be taken back.' },
  KEYS_MERGED: { follows: 'unwind', who: 'owner', sentence: 'The target stores two different keys as one: it cannot hold this bucket exactly.' },
  TARGET_INVALID: { follows: 'unwind', who: 'owner', sentence: 'The target refused the request as invalid.' },
  UNSUPPORTED: { follows: 'unwind', who: 'owner', sentence: 'The source or the target cannot do what the plan demands.' },
  APPROVAL_REFUSED: { follows: 'unwind', who: 'approver', sentence: 'The approval does not count: its detail says why.' },
  CONFIG_INVALID: { follows: 'unwind', who: 'operator', sentence: 'The configuration or the plan is not valid.' },
  ORDERED_BACK: { follows: 'unwind', who: 'nobody', sentence: 'A person ordered the way back.' },
  REJECTED: { follows: 'unwind', who: 'approver', sentence: 'The gate was rejected.' },
} as const satisfies Record<string, { follows: 'retry' | 'hold' | 'unwind'; who: string; sentence: string }>;

export type ErrorCode = keyof typeof errorCodes;
export type Follows = (typeof errorCodes)[ErrorCode]['follows'];

export const isErrorCode = (text: string | undefined | null): text is ErrorCode => text != null && Object.hasOwn(errorCodes, text);

/** The codes that Temporal must not retry: `policies.ts` hands this list to every activity. */
export const nonRetryableCodes: readonly ErrorCode[] = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => errorCodes[code].follows !== 'retry');
