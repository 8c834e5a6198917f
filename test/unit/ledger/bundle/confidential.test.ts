import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../../..');

/** Jest's loader cannot take an ES module, so a process of its own does what `writeBundle` does. */
const run = (script: string): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};

const keys = (): { readonly identity: string; readonly recipient: string } =>
  JSON.parse(
    run(`import { generateX25519Identity, identityToRecipient } from 'age-encryption';
      const identity = await generateX25519Identity();
      console.log(JSON.stringify({ identity, recipient: await identityToRecipient(identity) }));`),
  );

const decrypted = (file: string, identity: string): string =>
  run(`import { Decrypter } from 'age-encryption';
    import { readFileSync } from 'node:fs';
    const decrypter = new Decrypter();
    decrypter.addIdentity(${JSON.stringify(identity)});
    process.stdout.write(await decrypter.decrypt(readFileSync(${JSON.stringify(file)}), 'text'));`);

describe('what holds names', () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'ecluse-confidential-'));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it('is encrypted to the controller: their key reads it, and no other', () => {
    const [{ identity, recipient }, other] = [keys(), keys()];
    const folder = join(place, 'bundle');
    const sample = spawnSync(process.execPath, ['test/support/evidence/sample.ts', folder, '--recipient', recipient], { cwd: root, encoding: 'utf8' });
    expect(JSON.parse(sample.stdout)).toMatchObject({ confidential: 3, withheld: 0 });
    const names = decrypted(join(folder, 'confidential/names.age'), identity).split('\n');
    expect(names.length).toBe(31);
    expect(JSON.parse(names[0] ?? '')).toEqual({ container: 'records', key: 'patients/0000.dcm', ref: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const files = readdirSync(join(folder, 'confidential')).filter((name) => name !== 'names.age');
    expect(files.map((name) => decrypted(join(folder, 'confidential', name), identity)).sort()).toEqual(
      ['source', 'target'].map((side) => `{"side":"${side}","samples":[]}`),
    );
    expect(() => decrypted(join(folder, 'confidential/names.age'), other.identity)).toThrow();
  });

  it('is refused for a recipient that is none, before a folder is made', () => {
    const folder = join(place, 'refused');
    const sample = spawnSync(process.execPath, ['test/support/evidence/sample.ts', folder, '--recipient', 'age1nobody'], { cwd: root, encoding: 'utf8' });
    expect(sample.status).not.toBe(0);
    expect(sample.stderr).toContain('CONFIG_INVALID');
    expect(existsSync(folder) || existsSync(`${folder}.part`)).toBe(false);
  });
});
