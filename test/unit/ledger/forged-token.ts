import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { childrenOf, contextTag, derTag, readDer, writeDer, writeInteger } from '../../../src/ledger/der.ts';

/** The TSTInfo of a response. */
export function infoOf(response: Buffer): Buffer {
  const [, token] = childrenOf(readDer(response), derTag.sequence);
  const [, wrapped] = childrenOf(token, derTag.sequence);
  const [, , content] = childrenOf(childrenOf(wrapped, contextTag(0))[0], derTag.sequence);
  return childrenOf(childrenOf(content, derTag.sequence)[1], contextTag(0))[0]?.content ?? Buffer.alloc(0);
}

/** A response around TSTInfo signed by the folder's signer with `openssl cms`, which asks for no usage: what `openssl ts` refuses to make. */
export function forge(folder: string, info: Buffer, options: readonly string[] = ['-cades'], contentType = '1.2.840.113549.1.9.16.1.4'): Buffer {
  const [input, output] = [path.join(folder, 'info.der'), path.join(folder, 'token.der')];
  writeFileSync(input, info);
  const how = ['-binary', '-nodetach', '-nosmimecap', '-md', 'sha256', '-outform', 'DER', '-econtent_type', contentType, ...options];
  execFileSync('openssl', ['cms', '-sign', ...how, '-signer', 'signer.pem', '-inkey', 'signer.key', '-in', input, '-out', output], {
    cwd: folder,
    stdio: 'pipe',
  });
  return writeDer(derTag.sequence, writeDer(derTag.sequence, writeInteger(Buffer.of(0))), readFileSync(output));
}

/** What `openssl ts -verify` says. */
export function opensslTakes(folder: string, response: Buffer, data: Buffer, more: readonly string[] = []): boolean {
  const [reply, file] = [path.join(folder, 'verify.tsr'), path.join(folder, 'verify.data')];
  writeFileSync(reply, response);
  writeFileSync(file, data);
  try {
    execFileSync('openssl', ['ts', '-verify', '-in', reply, '-data', file, '-CAfile', path.join(folder, 'root.pem'), ...more], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
