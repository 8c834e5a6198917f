import { createHash, createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { eachOf } from '../../../lab/seed/each-of.ts';
import { generated } from '../../../lab/seed/generated.ts';
import { keptKeys, oddKeys } from '../../../lab/seed/keys.ts';
import { moduleFiles } from '../../../lab/seed/module-files.ts';
import { encoded, encodedQuery, signed } from '../../../lab/seed/sign.ts';

describe('generated', () => {
  it('gives any range of the same content', () => {
    const whole = generated('name', 0, 1_000);
    expect(generated('name', 160, 333).equals(whole.subarray(160, 493))).toBe(true);
    expect(generated('other', 0, 1_000).equals(whole)).toBe(false);
  });

  it('is what openssl makes of the same key and counter', () => {
    expect(
      createHash('sha256')
        .update(generated('écluse', 16, 100_000))
        .digest('hex'),
    ).toBe('7ddf7507aa512405fdb0f4fe2db35377daa3465797d2b32462b1bd6f979a1946');
  });

  it('refuses a start inside a block', () => {
    expect(() => generated('name', 8, 1)).toThrow(RangeError);
  });
});

describe('signed', () => {
  it.each(['plain', 'a é+%2F/"x"/\u{1F680}', 'a//b/../c'])('agrees with another signer about %s', async (key) => {
    const now = new Date('2026-01-02T03:04:05.678Z');
    const path = `/bucket/${key.split('/').map(encoded).join('/')}`;
    const query = { 'list-type': '2', prefix: 'a b+c/é', uploads: '' };
    const headers = { 'x-amz-meta-a': 'b  c', 'x-amz-tagging': encodedQuery({ projet: 'écluse & co' }) };
    const signer = new SignatureV4({
      service: 's3',
      region: 'eu-west-3',
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
      sha256: NodeSha256,
      uriEscapePath: false,
      applyChecksum: true,
    });
    const theirs = await signer.sign(
      {
        method: 'PUT',
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: 8333,
        path,
        query,
        headers: { ...headers, host: '127.0.0.1:8333', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      { signingDate: now },
    );
    const ours = signed({ method: 'PUT', host: '127.0.0.1:8333', path, query, headers }, { accessKey: 'AK', secretKey: 'SK', region: 'eu-west-3' }, now);
    expect(ours.authorization?.replaceAll(',', ', ').replaceAll(',  ', ', ')).toBe(theirs.headers.authorization);
  });
});

describe('moduleFiles', () => {
  it('takes plain files in the order of their names, up to a count and a size', async () => {
    const root = await mkdtemp(join(tmpdir(), 'module-files-'));
    try {
      await mkdir(join(root, 'b'));
      await mkdir(join(root, '.hidden'));
      for (const [name, sizeBytes] of [
        ['b/2', 5],
        ['b/1', 5],
        ['a', 1],
        ['c', 100],
        ['d', 2],
        ['.hidden/x', 1],
      ] as const) {
        await writeFile(join(root, name), Buffer.alloc(sizeBytes));
      }
      await symlink('a', join(root, 'link'));
      const names = async (count: number, bytes: number) => (await moduleFiles(root, count, bytes)).map(({ name }) => name);
      expect(await names(99, 1_000)).toEqual(['a', 'b/1', 'b/2', 'c', 'd']);
      expect(await names(2, 1_000)).toEqual(['a', 'b/1']);
      expect(await names(99, 13)).toEqual(['a', 'b/1', 'b/2', 'd']);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('eachOf', () => {
  it('does all, never more than its width at once', async () => {
    let active = 0;
    let most = 0;
    const done: number[] = [];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      active += 1;
      most = Math.max(most, active);
      await new Promise(setImmediate);
      active -= 1;
      done.push(item);
    });
    expect({ most, done: done.sort() }).toEqual({ most: 3, done: [1, 2, 3, 4, 5, 6, 7] });
  });

  it('starts nothing more after a failure', async () => {
    const started: number[] = [];
    const work = async (item: number): Promise<void> => {
      started.push(item);
      if (item === 2) throw new Error('no');
    };
    await expect(eachOf([1, 2, 3, 4], 1, work)).rejects.toThrow('no');
    expect(started).toEqual([1, 2]);
  });
});

describe('the keys', () => {
  it.each([
    ['kept', keptKeys],
    ['odd', oddKeys],
  ])('%s are distinct and of a legal length', (_name, keys) => {
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => Buffer.byteLength(key) > 1_024)).toEqual([]);
    expect(keys.some((key) => Buffer.byteLength(key) === 1_024)).toBe(true);
  });

  it('kept ones hold a 900-byte key and both Unicode forms of one text', () => {
    expect(keptKeys.some((key) => Buffer.byteLength(key) === 900)).toBe(true);
    const forms = keptKeys.filter((key) => key.normalize('NFC') === 'accents/café.txt');
    expect(forms).toHaveLength(2);
  });
});

/** The hash the other signer asks for. */
class NodeSha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {}
}
