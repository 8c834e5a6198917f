import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys } from '../../../src/core/compare-keys.ts';
import { keyFindings, looseForm } from '../../../src/core/key-rules.ts';
import { losses } from '../../../src/core/loss.ts';

const key = fc.string({ unit: 'grapheme', maxLength: 12 });

describe('compareKeys', () => {
  it('orders as the UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 6 }), (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      { numRuns: 2000 },
    );
    expect(compareKeys('\uffee', '\u{1f600}')).toBeLessThan(0);
    expect(compareKeys('a', 'ab')).toBeLessThan(0);
  });
});

describe('keyFindings', () => {
  it.each([
    ['plain/file-1.tar.gz', []],
    ['.hidden/...dots', []],
    ['dir/', []],
    ['é/日本', []],
    ['/a', ['KEY_LEADING_SLASH']],
    ['a//b', ['KEY_DOUBLE_SLASH']],
    ['.', ['KEY_DOT_SEGMENT']],
    ['a/../b', ['KEY_DOT_SEGMENT']],
    ['a\\b', ['KEY_BACKSLASH']],
    ['a\nb', ['KEY_CONTROL_CHARACTER']],
    ['\u0085', ['KEY_CONTROL_CHARACTER']],
    ['x'.repeat(255), []],
    ['x'.repeat(256), ['KEY_SEGMENT_LONG']],
    ['é'.repeat(128), ['KEY_SEGMENT_LONG']],
    [`${'x'.repeat(200)}/`.repeat(6), ['KEY_TOO_LONG']],
  ])('finds in %j: %j', (text, codes) => {
    expect(keyFindings(text)).toEqual(codes);
  });

  it('takes its short way only for keys without findings', () => {
    const slow = (text: string): boolean =>
      text.startsWith('/') ||
      text.includes('//') ||
      text.includes('\\') ||
      text.split('/').some((part) => part === '.' || part === '..' || Buffer.byteLength(part) > 255) ||
      [...text].some((sign) => /\p{Cc}/u.test(sign)) ||
      Buffer.byteLength(text) > 1024;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '\\', 'é', '\n', 'x'.repeat(120), '\u{1f600}', '-'), maxLength: 14 }), (text) => {
        expect(keyFindings(text).length > 0).toBe(slow(text));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('looseForm', () => {
  it.each([
    ['a//b', 'a/b'],
    ['/a', 'a'],
    ['a/', 'a'],
    ['a/./b', 'a/b'],
    ['x/../a', 'a'],
    ['a\\b', 'a/b'],
    ['cafe\u0301', 'caf\u00e9'],
  ])('takes %j and %j for one', (odd, plain) => {
    expect(looseForm(odd)).toBe(looseForm(plain));
  });

  it('is stable', () => {
    fc.assert(fc.property(key, (text) => looseForm(looseForm(text)) === looseForm(text)));
  });
});

it('every loss has its sentence in both languages', () => {
  for (const { en, fr } of Object.values(losses)) expect([en, fr].every((text) => /^[A-ZÉ«A].*\.$/.test(text))).toBe(true);
});
