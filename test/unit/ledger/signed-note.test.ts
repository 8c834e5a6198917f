import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkpointBody,
  noteLine,
  noteOf,
  parseCheckpoint,
  parseNote,
  parseVkey,
  rawPublicKey,
  signNote,
  verifyNote,
  vkeyText,
} from '../../../src/ledger/signed-note.ts';
import { countingSeed, keyOfSeed, vector } from './keys-of-vectors.ts';

const { logName, logKey, logVkey, witnessVkey, note, root7 } = vector;
const [log, witness] = [parseVkey(logVkey), parseVkey(witnessVkey)];
const body = checkpointBody({ origin: logName, size: 7, root: root7 });
const [logLine = '', witnessLine = ''] = note.split('\n\n')[1]?.split('\n') ?? [];
const corrupt = expect.objectContaining({ code: 'LEDGER_CORRUPT' });
const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' });

describe('a vkey', () => {
  it('is that of the vectors, and is read back', () => {
    expect(vkeyText(logName, 'log', rawPublicKey(logKey))).toBe(logVkey);
    expect(log).toMatchObject({ name: logName, id: 'f51b17fe', type: 'log', text: logVkey });
    expect(witness).toMatchObject({ name: 'witness.example/w1', id: '20324abe', type: 'witness' });
    expect(rawPublicKey(log.publicKey)).toEqual(rawPublicKey(logKey));
  });

  it.each([
    ['nothing', ''],
    ['another id', logVkey.replace('f51b17fe', 'f51b17ff')],
    ['an id in capitals', logVkey.replace('f51b17fe', 'F51B17FE')],
    ['another name', `x${logVkey}`],
    ['a name with a plus', logVkey.replace('log/', 'log+')],
    ['a name with a space', logVkey.replace('log/', 'log ')],
    ['a byte more', `${logVkey}AAAA`],
    ['an LF', `${logVkey}\n`],
    ['another type', witnessVkey.replace('+BC', '+Bi')],
    ['base64 of two forms', logVkey.replace(/4$/, '5=')],
  ])('with %s is refused', (_, text) => {
    expect(() => parseVkey(text)).toThrow(invalid);
  });

  it('is not made for a name or a key out of form', () => {
    expect(() => vkeyText('a b', 'log', rawPublicKey(logKey))).toThrow(invalid);
    expect(() => vkeyText('a', 'log', Buffer.alloc(31))).toThrow(invalid);
  });
});

describe('a checkpoint', () => {
  it('is that of the vectors, from hex or bytes', () => {
    expect(note.startsWith(`${body}\n`)).toBe(true);
    expect(checkpointBody({ origin: logName, size: 7, root: Buffer.from(root7, 'hex') })).toBe(body);
    expect(parseCheckpoint(body)).toEqual({ origin: logName, size: 7, root: root7 });
  });

  it('comes back from its body, whatever it says', () => {
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.maxSafeNat(), root, (size, bytes) => {
        expect(parseCheckpoint(checkpointBody({ origin: 'o', size, root: bytes }))).toEqual({ origin: 'o', size, root: Buffer.from(bytes).toString('hex') });
      }),
    );
  });

  it.each([
    ['a leading zero', body.replace('\n7\n', '\n07\n')],
    ['a sign', body.replace('\n7\n', '\n+7\n')],
    ['a size above 2^53', body.replace('\n7\n', '\n9007199254740992\n')],
    ['an extension line', `${body}more\n`],
    ['no last LF', body.slice(0, -1)],
    ['CRLF', body.replaceAll('\n', '\r\n')],
    ['a hash of 31 bytes', body.replace('FY=', 'A==')],
    ['base64 of two forms', body.replace('FY=', 'FZ=')],
    ['no origin', body.replace(logName, '')],
  ])('with %s is refused', (_, text) => {
    expect(text).not.toBe(body);
    expect(() => parseCheckpoint(text)).toThrow(corrupt);
  });

  it.each([-1, 1.5, 2 ** 53])('has no size %p', (size) => {
    expect(() => checkpointBody({ origin: logName, size, root: root7 })).toThrow(corrupt);
  });
});

describe('a note', () => {
  it('is that of the vectors', () => {
    expect(signNote(body, logName, logKey)).toBe(logLine);
    expect(noteOf(body, [logLine, witnessLine])).toBe(note);
    expect(parseNote(note)).toMatchObject({ body, lines: [{ name: logName, id: 'f51b17fe' }, { id: '20324abe' }] });
  });

  it('names the known keys that signed it, and ignores the others', () => {
    expect(verifyNote(note, [witness, log])).toEqual({ body, signedBy: [log, witness] });
    expect(verifyNote(note, [log]).signedBy).toEqual([log]);
    const namesake = parseVkey(vkeyText(logName, 'log', rawPublicKey(keyOfSeed(countingSeed(1)))));
    expect(verifyNote(note, [log, namesake]).signedBy).toEqual([log]);
    expect(verifyNote(noteOf(body, [logLine, logLine]), [log]).signedBy).toEqual([log]);
  });

  it('is split at its last empty line', () => {
    const long = `one\n\ntwo\n`;
    const signed = noteOf(long, [signNote(long, logName, logKey)]);
    expect(parseNote(signed).body).toBe(long);
    expect(verifyNote(signed, [log]).body).toBe(long);
  });

  it.each([
    ['another body', note.replace('\n7\n', '\n8\n')],
    ['another signature', note.replace('9RsX/iRb', '9RsX/iRc')],
    ['another time of the witness', note.replace('IDJKvgAAAABrDn6P', 'IDJKvgAAAABrDn6Q')],
    [
      'a known key that fails behind one that holds',
      `${note}— ${logName} ${Buffer.concat([Buffer.from('f51b17fe', 'hex'), Buffer.alloc(64)]).toString('base64')}\n`,
    ],
    ['a shorter signature', noteOf(body, [`— ${logName} ${Buffer.from('f51b17fe00', 'hex').toString('base64')}`])],
    ['nobody known', noteOf(body, [noteLine('x', 'log', logKey, Buffer.alloc(64))])],
    ['a cosignature as the log’s', noteOf(body, [noteLine('witness.example/w1', 'log', vector.witnessKey, Buffer.alloc(64))])],
  ])('with %s is refused', (_, text) => {
    expect(() => verifyNote(text, [log, witness])).toThrow(corrupt);
  });

  it.each([
    ['no signature', `${body}\n`],
    ['no empty line', `${body}${logLine}\n`],
    ['no last LF', note.slice(0, -1)],
    ['CRLF', note.replaceAll('\n', '\r\n')],
    ['a hyphen for a dash', note.replaceAll('—', '-')],
    ['two spaces', note.replace('— e', '—  e')],
    ['base64 of two forms', note.replace('QQ=\n', 'QR=\n')],
    ['a control character in its body', note.replace('\n7\n', '\n7\u0007\n')],
    ['an empty body', `\n\n${logLine}\n`],
  ])('of %s is none', (_, text) => {
    expect(text).not.toBe(note);
    expect(() => parseNote(text)).toThrow(corrupt);
  });

  it('holds for its own body and key only', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.maxSafeNat(), (bytes, size) => {
        const key = keyOfSeed(Buffer.from(bytes));
        const vkey = parseVkey(vkeyText('l', 'log', rawPublicKey(key)));
        const own = checkpointBody({ origin: 'l', size, root: root7 });
        const line = signNote(own, 'l', key);
        expect(verifyNote(noteOf(own, [line]), [vkey]).signedBy).toEqual([vkey]);
        expect(() => verifyNote(noteOf(own.replace('l\n', 'm\n'), [line]), [vkey])).toThrow(corrupt);
      }),
      { numRuns: 30 },
    );
  });
});
