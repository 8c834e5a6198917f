import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import { errorCodes, nonRetryableCodes } from '../../../src/core/error-codes.ts';
import { isFinal, isLegalMove, letsNextWaveStart, mayOrder } from '../../../src/core/lifecycle.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';

describe('the lifecycle', () => {
  it('knows no way back after finalize, and none over the cutover gate', () => {
    expect(isLegalMove('finalized', 'rolled back')).toBe(false);
    expect(isLegalMove('replicating', 'cut over')).toBe(false);
    expect(isLegalMove('ready for cutover', 'cut over')).toBe(false);
    expect(isLegalMove('cutting over', 'ready for cutover')).toBe(true);
  });

  it('takes each order only where it makes sense', () => {
    expect(mayOrder('cutover', 'replicating')).toBe(false);
    expect(mayOrder('rollback', 'cut over')).toBe(true);
    expect(mayOrder('rollback', 'finalized')).toBe(false);
    expect(mayOrder('discard', 'cut over')).toBe(false);
    expect(mayOrder('finalize', 'ready for cutover')).toBe(false);
  });

  it('lets the next wave start when the earlier one is ready, and ends where nothing can follow', () => {
    expect(letsNextWaveStart('replicating')).toBe(false);
    expect(letsNextWaveStart('ready for cutover')).toBe(true);
    expect(['finalized', 'discarded'].map((state) => isFinal(state as 'finalized'))).toEqual([true, true]);
    expect(isFinal('rolled back')).toBe(false);
  });
});

describe('error codes', () => {
  it('never retry a refused credential blindly', () => {
    expect(nonRetryableCodes).toContain('CREDENTIALS_REFUSED');
    expect(nonRetryableCodes).not.toContain('UNAVAILABLE');
  });

  it('say what was done, where, and what follows', () => {
    const error = new MigrationError('BUCKET_MISSING', { operation: 'ListObjectsV2', source: 'aws/records', detail: '404 NoSuchBucket' });
    expect(error.message).toBe(`ListObjectsV2 from aws/records: ${errorCodes.BUCKET_MISSING.sentence} (404 NoSuchBucket)`);
  });
});

describe('canonical JSON', () => {
  const value: fc.Arbitrary<CanonicalValue> = fc.letrec<{ value: CanonicalValue }>((tie) => ({
    value: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z0-9_]{1,8}$/), tie('value'), { maxKeys: 5 }),
    ),
  })).value;

  it('is one byte sequence whatever the order of the keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z0-9_]{1,8}$/), value), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(object));
        expect(JSON.parse(canonicalJson(object))).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  it('refuses what two parsers could read differently', () => {
    for (const bad of [1.5, 2 ** 53, '\ud800', null, undefined]) expect(() => canonicalJson({ bad: [bad as unknown as string] })).toThrow();
  });
});
