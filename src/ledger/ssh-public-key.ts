import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { MigrationError } from '../core/migration-error.ts';
import { type SshReader, sshReader } from './ssh-wire.ts';

export const sshKeyTypes = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const;
export type SshKeyType = (typeof sshKeyTypes)[number];

export interface SshPublicKey {
  readonly type: SshKeyType;
  /** The key as SSH messages hold it: the bytes behind the base64. */
  readonly wire: Buffer;
  readonly publicKey: KeyObject;
  /** Of a hardware key: what it was made for, usually `ssh:`. */
  readonly application?: string;
  /** `SHA256:` and base64 without padding, as ssh-keygen prints it. */
  readonly fingerprint: string;
}

/** One line as in `id_ed25519.pub`, without comment. CONFIG_INVALID when it is not a key of the four types. */
export function parseSshPublicKey(line: string): SshPublicKey {
  const [, name, encoded = ''] = /^(\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  const type = sshKeyTypes.find((known) => known === name);
  const wire = Buffer.from(encoded, 'base64');
  if (!type || wire.toString('base64') !== encoded) throw noKey(`not one of ${sshKeyTypes.join(', ')} and its base64`);
  try {
    const fingerprint = `SHA256:${createHash('sha256').update(wire).digest('base64').replace(/=+$/, '')}`;
    return { type, wire, fingerprint, ...parseWire(type, wire) };
  } catch (cause) {
    throw noKey(`the base64 does not hold a key of type ${type}`, cause);
  }
}

function parseWire(type: SshKeyType, wire: Buffer): Pick<SshPublicKey, 'publicKey' | 'application'> {
  const reader = sshReader(wire);
  if (reader.text() !== type) throw new RangeError('another type inside');
  const publicKey = type.includes('ecdsa') ? p256Key(reader) : ed25519Key(reader);
  const application = type.startsWith('sk-') ? { application: reader.text() } : {};
  reader.end();
  return { publicKey, ...application };
}

function ed25519Key(reader: SshReader): KeyObject {
  const raw = reader.string();
  if (raw.length !== 32) throw new RangeError('not 32 bytes');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
}

/** A point outside the curve is refused by OpenSSL. */
function p256Key(reader: SshReader): KeyObject {
  const [curve, point] = [reader.text(), reader.string()];
  if (curve !== 'nistp256' || point.length !== 65 || point[0] !== 4) throw new RangeError('not an uncompressed point of P-256');
  const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

const noKey = (detail: string, cause?: unknown): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'read SSH key', detail, cause });
