import { type KeyObject, sign } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';
import { cosignedText, type LogVkey, lineHolds, noteLine, parseNoteLine } from './signed-note.ts';

/**
 * A witness's line under a checkpoint, without LF: it saw this body at this time, and never another history of the log.
 * The name is not signed, so each witness has a key of its own. `timeSeconds`: whole seconds since 1970.
 */
export function cosignLine(body: string, name: string, privateKey: KeyObject, timeSeconds: number): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(timeSeconds));
  const signature = sign(null, Buffer.from(cosignedText(body, BigInt(timeSeconds))), privateKey);
  return noteLine(name, 'witness', privateKey, Buffer.concat([time, signature]));
}

/** When the witness of `vkey` cosigned the body. WITNESS_REFUSED when the line is not its cosignature. */
export function verifyCosignature(body: string, line: string, vkey: LogVkey): { readonly timeMs: number } {
  const parsed = lineOf(line);
  if (vkey.type !== 'witness') throw refused(`${vkey.name} is not the key of a witness`);
  if (parsed?.name !== vkey.name || parsed.id !== vkey.id) throw refused(`not a line of ${vkey.name}`);
  if (!lineHolds(body, parsed, vkey)) throw refused(`the cosignature of ${vkey.name} does not verify`);
  const timeMs = Number(parsed.payload.readBigUInt64BE()) * 1000;
  if (!Number.isSafeInteger(timeMs)) throw refused(`the cosignature of ${vkey.name} has no time that a clock can show`);
  return { timeMs };
}

function lineOf(line: string): ReturnType<typeof parseNoteLine> | undefined {
  try {
    return parseNoteLine(line);
  } catch {
    return undefined;
  }
}

const refused = (detail: string): MigrationError => new MigrationError('WITNESS_REFUSED', { operation: 'check cosignature', detail });
