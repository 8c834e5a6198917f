import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isMigrationError } from '../../../src/core/migration-error.ts';
import { loadLogKeys, makeLogKeys } from '../../../src/ledger/log-keys.ts';
import { checkpointBody, noteOf, verifyNote } from '../../../src/ledger/signed-note.ts';
import { vector } from './keys-of-vectors.ts';

const origin = 'ecluse.example/log/demo';
const madeAtMs = Date.parse('2026-12-01T08:00:00.000Z');
const body = checkpointBody({ origin, size: 7, root: vector.root7 });

let ground: string;
let folder: string;
beforeEach(() => {
  ground = mkdtempSync(join(tmpdir(), 'ecluse-keys-'));
  folder = join(ground, 'keys');
});
afterEach(() => rmSync(ground, { recursive: true }));

const refusedSaying = (advice: RegExp) =>
  expect.objectContaining({ code: 'LEDGER_KEYS', context: expect.objectContaining({ detail: expect.stringMatching(advice) }) });
const inFirst = (name: string): string => join(folder, 'generation-1', name);

describe('the keys of a log', () => {
  it('are made once, for their owner only, and read back', () => {
    const made = makeLogKeys(folder, origin, 'first', madeAtMs);
    const { current, generations } = loadLogKeys(folder);
    expect(generations).toEqual([current]);
    expect(current).toMatchObject({ generation: 1, vkey: { name: origin, type: 'log', text: made.vkey.text }, ceremonyDigest: made.ceremonyDigest });
    for (const name of ['log.key', 'p256.key']) expect(statSync(inFirst(name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(inFirst('log.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(readdirSync(folder)).toEqual(['generation-1']);
  });

  it('come with the file of their ceremony', () => {
    const { ceremony, vkey, p256Spki } = makeLogKeys(folder, origin, 'first', madeAtMs);
    const p256 = p256Spki.toString('base64');
    expect(ceremony.toString()).toBe(`{"log":"${vkey.text}","made_at":"2026-12-01T08:00:00.000Z","p256":"${p256}","reason":"first","v":1}\n`);
    expect(readFileSync(inFirst('ceremony.json'))).toEqual(ceremony);
  });

  it('sign a checkpoint and the file that holds it', () => {
    makeLogKeys(folder, origin, 'first');
    const { current } = loadLogKeys(folder);
    const note = Buffer.from(noteOf(body, [current.sign(body)]));
    expect(verifyNote(note.toString(), [current.vkey]).signedBy).toEqual([current.vkey]);
    const p256 = createPublicKey({ key: current.p256Spki, format: 'der', type: 'spki' });
    expect(verify('sha256', note, p256, current.signP256(note))).toBe(true);
    expect(verify('sha256', Buffer.from('other'), p256, current.signP256(note))).toBe(false);
  });

  it('are rotated by adding a generation that names the one before', () => {
    const first = makeLogKeys(folder, origin, 'first', madeAtMs);
    const before = readFileSync(inFirst('log.key'));
    const second = makeLogKeys(folder, origin, 'rotation', madeAtMs + 1);
    expect(JSON.parse(second.ceremony.toString())).toMatchObject({ reason: 'rotation', previous: first.vkey.text, log: second.vkey.text });
    const { current, generations } = loadLogKeys(folder);
    expect(current.vkey.text).toBe(second.vkey.text);
    expect(generations.map(({ vkey }) => vkey.text)).toEqual([first.vkey.text, second.vkey.text]);
    expect(verifyNote(noteOf(body, [first.sign(body)]), [first.vkey]).body).toBe(body);
    expect(readFileSync(inFirst('log.key'))).toEqual(before);
  });

  it('are never overwritten, nor mixed with those of another log', () => {
    expect(() => makeLogKeys(folder, origin, 'rotation')).toThrow(refusedSaying(/ledger init/));
    const { vkey } = makeLogKeys(folder, origin, 'first');
    expect(() => makeLogKeys(folder, origin, 'first')).toThrow(refusedSaying(/rotate/));
    expect(() => makeLogKeys(folder, 'ecluse.example/log/other', 'rotation')).toThrow(refusedSaying(/another log/));
    expect(loadLogKeys(folder).current.vkey.text).toBe(vkey.text);
  });

  it('that were not made are asked for', () => {
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/ledger init/));
    mkdirSync(folder);
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/ledger init/));
  });
});

describe('a crash while keys are made', () => {
  it.each([[[]], [['log.key']], [['log.key', 'p256.key']], [['log.key', 'p256.key', 'ceremony.json']]])('behind %p leaves nothing that is used', (files) => {
    const rehearsal = join(ground, 'rehearsal');
    makeLogKeys(rehearsal, origin, 'first');
    const half = join(folder, '.making-0123456789ab');
    mkdirSync(half, { recursive: true });
    for (const name of files) cpSync(join(rehearsal, 'generation-1', name), join(half, name));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/ledger init/));
    const { vkey } = makeLogKeys(folder, origin, 'first');
    expect(existsSync(half)).toBe(false);
    expect(loadLogKeys(folder).current.vkey.text).toBe(vkey.text);
  });
});

describe('keys in disorder', () => {
  it.each([0o640, 0o604, 0o620, 0o601])('that others may use (mode %p) are refused', (mode) => {
    makeLogKeys(folder, origin, 'first');
    chmodSync(inFirst('p256.key'), mode);
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/generation-1\/p256\.key: chmod 600/));
  });

  it.each(['log.key', 'p256.key', 'ceremony.json'])('are refused without %s', (name) => {
    makeLogKeys(folder, origin, 'first');
    rmSync(inFirst(name));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(new RegExp(`${name} .*ENOENT.*safe copy`)));
  });

  it.each(['log.key', 'p256.key', 'ceremony.json'])('are refused with %s of others', (name) => {
    makeLogKeys(folder, origin, 'first', madeAtMs);
    makeLogKeys(join(ground, 'others'), origin, 'first', madeAtMs);
    cpSync(join(ground, 'others', 'generation-1', name), inFirst(name));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/safe copy/));
  });

  it('are refused with one key in the place of the other', () => {
    makeLogKeys(folder, origin, 'first');
    cpSync(inFirst('p256.key'), inFirst('log.key'));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/log\.key does not hold/));
    writeFileSync(inFirst('log.key'), 'secret stuff');
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/log\.key does not hold/));
  });

  it.each([
    ['a field more', (text: string) => text.replace('"v":1', '"v":1,"w":1')],
    ['another version', (text: string) => text.replace('"v":1', '"v":2')],
    ['another form', (text: string) => text.replace(':', ': ')],
    ['another name', (text: string) => text.replace('demo+', 'dema+')],
    ['another time', (text: string) => text.replace('08:00:00.000Z', '08:00Z')],
    ['no last LF', (text: string) => text.trimEnd()],
    ['null', () => 'null\n'],
    ['nothing', () => ''],
  ])('are refused when their ceremony has %s', (_, change) => {
    makeLogKeys(folder, origin, 'first', madeAtMs);
    const text = readFileSync(inFirst('ceremony.json'), 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(inFirst('ceremony.json'), change(text));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/ceremony\.json does not belong/));
  });

  it('are refused when a generation is missing or stands in the place of another', () => {
    for (const reason of ['first', 'rotation', 'rotation'] as const) makeLogKeys(folder, origin, reason);
    renameSync(join(folder, 'generation-2'), join(ground, 'aside'));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/generation-2 is missing/));
    renameSync(join(folder, 'generation-3'), join(folder, 'generation-2'));
    expect(() => loadLogKeys(folder)).toThrow(refusedSaying(/generation-2\/ceremony\.json does not belong/));
  });

  it('never show a path or a key in what they say', () => {
    writeFileSync(folder, 'no folder');
    for (const act of [() => loadLogKeys(folder), () => makeLogKeys(folder, origin, 'first')]) {
      const error = thrownBy(act);
      expect(isMigrationError(error, 'LEDGER_KEYS')).toBe(true);
      expect(String(error) + String((error as Error).cause)).not.toContain(ground);
    }
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
