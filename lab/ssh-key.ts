import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A person's key without `ssh-keygen`: what `ssh-keygen -t ed25519` makes and `ssh-keygen -Y sign` answers. */
export interface SshKey {
  /** As in `id_ed25519.pub`, without comment. */
  readonly publicKey: string;
  /** The armoured SSHSIG over `message`, ended by LF. */
  sign(message: Buffer, namespace: string): string;
}

/** A new key; with `seed` (32 bytes) always the same one. */
export function makeSshKey(seed?: Buffer): SshKey {
  const privateKey = seed ? fromSeed(seed) : generateKeyPairSync('ed25519').privateKey;
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const wire = Buffer.concat([sshString('ssh-ed25519'), sshString(raw)]);
  return {
    publicKey: `ssh-ed25519 ${wire.toString('base64')}`,
    sign: (message, namespace) => {
      const signature = sign(null, signedText(message, namespace), privateKey);
      return armour(sshsig(wire, namespace, Buffer.concat([sshString('ssh-ed25519'), sshString(signature)])));
    },
  };
}

/** What a key signs for a message (PROTOCOL.sshsig): never the message itself, so that no other protocol can take it for its own. */
export function signedText(message: Buffer, namespace: string, hash: 'sha256' | 'sha512' = 'sha512'): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, '', hash, digest].map(sshString)]);
}

/** The blob that the armour holds. `signature`: the inner signature in its wire form. */
export function sshsig(wire: Buffer, namespace: string, signature: Buffer, hash: 'sha256' | 'sha512' = 'sha512'): Buffer {
  return Buffer.concat([Buffer.from('SSHSIG'), uint32(1), ...[wire, namespace, '', hash, signature].map(sshString)]);
}

/** As ssh-keygen writes it: 70 signs a line. */
export function armour(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `${['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----'].join('\n')}\n`;
}

/** Length in four bytes, then the bytes. */
export function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function fromSeed(seed: Buffer): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}
