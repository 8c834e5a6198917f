import type { ClientConfig } from 'pg';
import type { ErrorCode } from '../core/error-codes.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';

/** A URL, or the driver's own settings. */
export const connectionOf = (server: string | ClientConfig): ClientConfig => (typeof server === 'string' ? { connectionString: server } : server);

/** SQLSTATEs that pass by themselves, or that mean something else than a server that cannot serve. */
const codeOf: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  // Another writer was faster, although all of ours take the lock: the repeated call meets its record.
  23505: ['LEDGER_MOVED', 'another program writes without the lock'],
  EC001: ['LEDGER_MOVED', 'another program writes without the lock'],
  40001: ['LEDGER_BUSY', 'serialisation failure'],
  '40P01': ['LEDGER_BUSY', 'deadlock'],
  '55P03': ['LEDGER_BUSY', 'waited too long for the lock of the log'],
  57014: ['LEDGER_BUSY', 'a statement took too long'],
  53300: ['LEDGER_BUSY', 'too many connections'],
  XX001: ['LEDGER_CORRUPT', 'the table is damaged'],
  XX002: ['LEDGER_CORRUPT', 'an index is damaged'],
  '42P01': ['LEDGER_UNAVAILABLE', 'no tables: run "ecluse ledger migrate"'],
  '3F000': ['LEDGER_UNAVAILABLE', 'no tables: run "ecluse ledger migrate"'],
  42501: ['LEDGER_UNAVAILABLE', 'a right is missing: run "ecluse ledger migrate" for this role'],
  '28P01': ['LEDGER_UNAVAILABLE', 'user or password refused'],
  28000: ['LEDGER_UNAVAILABLE', 'user or password refused'],
  '3D000': ['LEDGER_UNAVAILABLE', 'no such database'],
  25006: ['LEDGER_UNAVAILABLE', 'the server takes no writes: a standby?'],
  53100: ['LEDGER_UNAVAILABLE', 'no space left'],
};

/** The connection ended or was not had, whatever became of the transaction: asking once more may find the server again. */
const lostStates = /^(08...|57P0[123])$/;
const lostNames: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

/** Did the server go away, rather than refuse? The driver has errors of its own without a code; all of them say that the connection is gone. */
export function isLost(error: unknown): boolean {
  const code = codeIn(error);
  return !isMigrationError(error) && (code === undefined || lostStates.test(code) || lostNames.has(code));
}

/**
 * Any error of driver or server as a MigrationError, by SQLSTATE or the name of the system's error. It carries no cause: the originals
 * hold rows, addresses and, where a URL was not understood, the URL.
 */
export function postgresFailure(operation: string, error: unknown): MigrationError {
  if (isMigrationError(error)) return error;
  const code = codeIn(error);
  const [ours, hint] = codeOf[code ?? ''] ?? ['LEDGER_UNAVAILABLE', undefined];
  const name = code === undefined ? 'the connection was lost, or none could be made' : `PostgreSQL ${code}`;
  return new MigrationError(ours, { operation, detail: hint ? `${name}: ${hint}` : name });
}

function codeIn(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : undefined;
}
