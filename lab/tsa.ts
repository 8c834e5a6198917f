import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { labEnvironment } from './environment.ts';
import { LabError } from './lab-error.ts';

const run = promisify(execFile);
const openssl = (folder: string, ...args: readonly string[]): string => {
  try {
    return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', env: labEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  } catch {
    throw new LabError(`openssl ${args.slice(0, 2).join(' ')} failed in the folder of the lab’s timestamp authority.`);
  }
};

/** How an authority is made: the lab takes the defaults, tests also ask for bad ones. */
export interface AuthorityOptions {
  readonly key?: 'rsa' | 'ec';
  readonly digest?: 'sha256' | 'sha384' | 'sha512';
  /** An authority between root and signer; its certificate goes into each token. */
  readonly isDeep?: boolean;
  /** Below 0 the signer has expired before it began. */
  readonly signerDays?: number;
  /** The signer's extendedKeyUsage line. */
  readonly usage?: string;
}

const extensions = (usage: string): string => `[root]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign,cRLSign
[middle]
basicConstraints=critical,CA:true,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
[signer]
basicConstraints=CA:false
keyUsage=critical,digitalSignature
${usage && `extendedKeyUsage=${usage}`}
`;

const config = (digest: string, isDeep: boolean): string => `[t1]
serial=serial
crypto_device=builtin
signer_cert=signer.pem
signer_key=signer.key
${isDeep ? 'certs=middle.pem' : ''}
signer_digest=${digest}
default_policy=1.3.6.1.4.1.99999.1
digests=sha256,sha384,sha512
accuracy=secs:1
tsa_name=no
ess_cert_id_chain=no
ess_cert_id_alg=sha256
`;

/** True where the openssl command can be had: without it there is no lab authority, and its tests are skipped aloud. */
export function isOpensslThere(): boolean {
  try {
    return /^OpenSSL [3-9]/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

/** Makes CA, signer and configuration in a folder, once: an authority that is there is taken as it is. */
export function makeAuthority(folder: string, options: AuthorityOptions = {}): void {
  if (existsSync(join(folder, 'tsa.cnf'))) return;
  const { key = 'ec', digest = 'sha256', isDeep = false, signerDays = 3_650, usage = 'critical,timeStamping' } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'extensions.cnf'), extensions(usage));
  const certify = (name: string, issuer: string | undefined, days: number): void => {
    const algorithm = key === 'ec' ? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
    openssl(folder, 'genpkey', ...algorithm, '-out', `${name}.key`);
    openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', `/O=Ecluse lab/CN=${basename(folder)} ${name}`, '-out', `${name}.csr`);
    const by = issuer ? ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'] : ['-signkey', `${name}.key`];
    const how = ['-extfile', 'extensions.cnf', '-extensions', name, '-days', String(days), '-sha256', '-out', `${name}.pem`];
    openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...by, ...how);
  };
  certify('root', undefined, 3_650);
  if (isDeep) certify('middle', 'root', 3_650);
  certify('signer', isDeep ? 'middle' : 'root', signerDays);
  writeFileSync(join(folder, 'serial'), '01\n');
  // Last, and by a rename: a crash before leaves a folder that is made anew.
  writeFileSync(join(folder, 'tsa.cnf.draft'), config(digest, isDeep));
  renameSync(join(folder, 'tsa.cnf.draft'), join(folder, 'tsa.cnf'));
}

/** A TimeStampResp to a TimeStampReq, by `openssl ts -reply`. One at a time in a folder: the serial number is a file. */
export async function replyTo(folder: string, query: Uint8Array): Promise<Buffer> {
  const scratch = mkdtempSync(join(folder, 'reply-'));
  try {
    writeFileSync(join(scratch, 'q'), query);
    const files = ['-queryfile', join(scratch, 'q'), '-out', join(scratch, 'r')];
    await run('openssl', ['ts', '-reply', '-config', 'tsa.cnf', '-section', 't1', ...files], { cwd: folder, env: labEnvironment(), timeout: 20_000 });
    return readFileSync(join(scratch, 'r'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The lab's timestamp authority on 127.0.0.1; its CA and signer are made in `folder` once. Port 0: any free one. */
export async function startLabTsa(folder: string, port = 0, options: AuthorityOptions = {}): Promise<{ url: string; caPem: string; stop(): Promise<void> }> {
  if (!isOpensslThere()) throw new LabError('The lab’s timestamp authority needs the openssl command, version 3.', 'apt-get install openssl');
  makeAuthority(folder, options);
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(200).end('lab timestamp authority\n');
    turn = turn
      .then(async () => replyTo(folder, await bodyOf(request)))
      .then((reply) => response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(reply))
      .catch(() => response.writeHead(500, { connection: 'close' }).end());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : port}`,
    caPem: readFileSync(join(folder, 'root.pem'), 'utf8'),
    stop,
  };
}

/** For the lab's list of servers: does one answer there? */
export async function answersTsa(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) });
  return (await answer.text()).startsWith('lab timestamp authority');
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `node lab/tsa.ts FOLDER PORT`: the same as a process, until TERM. */
function main(folder: string, port: number): void {
  process.title = `lab-tsa ${basename(dirname(folder))}`;
  startLabTsa(folder, port).then(
    ({ url, stop }) => {
      process.stdout.write(`${url}\n`);
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().then(() => process.exit(0)));
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}

const [script, folderArgument, portArgument] = process.argv.slice(1);
if (script === fileURLToPath(import.meta.url) && folderArgument && portArgument) main(folderArgument, Number(portArgument));
