import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { projectFiles, temporalPlace } from '../../../src/config/environment.ts';
import { nearest } from '../../../src/config/nearest.ts';
import { secret } from '../../../src/config/secret.ts';

const inFile = { address: '127.0.0.1:7233', namespace: 'default' };

describe('the environment', () => {
  it('says where the files are', () => {
    expect(projectFiles({}, '/p')).toEqual({ config: '/p/ecluse.yaml', plan: '/p/plan.yaml' });
    expect(projectFiles({ ECLUSE_CONFIG: 'a/e.yaml' }, '/p')).toEqual({ config: '/p/a/e.yaml', plan: '/p/a/plan.yaml' });
    expect(projectFiles({ ECLUSE_CONFIG: '/q/e.yaml', ECLUSE_PLAN: 'x.yaml' }, '/p')).toEqual({ config: '/q/e.yaml', plan: '/p/x.yaml' });
  });

  it('wins over the file about Temporal, and keeps its key from printing', () => {
    expect(temporalPlace(inFile, {})).toEqual({ ...inFile, ui: 'http://127.0.0.1:8233' });
    const place = temporalPlace(inFile, { TEMPORAL_ADDRESS: 'cloud.example:7233', TEMPORAL_NAMESPACE: 'moves', TEMPORAL_API_KEY: 'CANARY-key' });
    expect(place).toMatchObject({ address: 'cloud.example:7233', namespace: 'moves', tls: true });
    expect(place.ui).toBeUndefined();
    expect(place.apiKey?.reveal()).toBe('CANARY-key');
    expect(inspect(place, { depth: 9, showHidden: true }) + JSON.stringify(place)).not.toContain('CANARY');
  });

  it('tells a certificate that is not there', () => {
    expect(() => temporalPlace(inFile, { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/a.pem', TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere/a.key' })).toThrow(
      /TEMPORAL_\* variables.*ENOENT/,
    );
  });
});

describe('a secret', () => {
  it('prints nowhere', () => {
    const hidden = secret('CANARY');
    for (const text of [String(hidden), `${hidden}`, JSON.stringify({ a: [hidden] }), inspect({ a: { b: hidden } }, { showHidden: true }), inspect(hidden)])
      expect(text).not.toContain('CANARY');
    expect(hidden.reveal()).toBe('CANARY');
  });
});

describe('the nearest word', () => {
  it.each([
    ['bukcet', 'bucket'],
    ['Workloads', 'workloads'],
    ['projet', 'project'],
    ['zzz', undefined],
    ['x', undefined],
  ])('%s → %s', (word, expected) => expect(nearest(word, ['bucket', 'workloads', 'project', 'at'])).toBe(expected));
});
