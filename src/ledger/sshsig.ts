import { createHash, verify } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';
import type { SshPublicKey } from './ssh-public-key.ts';
import { fixedMpint, sshReader, sshString } from './ssh-wire.ts';

export { parseSshPublicKey, type SshPublicKey } from './ssh-public-key.ts';

type SshHash = 'sha256' | 'sha512';

/** What a hardware key says about the moment of signing. */
export interface SshPresence {
  readonly touch: boolean;
  readonly pin: boolean;
}

export interface VerifiedSshsig {
  readonly hash: SshHash;
  /** Only of `sk-` keys. ssh-keygen does not demand them: whoever needs them looks here. */
  readonly flags?: SshPresence;
}

interface Sshsig {
  readonly wire: Buffer;
  readonly namespace: string;
  readonly reserved: Buffer;
  readonly hash: string;
  /** Type and bytes of the inner signature, then what hardware keys add. */
  readonly signature: Buffer;
}

const magic = Buffer.from('SSHSIG');

/**
 * Checks what `ssh-keygen -Y sign -n namespace` made over `message` by `key` (OpenSSH, PROTOCOL.sshsig). When the key may be used is not asked here.
 * APPROVAL_REFUSED, its detail beginning with: `not an SSHSIG`, `unsupported`, `other key`, `other namespace`, `bad signature`.
 */
export function verifySshsig(asked: {
  readonly armoured: string;
  readonly message: Uint8Array;
  readonly namespace: string;
  readonly key: SshPublicKey;
}): VerifiedSshsig {
  const { message, namespace, key } = asked;
  const signed = parsed(() => parseSshsig(asked.armoured));
  if (!signed.wire.equals(key.wire)) throw refused('other key: it was not made by the key that the policy names');
  if (signed.namespace !== namespace) throw refused(`other namespace: sign with -n ${namespace}`);
  if (!isHash(signed.hash)) throw refused('unsupported: neither sha256 nor sha512');
  if (signed.reserved.length > 0) throw refused('unsupported: the reserved field is not empty');
  const digest = createHash(signed.hash).update(message).digest();
  const text = Buffer.concat([magic, ...[namespace, '', signed.hash, digest].map(sshString)]);
  return { hash: signed.hash, ...verifyInner(signed.signature, text, key) };
}

/** Armour and blob in the one form that OpenSSH writes; RangeError for any other. */
function parseSshsig(armoured: string): Sshsig {
  const [, base64 = ''] = /^-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?$/.exec(armoured) ?? [];
  const encoded = base64.replaceAll('\n', '');
  const blob = Buffer.from(encoded, 'base64');
  if (!encoded || blob.toString('base64') !== encoded) throw new RangeError('no armour, or no base64 in it');
  const reader = sshReader(blob);
  if (!reader.bytes(magic.length).equals(magic) || reader.uint32() !== 1) throw new RangeError('not version 1');
  const sshsig = { wire: reader.string(), namespace: reader.text(), reserved: reader.string(), hash: reader.text(), signature: reader.string() };
  reader.end();
  return sshsig;
}

function verifyInner(signature: Buffer, text: Buffer, { type, publicKey, application }: SshPublicKey): { readonly flags?: SshPresence } {
  const inner = parsed(() => parseInner(signature, application !== undefined));
  // Among them webauthn-sk-…, which browsers make: it signs another text.
  if (inner.type !== type) throw refused('unsupported: the signature is of another type than its key');
  const { hardware } = inner;
  const signed = hardware ? Buffer.concat([sha256(application ?? ''), hardware.tail, sha256(text)]) : text;
  const holds = type.includes('ecdsa')
    ? verify(
        'sha256',
        signed,
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        parsed(() => p1363(inner.bytes)),
      )
    : inner.bytes.length === 64 && verify(null, signed, publicKey, inner.bytes);
  if (!holds) throw refused('bad signature: this is not what was signed');
  return hardware ? { flags: { touch: (hardware.flags & 0x01) !== 0, pin: (hardware.flags & 0x04) !== 0 } } : {};
}

/** A hardware key adds a byte of flags and a counter of four, and signs them. */
function parseInner(signature: Buffer, isHardware: boolean) {
  const reader = sshReader(signature);
  const [type, bytes] = [reader.text(), reader.string()];
  const tail = isHardware ? reader.bytes(5) : undefined;
  reader.end();
  return { type, bytes, hardware: tail && { tail, flags: tail.readUInt8() } };
}

function p1363(bytes: Buffer): Buffer {
  const reader = sshReader(bytes);
  const halves = [reader.string(), reader.string()];
  reader.end();
  return Buffer.concat(halves.map(fixedMpint));
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw refused(`not an SSHSIG: ${cause instanceof RangeError ? cause.message : 'unreadable'}`, cause);
  }
}

const isHash = (name: string): name is SshHash => name === 'sha256' || name === 'sha512';
const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();
const refused = (detail: string, cause?: unknown): MigrationError => new MigrationError('APPROVAL_REFUSED', { operation: 'check approval', detail, cause });
