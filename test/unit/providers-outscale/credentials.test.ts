import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ownKey } from '../../../src/providers/outscale/credentials.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'ecluse-osc-'));
const file = path.join(folder, 'config.json');
const profiles = {
  default: { access_key: 'AK0', secret_key: 'SK0', region: 'eu-west-2' },
  gouv: { access_key: 'AK1', secret_key: 'SK1' },
  half: { access_key: 'AK2' },
};
const environment = { OSC_ACCESS_KEY: 'AKE', OSC_SECRET_KEY: 'SKE' };
const found = async (place: Parameters<typeof ownKey>[0]): Promise<string> => {
  const { accessKeyId, secretKey } = await ownKey({ file, ...place })();
  return `${accessKeyId} ${secretKey.reveal()}`;
};

afterAll(() => rmSync(folder, { recursive: true }));

describe('ownKey', () => {
  it('takes a named profile from the file, and nothing else', async () => {
    writeFileSync(file, JSON.stringify(profiles));
    expect(await found({ profile: 'gouv', environment })).toBe('AK1 SK1');
    await expect(found({ profile: 'half', environment })).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
    await expect(found({ profile: 'toString', environment })).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
  });

  it('without a name takes the environment, then the file’s default or OSC_PROFILE', async () => {
    writeFileSync(file, JSON.stringify(profiles));
    expect(await found({ environment })).toBe('AKE SKE');
    expect(await found({ environment: { OSC_ACCESS_KEY: 'AKE' } })).toBe('AK0 SK0');
    expect(await found({ environment: { OSC_PROFILE: 'gouv' } })).toBe('AK1 SK1');
  });

  it('reads a file that was mended', async () => {
    const own = ownKey({ file, environment: {} });
    writeFileSync(file, '{');
    await expect(own()).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
    writeFileSync(file, JSON.stringify(profiles));
    expect((await own()).accessKeyId).toBe('AK0');
  });

  it('prints no secret', async () => {
    const key = await ownKey({ file, environment })();
    expect(`${inspect(key, { depth: 9, showHidden: true })}${JSON.stringify(key)}${key.secretKey}`).not.toContain('SKE');
  });
});
