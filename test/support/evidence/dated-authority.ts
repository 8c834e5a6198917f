import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A timestamp authority whose clock is the caller's: `openssl ts` knows only today, and a sample log is of another day. */
export interface DatedAuthority {
  /** Trusted root, PEM. */
  readonly ca: string;
  /** RFC 3161 query and response, DER. `timeSeconds`: the genTime. */
  stamp(data: Uint8Array, timeSeconds: number): { readonly query: Buffer; readonly response: Buffer };
}

let made: DatedAuthority | undefined | 'none';

/** One for the process: its keys cost more than its tokens. Undefined without openssl. */
export function datedAuthority(): DatedAuthority | undefined {
  if (made === undefined) made = makeAuthority() ?? 'none';
  return made === 'none' ? undefined : made;
}

/** A second authority with other keys, of the same name: nobody trusts it. */
export function makeAuthority(): DatedAuthority | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-tsa-'));
  const openssl = (...args: readonly string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    writeFileSync(join(folder, 'ca.cnf'), caConfig);
    writeFileSync(join(folder, 'index'), '');
    certify(openssl, 'ca', 'root', ['-selfsign', '-keyfile', 'ca.key']);
    certify(openssl, 'tsa', 'signer', ['-cert', 'ca.pem', '-keyfile', 'ca.key']);
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  const ca = readFileSync(join(folder, 'ca.pem'), 'utf8');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return {
    ca,
    stamp(data, timeSeconds) {
      const imprint = sequence(sequence(sha256Oid, nothing), octets(createHash('sha256').update(data).digest()));
      const nonce = integer(randomBytes(8));
      const query = sequence(integer(Buffer.of(1)), imprint, nonce, Buffer.of(1, 1, 255));
      const serial = integer(randomBytes(8));
      writeFileSync(join(folder, 'info.der'), sequence(integer(Buffer.of(1)), policyOid, imprint, serial, generalizedTime(timeSeconds), nonce));
      const kind = ['-econtent_type', '1.2.840.113549.1.9.16.1.4', '-nodetach', '-binary', '-cades', '-md', 'sha256', '-outform', 'DER'];
      const token = openssl('cms', '-sign', '-in', 'info.der', ...kind, '-signer', 'tsa.pem', '-inkey', 'tsa.key');
      return { query, response: sequence(sequence(integer(Buffer.of(0))), token) };
    },
  };
}

function certify(openssl: (...args: readonly string[]) => Buffer, name: string, extensions: string, by: readonly string[]): void {
  const request = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-subj', `/CN=Sample ${name}`];
  openssl('req', '-new', '-config', 'ca.cnf', ...request, '-out', `${name}.csr`);
  const dates = ['-startdate', '20200101000000Z', '-enddate', '20490101000000Z'];
  openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-extensions', extensions, ...dates, ...by, '-in', `${name}.csr`, '-out', `${name}.pem`);
}

const caConfig = `[ca]
default_ca=sample
[sample]
database=index
new_certs_dir=.
rand_serial=yes
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
[req]
distinguished_name=dn
[dn]
[signer]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
`;

/** DER: tag, length, value. */
function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const length = value.length < 128 ? [value.length] : value.length < 256 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 255];
  return Buffer.concat([Buffer.of(tag, ...length), value]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const octets = (bytes: Uint8Array): Buffer => tagged(0x04, bytes);
/** A zero in front: never negative. An 8-byte number may begin with zeros, which DER forbids, so its first byte is set. */
const integer = (bytes: Buffer): Buffer => (bytes.length === 1 ? tagged(0x02, bytes) : tagged(0x02, Buffer.of(0, (bytes[0] ?? 0) | 0x80), bytes.subarray(1)));
const generalizedTime = (seconds: number): Buffer =>
  tagged(0x18, Buffer.from(new Date(seconds * 1000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '').concat('Z')));
const nothing = Buffer.of(5, 0);
const sha256Oid = Buffer.from('0609608648016503040201', 'hex');
/** 1.2.3.4.1: of no authority. */
const policyOid = Buffer.from('06042a030401', 'hex');
