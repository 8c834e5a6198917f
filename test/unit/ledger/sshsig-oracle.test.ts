import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { makeSshKey } from '../../../lab/ssh-key.ts';
import { isMigrationError } from '../../../src/core/migration-error.ts';
import { parseSshPublicKey, verifySshsig } from '../../../src/ledger/sshsig.ts';
import { makePersonKey } from '../../support/evidence/test-keys.ts';
import { localTool } from '../../support/local-tool.ts';
import { loudSuite } from '../../support/loud-suite.ts';

const namespace = 'approval-v1@ecluse';
const message = Buffer.from('{"gate":"cutover"}\n');
const folder = mkdtempSync(join(tmpdir(), 'ecluse-ssh-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sshKeygen(args: readonly string[], input?: Buffer): { readonly ok: boolean; readonly out: string } {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { cwd: folder, input: input ?? '' });
  return { ok: status === 0, out: `${stdout}${stderr}` };
}

/** Does `ssh-keygen -Y verify` take it, with this key as the only allowed one? */
function theyAccept(publicKey: string, armoured: string, text: Buffer = message, space: string = namespace): boolean {
  writeFileSync(join(folder, 'allowed'), `p-017 namespaces="${space}" ${publicKey}\n`);
  writeFileSync(join(folder, 'text.sig'), armoured);
  return sshKeygen(['-Y', 'verify', '-f', 'allowed', '-I', 'p-017', '-n', space, '-s', 'text.sig'], text).ok;
}

function weAccept(publicKey: string, armoured: string, text: Buffer = message, space: string = namespace): boolean {
  try {
    verifySshsig({ armoured, message: text, namespace: space, key: parseSshPublicKey(publicKey) });
    return true;
  } catch (error) {
    if (isMigrationError(error, 'APPROVAL_REFUSED')) return false;
    throw error;
  }
}

function theirKey(name: string, type: string): { readonly publicKey: string; readonly sign: (hash: string) => string } {
  sshKeygen(['-q', '-t', type, '-N', '', '-C', '', '-f', name]);
  const publicKey = readFileSync(join(folder, `${name}.pub`), 'utf8').trim();
  const sign = (hash: string): string => {
    writeFileSync(join(folder, 'text'), message);
    rmSync(join(folder, 'text.sig'), { force: true });
    sshKeygen(['-Y', 'sign', '-f', name, '-n', namespace, '-O', `hashalg=${hash}`, 'text']);
    return readFileSync(join(folder, 'text.sig'), 'utf8');
  };
  return { publicKey, sign };
}

loudSuite(() => localTool('ssh-keygen', '-?'))('ssh-keygen and we', () => {
  it.each(['ed25519', 'ecdsa'])('accept and refuse the same of its %s key', (type) => {
    const key = theirKey(`id_${type}`, type);
    const other = theirKey(`other_${type}`, type).publicKey;
    for (const hash of ['sha512', 'sha256']) {
      const armoured = key.sign(hash);
      expect(verifySshsig({ armoured, message, namespace, key: parseSshPublicKey(key.publicKey) })).toEqual({ hash });
      for (const accepts of [theyAccept, weAccept]) {
        expect(accepts(key.publicKey, armoured)).toBe(true);
        expect(accepts(key.publicKey, armoured, Buffer.from('{"gate":"discard"}\n'))).toBe(false);
        expect(accepts(key.publicKey, armoured, message, 'file')).toBe(false);
        expect(accepts(other, armoured)).toBe(false);
      }
    }
  });

  it.each(['sk-ed25519', 'sk-ecdsa'] as const)('accept and refuse the same of an %s key, touched or not', (type) => {
    const [key, other] = [makePersonKey(type), makePersonKey(type)];
    for (const flags of [0x00, 0x01, 0x05]) {
      const armoured = key.sign(message, namespace, flags);
      // `-Y verify` asks for no touch: whoever needs it must look at the flags.
      for (const accepts of [theyAccept, weAccept]) {
        expect(accepts(key.publicKey, armoured)).toBe(true);
        expect(accepts(key.publicKey, armoured, Buffer.from('{"gate":"discard"}\n'))).toBe(false);
        expect(accepts(other.publicKey, armoured)).toBe(false);
      }
    }
  });

  it.each(['ed25519', 'ecdsa'])('print the same fingerprint of a key of %s', (type) => {
    const { publicKey } = theirKey(`print_${type}`, type);
    expect(sshKeygen(['-l', '-f', `print_${type}.pub`]).out).toContain(` ${parseSshPublicKey(publicKey).fingerprint} `);
  });

  it('accept what the lab’s key signs', () => {
    const key = makeSshKey();
    expect(theyAccept(key.publicKey, key.sign(message, namespace))).toBe(true);
    expect(theyAccept(key.publicKey, key.sign(message, 'file'))).toBe(false);
  });
});
