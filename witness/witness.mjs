#!/usr/bin/env node
// A witness of a transparency log: it remembers, for each log it knows, how far that log had grown when it last looked, and signs a newer
// checkpoint only when a proof shows that the newer log begins with everything the older one held. Whoever keeps the log can then no longer
// rewrite it: the witness would have to forget. It sees sizes and hashes, never a record.
//
// One file, Node 20 or newer, no package: made to be read. Protocol: C2SP tlog-witness (add-checkpoint), tlog-checkpoint, tlog-cosignature.
// Its state is a folder of small files, named in README.md: key, vkey, known logs, and the newest checkpoint signed of each.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const help = `Usage:
  node witness.mjs init    --dir D --name NAME    make the key; prints the vkey for policy.json (NAME such as witness.example/w1)
  node witness.mjs add-log --dir D --vkey VKEY    know a log, or a second key of a log whose key was changed
  node witness.mjs serve   --dir D [--listen 127.0.0.1:7431] [--tls-cert FILE --tls-key FILE]
  node witness.mjs status  --dir D [--json]       what it knows and how far each log had grown
  node witness.mjs export  --dir D [--out E]      the newest checkpoint of each log as files: for an auditor, and the backup
Exit codes: 0 done, 1 failed, 2 wrong usage.`;

const bodyLimitBytes = 64 * 1024; // 63 hashes are 3 KB, a checkpoint with twenty signatures 4 KB
const [logType, witnessType] = [1, 4];
/** Ends the command with a sentence for a person; ends a request as a fault of ours (500). */
const tell = (sentence, exitCode = 1) => {
  throw Object.assign(new Error(sentence), { exitCode });
};

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const keyId = (name, typeAndKey) => sha256(name, '\n', typeAndKey).subarray(0, 4);
const cosignedText = (seconds, body) => Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`);
const node = (left, right) => sha256(Buffer.of(1), left, right);

/** The bytes of strict base64, else undefined. */
function base64(text) {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** `name+id+base64(type ‖ key)` → {name, id, key}. The id is recomputed, so a mistyped line is found. */
function parseVkey(text, type) {
  const [, name = '', id, encoded = ''] = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const bytes = base64(encoded);
  if (bytes?.length !== 33 || bytes[0] !== type || keyId(name, bytes).toString('hex') !== id) tell(`no vkey of type ${type}: ${text.slice(0, 300)}`);
  return { name, id: keyId(name, bytes), key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) }, format: 'jwk' }) };
}

/** A signed checkpoint → {origin, size, root, body, lines}, else undefined. `body` is what the signatures cover. */
function parseNote(text) {
  const split = text.lastIndexOf('\n\n');
  const body = text.slice(0, split + 1);
  const [, origin, size, rootText = ''] = /^([^\s+]{1,200})\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n$/.exec(body) ?? [];
  const lineTexts = text.slice(split + 2, -1).split('\n');
  const [root, lines] = [base64(rootText), lineTexts.map(parseLine)];
  return origin && root && text.endsWith('\n') && lines.every(Boolean) ? { origin, size: Number(size), root, body, lines } : undefined;
}

/** `— name base64(id ‖ signature)` → its parts, else undefined. */
function parseLine(line) {
  const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  const bytes = base64(encoded);
  return bytes?.length > 4 ? { line, name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) } : undefined;
}

/** `old M`, at most 63 proof lines (enough for any tree), an empty line, the note → {old, proof, note}, else undefined. */
function parseRequest(text) {
  const [head = '', old, proofText = ''] = /^old (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n/.exec(text) ?? [];
  const [note, proof] = [parseNote(text.slice(head.length)), proofText.split('\n').slice(0, -1).map(base64)];
  return head && note && proof.every(Boolean) && Number(old) <= note.size ? { old: Number(old), proof, note } : undefined;
}

/** The lines of a note that known keys made. None when there is none, or when one that claims to be theirs does not verify. */
function signedLines({ body, lines }, keys) {
  const theirs = lines.flatMap((line) => keys.filter(({ name, id }) => name === line.name && id.equals(line.id)).map(({ key }) => ({ ...line, key })));
  return theirs.every(({ signature, key }) => signature.length === 64 && verify(null, Buffer.from(body), key, signature)) ? theirs : [];
}

/** Whether `proof` shows that the tree `now` begins with the tree `before` (RFC 9162 §2.1.4.2). From nothing, everything is growth. */
function isGrowth(before, now, proof) {
  if (before.size === 0 || before.size === now.size) return proof.length === 0;
  let [left, right] = [BigInt(before.size - 1), BigInt(now.size - 1)];
  for (; left & 1n; left >>= 1n) right >>= 1n;
  // Where the old size is a power of two its root is a node of the new tree, and the proof leaves it out.
  const [first, ...rest] = left === 0n ? [before.root, ...proof] : proof;
  let [oldRoot, newRoot] = [first, first];
  for (const hash of rest) {
    if (right === 0n) return false;
    if (left & 1n || left === right) {
      [oldRoot, newRoot] = [node(hash, oldRoot), node(hash, newRoot)];
      for (; left !== 0n && !(left & 1n); left >>= 1n) right >>= 1n;
    } else newRoot = node(newRoot, hash);
    [left, right] = [left >> 1n, right >> 1n];
  }
  return first !== undefined && right === 0n && oldRoot.equals(before.root) && newRoot.equals(now.root);
}

const readIfThere = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined);
/** Replaces a file so that a power cut leaves the old or the new one, never a half, and returns when the new one lasts. */
function replaceFile(folder, name, content) {
  const draft = join(folder, `${name}.draft`);
  const handle = fs.openSync(draft, 'w', 0o600);
  fs.writeFileSync(handle, content);
  fs.fsyncSync(handle);
  fs.closeSync(handle);
  fs.renameSync(draft, join(folder, name));
  if (process.platform === 'win32') return; // has no sync of a folder; NTFS keeps renames in its journal
  const folderHandle = fs.openSync(folder, 'r');
  fs.fsyncSync(folderHandle);
  fs.closeSync(folderHandle);
}

/** Name and keys of the witness. */
function readWitness(dir) {
  const vkey = readIfThere(join(dir, 'witness.vkey'))?.trim() ?? tell('no witness in this folder: make one with "init"');
  const witness = { ...parseVkey(vkey, witnessType), vkey, privateKey: createPrivateKey(fs.readFileSync(join(dir, 'key.pem'))) };
  if (!createPublicKey(witness.privateKey).equals(witness.key)) tell('key.pem is not the key of witness.vkey');
  return witness;
}

/** Read for each request, so that a log added while serving counts at once. */
function readLogs(dir) {
  const lines = (readIfThere(join(dir, 'logs.vkeys')) ?? '').split(/\s+/);
  return lines.flatMap((line) => (line ? [parseVkey(line, logType)] : []));
}
const originsOf = (dir) => [...new Set(readLogs(dir).map(({ name }) => name))];

/** Legible, and by its digest never that of another log, also where file names ignore case. */
function checkpointFile(origin) {
  const legible = origin.toLowerCase().replace(/[^a-z0-9.-]/g, '_');
  return `${legible.slice(0, 80)}-${sha256(origin).toString('hex').slice(0, 16)}.checkpoint`;
}

/** The newest checkpoint that this witness signed. Of a log never seen: size 0, which any log begins with. */
function readLast(dir, origin, witness) {
  const text = readIfThere(join(dir, 'checkpoints', checkpointFile(origin)));
  if (text === undefined) return { size: 0, root: sha256(''), seconds: undefined };
  const note = parseNote(text);
  const own = note?.lines.find(({ id, name, signature }) => name === witness.name && id.equals(witness.id) && signature.length === 72)?.signature;
  const seconds = own?.readBigUInt64BE();
  // Not ours, or damaged: to guess here would be to forget. A person puts the right file back.
  if (!own || note.origin !== origin || !verify(null, cosignedText(seconds, note.body), witness.key, own.subarray(8)))
    tell(`checkpoints/${checkpointFile(origin)} does not carry the signature of this witness`);
  return { size: note.size, root: note.root, seconds: Number(seconds) };
}

/** A living process: its number and, where the system tells it, when it started, since numbers are given again. Undefined: none. */
function processMark(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return undefined; // EPERM: lives, as another user's
  }
  return `${pid} ${readIfThere(`/proc/${pid}/stat`)?.split(') ').at(-1).split(' ')[19] ?? '-'}\n`;
}

/** The process that serves this folder; undefined also where it ended without taking its lock away. */
function servedBy(dir) {
  const mark = readIfThere(join(dir, 'lock')) ?? '';
  const pid = Number.parseInt(mark, 10);
  return pid > 0 && processMark(pid) === mark ? pid : undefined;
}

/** Two that find one stale lock may both take it: the later one holds it, and the other never signs, since it looks before it does. */
function takeLock(dir) {
  const other = servedBy(dir);
  if (other) tell(`process ${other} already serves this folder`);
  const mine = processMark(process.pid);
  replaceFile(dir, 'lock', mine);
  const isHeld = () => readIfThere(join(dir, 'lock')) === mine;
  return { isHeld, release: () => isHeld() && fs.rmSync(join(dir, 'lock')) };
}

/** Judges one request. Nothing in here waits, so no second request of the log can come between its look and its store. */
function addCheckpoint(dir, witness, text) {
  const request = parseRequest(text);
  if (!request) return { status: 400, outcome: 'malformed' };
  const { old, proof, note } = request;
  const seen = { origin: note.origin, old, size: note.size };
  const keys = readLogs(dir).filter(({ name }) => name === note.origin);
  if (keys.length === 0) return { ...seen, status: 404, outcome: 'unknown log' };
  const lines = signedLines(note, keys);
  if (lines.length === 0) return { ...seen, status: 403, outcome: 'not signed by the log' };
  const last = readLast(dir, note.origin, witness);
  const isFork = last.size === note.size && !last.root.equals(note.root);
  if (isFork || old !== last.size) return { ...seen, status: 409, outcome: isFork ? 'another history' : `last saw ${last.size}`, body: `${last.size}\n` };
  if (!isGrowth(last, note, proof)) return { ...seen, status: 422, outcome: 'proof does not hold' };

  const seconds = Math.floor(Date.now() / 1000);
  const payload = Buffer.concat([witness.id, Buffer.alloc(8), sign(null, cosignedText(seconds, note.body), witness.privateKey)]);
  payload.writeBigUInt64BE(BigInt(seconds), 4);
  const cosignature = `— ${witness.name} ${payload.toString('base64')}\n`;
  replaceFile(join(dir, 'checkpoints'), checkpointFile(note.origin), `${note.body}\n${lines.map(({ line }) => `${line}\n`).join('')}${cosignature}`);
  // Stored, not answered. A crash here leaves a witness that has seen this size; the log asks again, with old = size, and is answered.
  return { ...seen, status: 200, outcome: 'cosigned', body: cosignature };
}

/** The body as text; nothing, which is no request, when it is too long or not UTF-8. */
async function readBody(request) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > bodyLimitBytes) return '';
  }
  return Buffer.from(bytes.toString()).equals(bytes) ? bytes.toString() : '';
}

async function judge({ dir, witness, lock }, request) {
  if (request.url.split('?')[0] !== '/add-checkpoint') return { status: 404, outcome: 'no such page' };
  if (request.method !== 'POST') return { status: 405, outcome: 'not POST' };
  const text = await readBody(request);
  return lock.isHeld() ? addCheckpoint(dir, witness, text) : { status: 503, outcome: 'another process took this folder' };
}

const sayLine = (fields) => console.log(JSON.stringify({ time: new Date().toISOString(), ...fields }));

async function answer(served, request, response) {
  const { body, ...said } = await judge(served, request).catch((error) => ({ status: 500, outcome: error.code ?? error.message }));
  sayLine(said);
  response.setHeader('content-type', said.status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8');
  if (said.status !== 200 && said.status !== 409) response.setHeader('connection', 'close'); // the rest of a refused body is not awaited
  response.writeHead(said.status).end(body ?? `${said.outcome}\n`);
}

function init({ dir, name = '' }) {
  if (!/^[^\s+]{1,200}$/.test(name)) tell('--name: 1 to 200 signs, without space and plus sign', 2);
  fs.mkdirSync(join(dir, 'checkpoints'), { recursive: true, mode: 0o700 });
  // A crash after the key and before witness.vkey leaves a key without name, which the next init takes.
  if (!fs.existsSync(join(dir, 'key.pem'))) replaceFile(dir, 'key.pem', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const raw = createPublicKey(fs.readFileSync(join(dir, 'key.pem'))).export({ format: 'jwk' }).x;
  const typed = Buffer.concat([Buffer.of(witnessType), Buffer.from(raw, 'base64url')]);
  const vkey = `${name}+${keyId(name, typed).toString('hex')}+${typed.toString('base64')}`;
  const known = readIfThere(join(dir, 'witness.vkey'))?.trim() ?? vkey;
  if (known !== vkey) tell(`this folder is another witness already: ${known}`);
  replaceFile(dir, 'witness.vkey', `${vkey}\n`);
  return vkey;
}

function addLog({ dir, vkey = '' }) {
  readWitness(dir);
  const added = parseVkey(vkey.trim(), logType);
  const same = readLogs(dir).filter(({ name }) => name === added.name);
  if (same.some(({ key }) => key.equals(added.key))) return `known already: ${added.name}`;
  replaceFile(dir, 'logs.vkeys', `${readIfThere(join(dir, 'logs.vkeys')) ?? ''}${vkey.trim()}\n`);
  return `added: key ${same.length + 1} of ${added.name}`;
}

function serve({ dir, listen = '127.0.0.1:7431', 'tls-cert': cert, 'tls-key': key }) {
  const witness = readWitness(dir);
  for (const origin of originsOf(dir)) readLast(dir, origin, witness);
  const [, host, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(listen) ?? tell('--listen: ADDRESS:PORT', 2);
  if (!cert !== !key) tell('--tls-cert and --tls-key go together', 2);
  const served = { dir, witness, lock: takeLock(dir) };
  const tls = cert && { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
  const options = { requestTimeout: 10_000, headersTimeout: 5_000, connectionsCheckingInterval: 2_000, ...tls };
  const server = (cert ? createHttpsServer : createHttpServer)(options, (request, response) => answer(served, request, response));
  server.maxConnections = 64;
  process.once('exit', served.lock.release);
  // A request is judged, stored and its answer handed to the system in one go: a signal never falls between.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
  server.once('error', (error) => {
    console.error(`witness: ${error.message}`);
    process.exit(1);
  });
  server.listen(Number(port), host, () => sayLine({ outcome: 'serving', port: server.address().port }));
}

function status({ dir, json }) {
  const witness = readWitness(dir);
  const logs = originsOf(dir).map((origin) => {
    const { size, root, seconds } = readLast(dir, origin, witness);
    const signed_at = seconds === undefined ? null : new Date(seconds * 1000).toISOString();
    return { origin, keys: readLogs(dir).filter(({ name }) => name === origin).length, size, root: root.toString('hex'), signed_at };
  });
  const pid = servedBy(dir) ?? null;
  if (json) return JSON.stringify({ vkey: witness.vkey, served_by: pid, logs });
  const lines = logs.map(({ origin, keys, size, signed_at }) => `${origin}: size ${size}, signed ${signed_at ?? 'never'}, keys ${keys}`);
  return [witness.vkey, pid ? `served by process ${pid}` : 'not serving', ...lines].join('\n');
}

function exportCheckpoints({ dir, out = '.' }) {
  const witness = readWitness(dir);
  const files = originsOf(dir).flatMap((origin) => (readLast(dir, origin, witness).seconds === undefined ? [] : [checkpointFile(origin)]));
  fs.mkdirSync(out, { recursive: true });
  for (const file of files) replaceFile(out, file, fs.readFileSync(join(dir, 'checkpoints', file)));
  return files.map((file) => join(out, file)).join('\n') || 'nothing signed yet';
}
const commands = { init, 'add-log': addLog, serve, status, export: exportCheckpoints };
try {
  const [text, yes] = [{ type: 'string' }, { type: 'boolean' }];
  const options = { dir: text, name: text, vkey: text, out: text, listen: text, 'tls-cert': text, 'tls-key': text, json: yes, help: yes };
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const command = positionals.length === 1 && Object.hasOwn(commands, positionals[0]) ? commands[positionals[0]] : undefined;
  if (!values.help && !command) tell(help, 2);
  const said = values.help ? help : command(values.dir ? values : tell('--dir: which folder?', 2));
  if (said) console.log(said);
} catch (error) {
  process.stderr.write(`witness: ${error.message}\n`);
  process.exitCode = error.exitCode ?? (String(error.code).startsWith('ERR_PARSE_ARGS') ? 2 : 1);
}
