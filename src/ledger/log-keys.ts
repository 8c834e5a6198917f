import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import { generationFolder, generationsIn, keyFiles, readKeyFile, readSecretFile, unusable, writeGeneration } from './key-folder.ts';
import { type LogVkey, parseVkey, rawPublicKey, signNote, vkeyText } from './signed-note.ts';

/** One generation of a log's keys. Private keys stay inside: what leaves are signatures. */
export interface LogKeys {
  /** From 1. */
  readonly generation: number;
  /** Its name is the log's origin. */
  readonly vkey: LogVkey;
  /** SPKI, DER. */
  readonly p256Spki: Buffer;
  /** The bytes of the file that a `key.ceremony` record binds, and their SHA-256 in hex. */
  readonly ceremony: Buffer;
  readonly ceremonyDigest: string;
  /** The signature line of a checkpoint, without LF. */
  sign(body: string): string;
  /** ECDSA P-256 over SHA-256 of the bytes, DER. */
  signP256(bytes: Uint8Array): Buffer;
}

export interface LogKeyStore {
  readonly current: LogKeys;
  /** From the first to the current one. */
  readonly generations: readonly LogKeys[];
}

export interface Ceremony {
  /** vkey text. */
  readonly log: string;
  readonly p256Spki: Buffer;
  /** RFC 3339, UTC, milliseconds. */
  readonly madeAt: string;
  readonly reason: 'first' | 'rotation';
  /** vkey text of the generation before. */
  readonly previous?: string | undefined;
}

/** Canonical JSON and LF (docs/bundle-format.md, section 2). */
export function ceremonyFile({ log, p256Spki, madeAt, reason, previous }: Ceremony): Buffer {
  return Buffer.from(`${canonicalJson({ v: 1, log, p256: p256Spki.toString('base64'), made_at: madeAt, reason, previous })}\n`);
}

/**
 * New keys of a log: Ed25519 for its checkpoints, P-256 beside it, and the ceremony file. `first` only where there are none,
 * `rotation` only where there are, of the same origin; those before stay, since they sign once more. LEDGER_KEYS otherwise.
 * After a crash they are whole or not there.
 */
export function makeLogKeys(folder: string, origin: string, reason: 'first' | 'rotation', nowMs: number = Date.now()): LogKeys {
  const previous = previousKeys(folder, origin, reason);
  const keys = { log: generateKeyPairSync('ed25519').privateKey, p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
  const vkey = parseVkey(vkeyText(origin, 'log', rawPublicKey(keys.log)));
  const madeAt = new Date(nowMs).toISOString();
  const ceremony = ceremonyFile({ log: vkey.text, p256Spki: spkiOf(keys.p256), madeAt, reason, previous: previous?.vkey.text });
  const generation = (previous?.generation ?? 0) + 1;
  writeGeneration(folder, generation, { [keyFiles.log]: pemOf(keys.log), [keyFiles.p256]: pemOf(keys.p256), [keyFiles.ceremony]: ceremony });
  return logKeysOf(generation, vkey, keys, ceremony);
}

/**
 * All generations in the folder, each checked: key files for their owner only, keys and ceremony of one make, each after the one before.
 * LEDGER_KEYS says what to do.
 */
export function loadLogKeys(folder: string): LogKeyStore {
  const generations: LogKeys[] = [];
  for (const generation of generationsIn(folder)) {
    if (generation !== generations.length + 1) throw unusable(`${generationFolder(generations.length + 1)} is missing: put it back from the safe copy`);
    generations.push(loadGeneration(folder, generation, generations.at(-1)?.vkey));
  }
  const current = generations.at(-1);
  if (!current) throw unusable('there are none in this folder: run "ecluse ledger init"');
  return { current, generations };
}

function previousKeys(folder: string, origin: string, reason: 'first' | 'rotation'): LogKeys | undefined {
  const isEmpty = generationsIn(folder).length === 0;
  if (reason === 'first') {
    if (isEmpty) return undefined;
    throw unusable('there are keys already, and they are never overwritten: to replace them, rotate them');
  }
  if (isEmpty) throw unusable('there are no keys to rotate: run "ecluse ledger init" first');
  const { current } = loadLogKeys(folder);
  if (current.vkey.name !== origin) throw unusable('the keys in this folder are those of another log: name the folder of this one');
  return current;
}

function loadGeneration(folder: string, generation: number, previous: LogVkey | undefined): LogKeys {
  const place = generationFolder(generation);
  const keys = {
    log: readKey(folder, `${place}/${keyFiles.log}`, ({ asymmetricKeyType }) => asymmetricKeyType === 'ed25519'),
    p256: readKey(folder, `${place}/${keyFiles.p256}`, ({ asymmetricKeyDetails }) => asymmetricKeyDetails?.namedCurve === 'prime256v1'),
  };
  const ceremony = readKeyFile(folder, `${place}/${keyFiles.ceremony}`);
  const vkey = vkeyOf(ceremony, keys, previous);
  if (!vkey) throw unusable(`${place}/${keyFiles.ceremony} does not belong to the keys beside it: put all three files back from one safe copy`);
  return logKeysOf(generation, vkey, keys, ceremony);
}

/** The vkey, when the ceremony file is the one that was made with these keys: written again from them it must be the same bytes. */
function vkeyOf(ceremony: Buffer, keys: KeyPair, previous: LogVkey | undefined): LogVkey | undefined {
  const { log, made_at: madeAt } = fieldsOf(ceremony);
  const name = typeof log === 'string' ? /^[^\s+]{1,200}(?=\+)/u.exec(log)?.[0] : undefined;
  if (name === undefined || typeof madeAt !== 'string' || !isMoment(madeAt)) return undefined;
  const vkey = parseVkey(vkeyText(name, 'log', rawPublicKey(keys.log)));
  const reason = previous ? 'rotation' : 'first';
  const expected = ceremonyFile({ log: vkey.text, p256Spki: spkiOf(keys.p256), madeAt, reason, previous: previous?.text });
  return expected.equals(ceremony) ? vkey : undefined;
}

/** Private keys: Ed25519 and P-256. */
export interface KeyPair {
  readonly log: KeyObject;
  readonly p256: KeyObject;
}

/** A generation from its keys, wherever they came from. */
export function logKeysOf(generation: number, vkey: LogVkey, keys: KeyPair, ceremony: Buffer): LogKeys {
  return {
    generation,
    vkey,
    p256Spki: spkiOf(keys.p256),
    ceremony,
    ceremonyDigest: createHash('sha256').update(ceremony).digest('hex'),
    sign: (body) => signNote(body, vkey.name, keys.log),
    signP256: (bytes) => sign('sha256', bytes, keys.p256),
  };
}

function readKey(folder: string, file: string, isOurs: (key: KeyObject) => boolean): KeyObject {
  const key = privateKeyOf(readSecretFile(folder, file));
  if (key && isOurs(key)) return key;
  throw unusable(`${file} does not hold the private key it should: put it back from the safe copy`);
}

function privateKeyOf(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // Its message could quote the file.
    return undefined;
  }
}

function fieldsOf(ceremony: Buffer): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(ceremony.toString('utf8')));
  } catch {
    return {};
  }
}

/** SPKI, DER, of a private key's public half. */
export const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' });
const pemOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
const isMoment = (text: string): boolean => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
