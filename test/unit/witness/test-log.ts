import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { consistencyProof, leafHash, merkleRoot } from '../../../src/ledger/tree.ts';

/** A log made by hand: its notes are signed here, not by the code that the product signs with. */
export interface TestLog {
  readonly vkey: string;
  note(size: number): string;
  proof(from: number, to: number): readonly Buffer[];
}

const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
export const keyOfSeed = (firstByte: number) =>
  createPrivateKey({ key: Buffer.concat([seedPrefix, Buffer.from(Array.from({ length: 32 }, (_, i) => firstByte + i))]), format: 'der', type: 'pkcs8' });

export const origin = 'ecluse.example/log/demo';

/** `word`: which history. Two logs of one seed and different words are a fork. */
export function testLog({ word = 'a', seed = 0, name = origin } = {}): TestLog {
  const key = keyOfSeed(seed);
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(1), raw]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  const leaves = (size: number) => Array.from({ length: size }, (_, i) => leafHash(createHash('sha256').update(`${word} ${i}`).digest()));
  return {
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    note(size) {
      const body = `${name}\n${size}\n${merkleRoot(leaves(size)).toString('base64')}\n`;
      return `${body}\n— ${name} ${Buffer.concat([id, sign(null, Buffer.from(body), key)]).toString('base64')}\n`;
    },
    proof: (from, to) => (from === 0 || from === to ? [] : consistencyProof(from, leaves(to))),
  };
}

/** The body of an add-checkpoint request. */
export const request = (old: number | string, proof: readonly Buffer[], note: string): string =>
  `${[`old ${old}`, ...proof.map((hash) => hash.toString('base64'))].join('\n')}\n\n${note}`;
