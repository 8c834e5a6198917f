import { describe, expect, it } from '@jest/globals';
import { signOsc4 } from '../../../src/wire/osc4.ts';
import { loudSuite } from '../../support/loud-suite.ts';
import { outscaleVectors } from '../../support/outscale-spec.ts';
import { accessTo } from '../../support/run.ts';

const request = {
  host: 'api.eu-west-2.outscale.com',
  path: '/api/v1/ReadVms',
  body: Buffer.from('{}'),
  region: 'eu-west-2',
  accessKeyId: 'AK',
  secretKey: 'SK',
  nowMs: Date.UTC(2026, 0, 1),
};
const signatureOf = (headers: Record<string, string>): string => headers.authorization?.split('Signature=')[1] ?? '';

interface Vector {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly host: string;
  readonly uri: string;
  readonly body: string;
  readonly date: string;
  readonly headers: Readonly<Record<string, string>>;
}

const timeOf = (date: string): number => Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

loudSuite(outscaleVectors)('the vendor’s signing vectors', () => {
  it('are reproduced, a host with its port among them', () => {
    const { vectors } = JSON.parse(accessTo(outscaleVectors())) as { vectors: readonly Vector[] };
    expect(vectors.length).toBeGreaterThanOrEqual(3);
    for (const { accessKey, secretKey, region, host, uri, body, date, headers } of vectors) {
      const signed = signOsc4({ host, path: uri, body: Buffer.from(body), region, accessKeyId: accessKey, secretKey, nowMs: timeOf(date) });
      expect(signed.authorization).toBe(headers.Authorization);
      expect(signed['x-osc-date']).toBe(headers['X-Osc-Date']);
      expect(signed['content-type']).toBe(headers['Content-Type']);
    }
  });
});

describe('signOsc4', () => {
  it('binds body, host, path, region, time and secret', () => {
    const changes = [
      { body: Buffer.from('{ }') },
      { host: 'api.eu-west-2.outscale.com:8443' },
      { path: '/api/v1/ReadNets' },
      { region: 'cloudgouv-eu-west-1' },
      { nowMs: request.nowMs + 1000 },
      { secretKey: 'other' },
    ];
    const signatures = [request, ...changes.map((change) => ({ ...request, ...change }))].map((one) => signatureOf(signOsc4(one)));
    expect(new Set(signatures).size).toBe(changes.length + 1);
    expect(signatures.every((signature) => /^[0-9a-f]{64}$/.test(signature))).toBe(true);
  });

  it('never holds the secret', () => {
    expect(JSON.stringify(signOsc4({ ...request, secretKey: 'HIDDEN' }))).not.toContain('HIDDEN');
  });
});
