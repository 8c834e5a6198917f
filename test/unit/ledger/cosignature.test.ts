import { describe, expect, it } from '@jest/globals';
import { cosignLine, verifyCosignature } from '../../../src/ledger/cosignature.ts';
import { checkpointBody, noteLine, parseVkey, signNote } from '../../../src/ledger/signed-note.ts';
import { vector } from './keys-of-vectors.ts';

const { logName, logKey, logVkey, witnessName, witnessKey, witnessVkey, cosignedAtSeconds, root7 } = vector;
const body = checkpointBody({ origin: logName, size: 7, root: root7 });
const witness = parseVkey(witnessVkey);
const line = vector.note.split('\n').at(-2) ?? '';
const refused = expect.objectContaining({ code: 'WITNESS_REFUSED' });

describe('a cosignature', () => {
  it('is that of the vectors', () => {
    expect(cosignLine(body, witnessName, witnessKey, cosignedAtSeconds)).toBe(line);
    expect(verifyCosignature(body, line, witness)).toEqual({ timeMs: cosignedAtSeconds * 1000 });
  });

  it.each([
    ['another body', body.replace('7', '8'), line, witness],
    ['another time', body, cosignLine(body, witnessName, witnessKey, cosignedAtSeconds).replace('rDn6P', 'rDn6Q'), witness],
    ['another name', body, cosignLine(body, 'witness.example/w2', witnessKey, cosignedAtSeconds), witness],
    ['another key', body, cosignLine(body, witnessName, logKey, cosignedAtSeconds), witness],
    ['the signature of a log', body, signNote(body, logName, logKey), parseVkey(logVkey)],
    ['a log’s signature under a witness’s id', body, noteLine(witnessName, 'witness', witnessKey, Buffer.alloc(64)), witness],
    ['a time of the year 292,277,026,596', body, cosignLine(body, witnessName, witnessKey, 2 ** 53 - 1), witness],
    ['an LF behind it', body, `${line}\n`, witness],
    ['something else', body, 'no line', witness],
  ])('with %s is refused', (_, text, given, vkey) => {
    expect(() => verifyCosignature(text, given, vkey)).toThrow(refused);
  });
});
