import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type BundleOrder, type BundleSummary, writeBundle } from '../../../src/ledger/bundle/write-bundle.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { SampleEdits } from './sample-edits.ts';
import { gap } from './sample-gates.ts';
import { hardNames } from './sample-hard.ts';
import { openSampleLog, type SampleCheckpoint, type SampleLog } from './sample-log.ts';
import { type SampleHistory, sampleName } from './sample-objects.ts';
import { makeSampleKeys, policyBytes, type SampleKeys, samplePlace, samplePolicy } from './sample-policy.ts';
import { closeStory, cutOver, finalize, openStory, pad, replicate, rollBack } from './sample-story.ts';
import type { SampleKind, Story } from './sample-tell.ts';
import { makeSampleLogKeys } from './test-keys.ts';

export interface SampleOptions {
  readonly kind?: SampleKind;
  readonly class?: Policy['class'];
  /** At least so many records, by steps without a story. */
  readonly records?: number;
  /** When the log begins. Verifiers refuse records later than their own clock. */
  readonly startMs?: number;
  /** Beside the plain objects some with a hard history, in a second run after an automatic undo: sample-hard.ts. An interim one is reconciled. */
  readonly hard?: boolean;
  /** New keys of the log before the cutover. */
  readonly rotation?: boolean;
  /** Five hours of outage before the cutover. */
  readonly gap?: 'approved' | 'unapproved';
  /** Keys of an earlier sample: another history of the same log. */
  readonly keys?: SampleKeys;
  readonly edit?: SampleEdits;
  /** The controller's age key; only outside Jest (an ES module). Without it names and confidential files are withheld. */
  readonly recipient?: string;
  readonly verifiers?: BundleOrder['verifiers'];
  readonly pages?: BundleOrder['pages'];
}

export interface Sample {
  readonly folder: string;
  readonly policy: Policy;
  readonly keys: SampleKeys;
  /** The records, without LF. */
  readonly lines: readonly string[];
  readonly checkpoints: readonly SampleCheckpoint[];
  readonly cosigned: SampleLog['cosigned'];
  /** The depot: digest → bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly summary: BundleSummary;
  /** What the log knows of the objects. */
  readonly history: SampleHistory;
}

/** What a story still tells when the padding ends. */
const recordsAfter = { final: 31, interim: 0, 'rolled-back': 39 } as const;
/** In the past of any machine that runs this: verifiers refuse what is later than their clock. */
const defaultStart = '2026-01-05T08:00:00.000Z';

/** A real, whole bundle: one workload of 30 objects in three batches and two passes, with every kind of signature. `folder` must not exist. */
export async function makeSampleBundle(folder: string, options: SampleOptions = {}): Promise<Sample> {
  const { story, policy, keys } = tellStory(options);
  const { log } = story;
  const bundle = {
    records: stream(log.raw.lines),
    size: log.raw.lines.length,
    checkpoints: log.checkpoints,
    cosigned: log.cosigned,
    depot: { get: log.get },
    policyBytes: policyBytes(policy),
    recipient: options.recipient,
    names: stream([...Array.from({ length: 30 }, (_, n) => sampleName(n)), ...(options.hard ? hardNames : [])]),
    verifiers: options.verifiers ?? [],
    pages: options.pages ?? samplePages,
    folder,
  };
  const summary = await writeBundle(bundle);
  return { folder, policy, keys, lines: log.raw.lines, checkpoints: log.checkpoints, cosigned: log.cosigned, files: log.files, summary, history: story };
}

/** Lists all files of the folder again: what an attacker does who changed some. */
export function sumAgain(folder: string): void {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== 'SHA256SUMS')
    .sort();
  const lines = paths.map(
    (path) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex')}  ${path}\n`,
  );
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}

function tellStory(options: SampleOptions): { readonly story: Story; readonly policy: Policy; readonly keys: SampleKeys } {
  const { kind = 'final', records = 0, edit = {} } = options;
  const startMs = options.startMs ?? Date.parse(defaultStart);
  const madeAt = new Date(startMs).toISOString();
  const keys = options.keys ? { ...options.keys, log: options.keys.log.slice(0, 1) } : makeSampleKeys(madeAt);
  const honest = samplePolicy(keys, new Date(startMs).getUTCFullYear(), options.class ?? 'lab');
  const policy = edit.policy?.(honest) ?? honest;
  const log = openSampleLog(keys, policy, startMs, records > 5000 ? 50 : 1000, edit);
  const isOpen = kind === 'interim' && !options.hard;
  const hard = options.hard ? (kind === 'final' ? 'settled' : 'contradicted') : undefined;
  const story: Story = { log, policy, keys, edits: edit, hard, batches: [], inventories: [], run: 1, pass: 0, turn: 0 };
  openStory(story);
  replicate(story, isOpen);
  if (options.gap) gap(story, 5, options.gap === 'approved');
  if (options.rotation) rotate(story);
  pad(story, records - recordsAfter[kind]);
  if (!isOpen) cutOver(story, kind === 'interim');
  if (kind === 'final') finalize(story);
  if (kind === 'rolled-back') rollBack(story);
  if (kind !== 'interim') closeStory(story);
  log.publishLast();
  return { story, policy, keys };
}

function rotate({ log, keys }: Story): void {
  const next = makeSampleLogKeys(samplePlace.log, new Date(log.raw.timeMs()).toISOString(), keys.log.at(-1));
  log.append({
    event_id: `${samplePlace.project}/log/keys/ceremony/2`,
    event: 'key.ceremony',
    actor: { id: 'svc:ledger', type: 'service', auth: 'client-asserted' },
    evidence: [log.file('ceremony', next.ceremony)],
  });
  log.rotate(next);
  log.publish();
}

/** Stands for what people read. */
const samplePages: BundleOrder['pages'] = ({ policy, kind }) =>
  ['README.md', 'LISEZMOI.md'].map((path) => ({ path, text: `# ${policy.class === 'lab' ? 'LAB, NOT EVIDENCE: ' : ''}${policy.project} (${kind})\n` }));

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** `node test/support/evidence/sample.ts FOLDER [--kind K] [--class C] [--records N] [--gap G] [--hard] [--rotation] [--recipient age1…]` */
async function main(): Promise<void> {
  const options = {
    kind: { type: 'string' },
    class: { type: 'string' },
    records: { type: 'string' },
    gap: { type: 'string' },
    hard: { type: 'boolean' },
    rotation: { type: 'boolean' },
    recipient: { type: 'string' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [folder] = positionals;
  if (!folder)
    throw new Error(
      'sample.ts FOLDER [--kind final|interim|rolled-back] [--class lab|production] [--records N] [--gap approved|unapproved] [--hard] [--rotation] [--recipient age1…]',
    );
  const { records, ...said } = values;
  const { summary } = await makeSampleBundle(folder, { ...(said as SampleOptions), ...(records ? { records: Number(records) } : {}) });
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}

// No import.meta: Jest compiles this file to CommonJS, where it does not exist.
if (process.argv[1]?.endsWith('evidence/sample.ts')) void main();
