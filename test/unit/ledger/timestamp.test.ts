import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AuthorityOptions, isOpensslThere, makeAuthority, replyTo } from '../../../lab/tsa.ts';
import { writeDer } from '../../../src/ledger/der.ts';
import { readTimestamp, timestampQuery, verifyTimestamp } from '../../../src/ledger/timestamp.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { forge, infoOf, opensslTakes } from './forged-token.ts';

const withOpenssl = loudSuite(() => (isOpensslThere() ? { access: true } : { missing: 'openssl 3 is not on PATH' }));
const data = Buffer.from('ecluse.example/log/demo\n7\n');
const nonce = Buffer.from('00f1e2d3c4b5a697', 'hex');
const yearMs = 365 * 86_400_000;

withOpenssl('a timestamp, beside openssl ts', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'ecluse-tsa-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function authority(name: string, options: AuthorityOptions = {}): { readonly folder: string; readonly caPem: string } {
    const folder = path.join(root, name);
    makeAuthority(folder, options);
    return { folder, caPem: readFileSync(path.join(folder, 'root.pem'), 'utf8') };
  }
  const failing = (act: () => unknown): string => {
    try {
      act();
      return 'verified';
    } catch (error) {
      const { code, context } = error as { code?: string; context?: { detail?: string } };
      return `${code} ${context?.detail}`;
    }
  };

  it.each<[string, AuthorityOptions]>([
    ['EC', {}],
    ['RSA', { key: 'rsa' }],
    ['EC, SHA-384, an intermediate', { digest: 'sha384', isDeep: true }],
    ['RSA, SHA-512, an intermediate', { key: 'rsa', digest: 'sha512', isDeep: true }],
  ])('of an authority with %s verifies', async (name, options) => {
    const { folder, caPem } = authority(name.replace(/\W/g, ''), options);
    const response = await replyTo(folder, timestampQuery(data, nonce));
    const found = verifyTimestamp({ response, data, nonce, caPem });
    expect(found).toMatchObject({ status: 0, policy: '1.3.6.1.4.1.99999.1', nonce: Buffer.from('f1e2d3c4b5a697', 'hex') });
    expect(Math.abs(found.genTimeMs - Date.now())).toBeLessThan(60_000);
    expect(readTimestamp(response)).toEqual(found);
    expect(opensslTakes(folder, response, data)).toBe(true);
    expect(failing(() => verifyTimestamp({ response, data, caPem, atMs: Date.now() + 11 * yearMs }))).toBe('TIMESTAMP_REFUSED expired');
    expect(opensslTakes(folder, response, data, ['-attime', String(Math.floor((Date.now() + 11 * yearMs) / 1000))])).toBe(false);
  });

  describe('that fails', () => {
    let ca: ReturnType<typeof authority>;
    let response: Buffer;
    beforeAll(async () => {
      ca = authority('good');
      response = await replyTo(ca.folder, timestampQuery(data, nonce));
    });
    const check = (more: Partial<Parameters<typeof verifyTimestamp>[0]>) => failing(() => verifyTimestamp({ response, data, nonce, caPem: ca.caPem, ...more }));

    it('over other data, with another nonce, under another root or none', () => {
      expect(check({})).toBe('verified');
      expect(check({ data: Buffer.from('other') })).toBe('TIMESTAMP_REFUSED imprint');
      expect(opensslTakes(ca.folder, response, Buffer.from('other'))).toBe(false);
      expect(check({ nonce: Buffer.of(1) })).toBe('TIMESTAMP_REFUSED nonce');
      expect(check({ caPem: authority('stranger').caPem })).toBe('TIMESTAMP_REFUSED chain');
      expect(check({ caPem: '' })).toBe('TIMESTAMP_REFUSED chain');
    });

    it('by a signer that has expired, may not stamp, may do more, or where that is not critical', () => {
      const info = infoOf(response);
      for (const [name, options, detail] of [
        ['expired', { signerDays: -1 }, 'expired'],
        ['no-usage', { usage: '' }, 'usage'],
        ['soft-usage', { usage: 'timeStamping' }, 'usage'],
        ['wide-usage', { usage: 'critical,timeStamping,codeSigning' }, 'usage'],
        ['other-usage', { usage: 'critical,codeSigning' }, 'usage'],
      ] as const) {
        const { folder, caPem } = authority(name, options);
        const forged = forge(folder, info);
        expect(`${name}: ${check({ response: forged, caPem })}`).toBe(`${name}: TIMESTAMP_REFUSED ${detail}`);
        expect(`${name}: ${opensslTakes(folder, forged, data)}`).toBe(`${name}: false`);
      }
    });

    it('without what binds its signer, over content of another kind, or without the signer in it', () => {
      const info = infoOf(response);
      // What openssl cms signs for a good authority does verify, by issuer and number, and by key id: so the failures below are their own.
      for (const options of [['-cades'], ['-cades', '-keyid']]) expect(check({ response: forge(ca.folder, info, options) })).toBe('verified');
      expect(check({ response: forge(ca.folder, info, []) })).toBe('TIMESTAMP_REFUSED signing-certificate');
      expect(opensslTakes(ca.folder, forge(ca.folder, info, []), data)).toBe(false);
      expect(check({ response: forge(ca.folder, info, ['-cades'], '1.2.840.113549.1.7.1') })).toBe('TIMESTAMP_REFUSED content-type');
      expect(check({ response: forge(ca.folder, info, ['-cades', '-nocerts']) })).toBe('TIMESTAMP_REFUSED signer-certificate');
      expect(check({ response: forge(ca.folder, info, ['-noattr']) })).toBe('TIMESTAMP_REFUSED form');
    });

    it('when any of its bytes is another that says something', () => {
      const { status: _, ...said } = readTimestamp(response);
      const harmless = [...response.keys()].filter((at) => check({ response: flipped(response, at) }) === 'verified');
      // Not signed are the status, version numbers and the list of digests: what the token says is the same with any of them.
      expect(harmless.length).toBeLessThan(40);
      for (const at of harmless) expect(readTimestamp(flipped(response, at))).toMatchObject(said);
    });

    it('when it is cut, longer, empty, or refused', () => {
      for (let length = 0; length < response.length; length += 7) expect(check({ response: response.subarray(0, length) })).toBe('TIMESTAMP_REFUSED form');
      expect(check({ response: Buffer.concat([response, Buffer.of(0)]) })).toBe('TIMESTAMP_REFUSED form');
      expect(check({ response: writeDer(0x30, writeDer(0x30, Buffer.of(2, 1, 2))) })).toBe('TIMESTAMP_REFUSED status 2');
    });
  });

  it('of a query that openssl refuses is a refusal', async () => {
    const { folder, caPem } = authority('good');
    const response = await replyTo(folder, Buffer.from('3003020101', 'hex')).catch(() => undefined);
    if (response) expect(failing(() => verifyTimestamp({ response, data, caPem }))).toMatch(/^TIMESTAMP_REFUSED status 2/);
  });
});

const flipped = (bytes: Buffer, at: number): Buffer => {
  const altered = Buffer.from(bytes);
  altered[at] = (altered[at] ?? 0) ^ 0x01;
  return altered;
};

describe('a query', () => {
  it('is the DER of RFC 3161: version, SHA-256 imprint, nonce, certReq', () => {
    expect(timestampQuery(Buffer.from('hello'), Buffer.from('80ff', 'hex')).toString('hex')).toBe(
      '303e020101' + '3031300d060960864801650304020105000420' + '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' + '02030080ff0101ff',
    );
  });
});
