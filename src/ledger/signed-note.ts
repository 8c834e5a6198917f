import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';

/** A public key as C2SP signed-note writes it: `name+id+base64(type ‖ key)`. Ed25519 both: a log signs a checkpoint, a witness cosigns it. */
export interface LogVkey {
  /** No space, no plus sign. A log's name is its origin. */
  readonly name: string;
  /** 8 hex digits, derived from name, type and key. */
  readonly id: string;
  readonly type: 'log' | 'witness';
  readonly publicKey: KeyObject;
  readonly text: string;
}

/** A line under a note: whose key it claims, and the bytes behind the key id. */
export interface NoteLine {
  readonly name: string;
  readonly id: string;
  readonly payload: Buffer;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

const typeByte = { log: 1, witness: 4 } as const;
const namePattern = /^[^\s+]{1,200}$/u;
const ed25519KeyBytes = 32;
/** What stands before the 32 bytes of an Ed25519 key in its SPKI form (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** `raw32`: the 32 bytes of an Ed25519 public key. */
export function vkeyText(name: string, type: LogVkey['type'], raw32: Uint8Array): string {
  if (!namePattern.test(name) || raw32.length !== ed25519KeyBytes) throw noVkey('name or key out of form');
  return `${name}+${keyId(name, type, raw32)}+${Buffer.concat([Uint8Array.of(typeByte[type]), raw32]).toString('base64')}`;
}

/** CONFIG_INVALID when the text is not a vkey of Ed25519, or its id is not that of its key. */
export function parseVkey(text: string): LogVkey {
  const [, name = '', id = '', encoded = ''] = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  if (bytes?.length !== 1 + ed25519KeyBytes) throw noVkey('not name+id+base64 of an Ed25519 key');
  const type = bytes[0] === typeByte.log ? 'log' : bytes[0] === typeByte.witness ? 'witness' : undefined;
  if (!type) throw noVkey(`key type ${bytes[0]} is neither that of a log (1) nor of a witness (4)`);
  const raw = bytes.subarray(1);
  if (keyId(name, type, raw) !== id) throw noVkey('the key id is not that of name and key');
  return { name, id, type, publicKey: createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' }), text };
}

/** The 32 bytes of an Ed25519 key, public or private: of its public half. */
export function rawPublicKey(key: KeyObject): Buffer {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return spki.subarray(spkiPrefix.length);
}

/** The three lines that a log signs. `root`: 32 bytes, or their hex. */
export function checkpointBody({ origin, size, root }: { readonly origin: string; readonly size: number; readonly root: Uint8Array | string }): string {
  const hash = typeof root === 'string' ? Buffer.from(root, 'hex') : Buffer.from(root);
  if (!namePattern.test(origin) || !Number.isSafeInteger(size) || size < 0 || hash.length !== 32) throw corrupt('a checkpoint needs origin, size and root');
  return `${origin}\n${size}\n${hash.toString('base64')}\n`;
}

/** LEDGER_CORRUPT for anything but three lines in the one form that `checkpointBody` writes: extension lines are not used here. */
export function parseCheckpoint(body: string): Checkpoint {
  const [, origin = '', digits = '', encoded = ''] = /^([^\s+]{1,200})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/u.exec(body) ?? [];
  const [size, root] = [Number(digits), fromBase64(encoded)];
  if (!origin || !root || !Number.isSafeInteger(size)) throw corrupt('not the three lines of a checkpoint');
  return { origin, size, root: root.toString('hex') };
}

/** The log's signature line, without LF. `privateKey`: Ed25519. The signature covers the body with its last LF. */
export function signNote(body: string, name: string, privateKey: KeyObject): string {
  return noteLine(name, 'log', privateKey, sign(null, Buffer.from(body), privateKey));
}

/** `— name base64(key id ‖ payload)`, the id being that of this key's public half. */
export function noteLine(name: string, type: LogVkey['type'], privateKey: KeyObject, payload: Buffer): string {
  const id = Buffer.from(keyId(name, type, rawPublicKey(privateKey)), 'hex');
  return `— ${name} ${Buffer.concat([id, payload]).toString('base64')}`;
}

/** Body, an empty line, the lines, each ended by LF. */
export const noteOf = (body: string, lines: readonly string[]): string => `${body}\n${lines.map((line) => `${line}\n`).join('')}`;

/** Splits a note at its last empty line, checking nothing but form. LEDGER_CORRUPT when it is not a note. */
export function parseNote(text: string): { readonly body: string; readonly lines: readonly NoteLine[] } {
  const split = text.lastIndexOf('\n\n');
  const body = text.slice(0, split + 1);
  if (split < 1 || !text.endsWith('\n') || !text.isWellFormed() || hasControl(body)) throw corrupt('not a signed note');
  const lines = text.slice(split + 2, -1).split('\n');
  return { body, lines: lines.map(parseNoteLine) };
}

/** One signature line, without LF. LEDGER_CORRUPT when it is none. */
export function parseNoteLine(line: string): NoteLine {
  const [, name = '', encoded = ''] = /^— ([^\s+]{1,200}) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (!name || !bytes || bytes.length < 5) throw corrupt('not a signature line');
  return { name, id: bytes.subarray(0, 4).toString('hex'), payload: bytes.subarray(4) };
}

/**
 * The note's body, and the keys of `vkeys` that signed it. Lines of other keys are ignored, as the format wants: they say nothing.
 * LEDGER_CORRUPT when the line of a known key (name and id) does not verify, or no known key signed.
 */
export function verifyNote(text: string, vkeys: readonly LogVkey[]): { readonly body: string; readonly signedBy: readonly LogVkey[] } {
  const { body, lines } = parseNote(text);
  const signedBy = new Set<LogVkey>();
  for (const line of lines) {
    for (const vkey of vkeys.filter(({ name, id }) => name === line.name && id === line.id)) {
      if (!lineHolds(body, line, vkey)) throw corrupt(`the signature of ${vkey.name} does not verify`);
      signedBy.add(vkey);
    }
  }
  if (signedBy.size === 0) throw corrupt('no known key signed the note');
  return { body, signedBy: [...signedBy] };
}

/** Does the line hold this key's signature over the body? A witness signs its time before it. */
export function lineHolds(body: string, line: NoteLine, vkey: LogVkey): boolean {
  if (line.name !== vkey.name || line.id !== vkey.id) return false;
  if (vkey.type === 'log') return line.payload.length === 64 && verify(null, Buffer.from(body), vkey.publicKey, line.payload);
  if (line.payload.length !== 8 + 64) return false;
  const text = cosignedText(body, line.payload.readBigUInt64BE());
  return verify(null, Buffer.from(text), vkey.publicKey, line.payload.subarray(8));
}

/** What a witness signs (C2SP tlog-cosignature, Ed25519). */
export const cosignedText = (body: string, timeSeconds: bigint): string => `cosignature/v1\ntime ${timeSeconds}\n${body}`;

const keyId = (name: string, type: LogVkey['type'], raw32: Uint8Array): string =>
  createHash('sha256').update(`${name}\n`).update(Uint8Array.of(typeByte[type])).update(raw32).digest('hex').slice(0, 8);

/** Bytes of the one base64 text that stands for them; undefined for any other. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

const hasControl = (text: string): boolean => [...text].some((sign) => sign < ' ' && sign !== '\n');

const corrupt = (detail: string): MigrationError => new MigrationError('LEDGER_CORRUPT', { operation: 'read checkpoint', detail });
const noVkey = (detail: string): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'read vkey', detail });
