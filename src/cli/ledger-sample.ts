import { copyFileSync, createReadStream, existsSync, mkdirSync, openAsBlob, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { BundleFault } from '../ledger/checks/folder.ts';
import { type DrawnSample, drawSample, nameSample } from '../ledger/sample.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, usage } from './failure.ts';

const defaultCount = 25;
const mostCount = 10_000;
const script = 'rehash.py';

export const ledgerSample: CommandDefinition = {
  name: 'ledger sample',
  summary: 'draw objects of a bundle by your own seed, to hash them again on the target',
  details:
    'Works on the folder alone, without network, project or Temporal. The names come from --names or --identity; without them the sample has references only.',
  arguments: [{ name: 'dir', summary: 'folder of a bundle', kind: 'required' }],
  options: [
    { flags: '--count <count>', summary: `how many objects (default ${defaultCount})` },
    { flags: '--seed <text>', summary: 'what decides the draw: chosen by you, after you got the bundle' },
    { flags: '--names <file>', summary: 'confidential/names.age, decrypted' },
    { flags: '--identity <file>', summary: 'an age identity (AGE-SECRET-KEY-1…) that opens confidential/names.age' },
    { flags: '--out <path>', summary: 'a folder, or a file ending in .json' },
  ],
  run: async (context, given) => {
    const asked = readAsked(context, given);
    const drawn = await orBroken(given.argument(0), drawSample(asked.folder, asked));
    if (!drawn) throw noFinalSet(given.argument(0));
    const names = await namesOf(asked);
    const sample = names ? await orBroken(given.argument(0), nameSample(drawn, names)) : drawn;
    return answer(sample, asked.out, asked.folder);
  },
};

interface Asked {
  readonly folder: string;
  readonly count: number;
  readonly seed: string;
  readonly names: string | undefined;
  readonly identity: string | undefined;
  /** The file to be written. */
  readonly out: string;
}

function readAsked(context: CommandContext, given: Given): Asked {
  const at = (file: string | undefined): string | undefined => (file === undefined ? undefined : path.resolve(context.folder, file));
  const folder = path.resolve(context.folder, given.argument(0));
  const [names, identity, out, seed] = [at(given.text('names')), at(given.text('identity')), at(given.text('out')), given.text('seed')];
  const count = given.whole('count') ?? defaultCount;
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw usage('DIR is not a folder: name that of a bundle');
  if (!seed?.isWellFormed()) throw usage('--seed is missing: choose any text', ['ecluse ledger sample DIR --seed "what nobody could guess" --out my-sample']);
  if (!out) throw usage('--out is missing: where the sample is written');
  if (count < 1 || count > mostCount) throw usage(`--count takes a number from 1 to ${mostCount}`);
  if (names && identity) throw usage('--names and --identity say the same: give one');
  for (const file of [names, identity]) if (file && !existsSync(file)) throw usage('a file of --names or --identity is not there');
  return { folder, count, seed, names, identity, out: out.endsWith('.json') ? out : path.join(out, 'sample.json') };
}

async function namesOf({ folder, names, identity }: Asked): Promise<AsyncIterable<Buffer> | undefined> {
  if (names) return createReadStream(names);
  if (!identity) return undefined;
  const encrypted = path.join(folder, 'confidential', 'names.age');
  if (!existsSync(encrypted)) throw usage('the bundle holds no confidential/names.age: it was withheld');
  // age-encryption is an ES module only, and most commands need it not.
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  const keys = readFileSync(identity, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line.startsWith('AGE-SECRET-KEY-'));
  try {
    for (const key of keys) decrypter.addIdentity(key);
    const file = await openAsBlob(encrypted);
    return buffers(Readable.fromWeb((await decrypter.decrypt(file.stream() as ReadableStream<Uint8Array>)) as ReadableStream));
  } catch {
    // The library's words may hold parts of the key.
    throw usage('--identity does not open confidential/names.age');
  }
}

async function* buffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Writes the sample, which may hold names, for its owner alone, and the script beside it. */
function answer(sample: DrawnSample, out: string, bundle: string): Outcome {
  const folder = path.dirname(out);
  mkdirSync(folder, { recursive: true });
  writeFileSync(out, `${JSON.stringify(sample, undefined, 2)}\n`, { mode: 0o600 });
  const ours = path.join(import.meta.dirname, '..', '..', 'verifiers', script);
  const found = [ours, path.join(bundle, script)].find((file) => existsSync(file));
  if (found) copyFileSync(found, path.join(folder, script));
  const [drawn, named] = [sample.objects.length, sample.objects.filter(({ key }) => key !== undefined).length];
  const lines = [
    `${drawn} objects of ${sample.log} drawn by your seed: ${out}`,
    ...(named < drawn ? [`${drawn - named} have no name: give --names FILE (names.age, decrypted) or --identity FILE.`] : []),
    found
      ? 'Hash them again on the target, with a credential of your own that can only read:'
      : `${script} is not there to be copied: it stands in the bundle.`,
    ...(found ? [`  python3 ${quoted(path.join(folder, script))} ${quoted(out)} --bundle ${quoted(bundle)} --endpoint URL --region REGION`] : []),
  ];
  return { exit: 0, text: lines.join('\n'), json: { out, script: found ? path.join(folder, script) : undefined, named, ...sample } };
}

/** For a shell, where the path needs it. */
const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const noFinalSet = (dir: string): Failure =>
  new Failure({
    code: 'REFUSED',
    doing: 'draw a sample',
    from: dir,
    answer: 'this bundle is interim: no workload has a final set yet',
    next: ['Draw from a bundle that was exported after a reconciliation.'],
  });

async function orBroken<T>(dir: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause;
    throw new Failure({ code: 'REFUSED', doing: 'draw a sample', from: dir, answer: cause.message, next: [`ecluse ledger verify ${dir}`], cause });
  }
}
