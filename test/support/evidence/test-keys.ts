import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { armour, makeSshKey, signedText, sshString, sshsig, uint32 } from '../../../lab/ssh-key.ts';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import { type LogVkey, parseVkey, rawPublicKey, signNote, vkeyText } from '../../../src/ledger/signed-note.ts';

/** A person's key: all four types that a policy may name. `flags` are what a hardware key says of the person: 01 touched it, 04 gave the PIN. */
export interface PersonKey {
  readonly publicKey: string;
  sign(message: Buffer, namespace: string, flags?: number): string;
}

export type PersonKeyType = 'ed25519' | 'ecdsa' | 'sk-ed25519' | 'sk-ecdsa';

export function makePersonKey(type: PersonKeyType): PersonKey {
  if (type === 'ed25519') return makeSshKey();
  if (type === 'ecdsa') return p256Person();
  return hardwareKey(type);
}

function p256Person(): PersonKey {
  const { privateKey, point } = p256Pair();
  const wire = Buffer.concat([sshString('ecdsa-sha2-nistp256'), sshString('nistp256'), sshString(point)]);
  return {
    publicKey: `ecdsa-sha2-nistp256 ${wire.toString('base64')}`,
    sign: (message, namespace) => {
      const inner = Buffer.concat([sshString('ecdsa-sha2-nistp256'), sshString(ecdsaPair(signedText(message, namespace), privateKey))]);
      return armour(sshsig(wire, namespace, inner));
    },
  };
}

/** What `ssh-keygen -t ed25519-sk` and `ecdsa-sk` make, without the device. */
function hardwareKey(type: 'sk-ed25519' | 'sk-ecdsa'): PersonKey {
  const name = type === 'sk-ed25519' ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com';
  const { privateKey, ...pair } = type === 'sk-ed25519' ? generateKeyPairSync('ed25519') : p256Pair();
  const key = 'point' in pair ? Buffer.concat([sshString('nistp256'), sshString(pair.point)]) : sshString(rawPublicKey(privateKey));
  const wire = Buffer.concat([sshString(name), key, sshString('ssh:')]);
  return {
    publicKey: `${name} ${wire.toString('base64')}`,
    sign: (message, namespace, flags = 1) => {
      const shown = Buffer.concat([Buffer.of(flags), uint32(7)]);
      const text = Buffer.concat([sha256('ssh:'), shown, sha256(signedText(message, namespace))]);
      const signature = type === 'sk-ed25519' ? sign(null, text, privateKey) : ecdsaPair(text, privateKey);
      return armour(sshsig(wire, namespace, Buffer.concat([sshString(name), sshString(signature), shown])));
    },
  };
}

function p256Pair(): { readonly privateKey: KeyObject; readonly point: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, point: publicKey.export({ format: 'der', type: 'spki' }).subarray(-65) };
}

/** SSH writes r and s as two numbers. */
function ecdsaPair(text: Buffer, privateKey: KeyObject): Buffer {
  const raw = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([raw.subarray(0, 32), raw.subarray(32)].map((half) => sshString(positive(half))));
}

function positive(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const trimmed = bytes.subarray(Math.max(start, 0));
  return (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed;
}

const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

/** One generation of a log's keys, with the private ones, for attackers who own them. */
export interface SampleLogKeys {
  readonly vkey: LogVkey;
  readonly p256Spki: Buffer;
  /** What a `key.ceremony` record binds. */
  readonly ceremony: Buffer;
  sign(body: string): string;
  signP256(bytes: Uint8Array): Buffer;
  readonly private: { readonly log: KeyObject; readonly p256: KeyObject };
}

export function makeSampleLogKeys(origin: string, madeAt: string, previous?: SampleLogKeys): SampleLogKeys {
  const keys = { log: generateKeyPairSync('ed25519').privateKey, p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
  const vkey = parseVkey(vkeyText(origin, 'log', rawPublicKey(keys.log)));
  const p256Spki = createPublicKey(keys.p256).export({ format: 'der', type: 'spki' });
  const reason = previous ? 'rotation' : 'first';
  const ceremony = { v: 1, log: vkey.text, p256: p256Spki.toString('base64'), made_at: madeAt, reason, previous: previous?.vkey.text };
  return {
    vkey,
    p256Spki,
    ceremony: Buffer.from(`${canonicalJson(ceremony as CanonicalValue)}\n`),
    sign: (body) => signNote(body, origin, keys.log),
    signP256: (bytes) => sign('sha256', bytes, keys.p256),
    private: keys,
  };
}

/** A witness: its vkey and its key. */
export interface SampleWitness {
  readonly name: string;
  readonly org: string;
  readonly vkey: string;
  readonly privateKey: KeyObject;
}

export function makeSampleWitness(name: string, org: string): SampleWitness {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { name, org, vkey: vkeyText(name, 'witness', rawPublicKey(privateKey)), privateKey };
}
