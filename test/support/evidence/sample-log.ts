import { createHash } from 'node:crypto';
import { MigrationError } from '../../../src/core/migration-error.ts';
import { cosignLine } from '../../../src/ledger/cosignature.ts';
import { checkpointBody, noteOf } from '../../../src/ledger/signed-note.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { openRawLog, type RawLog } from './raw-log.ts';
import type { LogHand, SampleEdits } from './sample-edits.ts';
import { type SampleKeys, samplePlace } from './sample-policy.ts';

type EvidenceItem = NonNullable<LedgerDraft['evidence']>[number];

export interface SampleCheckpoint {
  readonly size: number;
  readonly root: string;
  readonly note: string;
  readonly p256: Buffer;
}

/** A log with its signer, witness and authority, in the story's time. */
export interface SampleLog {
  readonly raw: RawLog;
  readonly files: Map<string, Buffer>;
  readonly checkpoints: SampleCheckpoint[];
  readonly cosigned: { readonly size: number; readonly note: string }[];
  put(bytes: Uint8Array): string;
  get(digest: string): Promise<Buffer>;
  /** A file in the depot, as evidence. */
  file(name: string, bytes: Uint8Array | string, mediaType?: string, confidential?: true): EvidenceItem;
  append(draft: LedgerDraft): number;
  /** The same, but no checkpoint that is due comes before it. */
  appendFirst(draft: LedgerDraft): number;
  /** When the newest checkpoint was recorded. */
  publishedAtMs(): number;
  /** Signs what is there; records it, the cosignature and, where asked, a token; answers what a `gate.opened` binds. */
  publish(stamped?: boolean): { readonly size: number; readonly root: string; readonly evidence: readonly EvidenceItem[] };
  /** The last checkpoint: nothing is recorded behind it. */
  publishLast(): SampleCheckpoint;
  rotate(keys: SampleKeys['log'][number]): void;
}

export const service = (id: string): LedgerDraft['actor'] => ({ id: `svc:${id}`, type: 'service', auth: 'client-asserted' });
export const systemClock = (timeMs: number): LedgerDraft['clock'] => ({ source: 'ntp.example', offset_ms: 2, checked_at: new Date(timeMs).toISOString() });

export function openSampleLog(keys: SampleKeys, policy: Policy, startMs: number, stepMs: number, edits: SampleEdits): SampleLog {
  const raw = openRawLog({ ...samplePlace, startMs, stepMs });
  const files = new Map<string, Buffer>();
  const checkpoints: SampleCheckpoint[] = [];
  const cosigned: { size: number; note: string }[] = [];
  let published = { size: 0, timeMs: startMs };
  let previous: SampleKeys['log'][number] | undefined;

  const put = (bytes: Uint8Array): string => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    files.set(digest, Buffer.from(bytes));
    return digest;
  };
  const file: SampleLog['file'] = (name, bytes, mediaType = 'application/json', confidential) => ({
    name,
    media_type: mediaType,
    sha256: put(Buffer.from(bytes)),
    size_bytes: String(Buffer.byteLength(bytes)),
    ...(confidential ? { confidential } : {}),
  });
  const write = (draft: LedgerDraft): number => raw.append(draft, edits.record);
  const edited = (draft: LedgerDraft): number => {
    const said = edits.draft?.(draft, hand) ?? draft;
    for (const one of 'event' in said ? [said] : said) write(one);
    return raw.lines.length - 1;
  };
  const append = (draft: LedgerDraft): number => {
    const isDue =
      raw.lines.length - published.size >= policy.checkpoint.every_records || raw.timeMs() - published.timeMs >= policy.checkpoint.every_seconds * 1000;
    if (isDue && checkpoints.length > 0) publish();
    return edited(draft);
  };

  const signed = (): SampleCheckpoint => {
    const [size, root] = [raw.lines.length, raw.root()];
    const body = checkpointBody({ origin: samplePlace.log, size, root });
    const current = keys.log.at(-1) as SampleKeys['log'][number];
    const note = noteOf(body, [current.sign(body), ...(previous ? [previous.sign(body)] : [])]);
    previous = undefined;
    published = { size, timeMs: raw.timeMs() };
    return { size, root, note, p256: current.signP256(Buffer.from(note)) };
  };
  const cosign = ({ size, root, note }: SampleCheckpoint): { readonly note: string; readonly time: number } | undefined => {
    const now = Math.floor(raw.timeMs() / 1000);
    const time = edits.cosignedAt ? edits.cosignedAt(now, size) : now;
    if (time === undefined || policy.witnesses.length === 0) return undefined;
    const both = `${note}${cosignLine(checkpointBody({ origin: samplePlace.log, size, root }), keys.witness.name, keys.witness.privateKey, time)}\n`;
    cosigned.push({ size, note: both });
    return { note: both, time };
  };
  const record = (event: LedgerDraft['event'], size: number, said: Partial<LedgerDraft>): number =>
    edited({ event_id: `${samplePlace.project}/log/${size}/${event}`, event, actor: service('ledger'), ...said });

  const publish: SampleLog['publish'] = (stamped = false) => {
    const newest = checkpoints.at(-1);
    if (newest && edits.checkpoint?.(raw.lines.length) === false) {
      published = { size: raw.lines.length, timeMs: raw.timeMs() };
      return { ...newest, evidence: [file('checkpoint', newest.note, 'text/plain')] };
    }
    const one = signed();
    checkpoints.push(one);
    const { size } = one;
    const evidence = [file('checkpoint', one.note, 'text/plain')];
    const p256 = file('p256', one.p256, 'application/octet-stream');
    const unit = { kind: 'log' as const, ref: samplePlace.log };
    record('checkpoint.published', size, { unit, counts: { size }, clock: systemClock(raw.timeMs()), evidence: [...evidence, p256] });
    const seen = cosign(one);
    if (seen) {
      evidence.push(file('cosigned', seen.note, 'text/plain'));
      record('witness.cosigned', size, { unit: { kind: 'log', ref: keys.witness.name }, counts: { size, time: seen.time }, evidence: evidence.slice(-1) });
    }
    const now = Math.floor(raw.timeMs() / 1000);
    const time = edits.stampedAt ? edits.stampedAt(now, size) : now;
    if (stamped && keys.authority && time !== undefined) {
      const { query, response } = keys.authority.stamp(Buffer.from(one.note), time);
      evidence.push(file('token', response, 'application/timestamp-reply'));
      const both = [file('query', query, 'application/timestamp-query'), ...evidence.slice(-1)];
      record('tsa.token', size, { unit: { kind: 'log', ref: keys.authorityName }, counts: { size, gen_time: time }, evidence: both });
    }
    return { size, root: one.root, evidence };
  };

  const hand: LogHand = { size: () => raw.lines.length, timeMs: raw.timeMs, advance: raw.advance, publish: () => void publish(), append: write, put, keys };
  return {
    raw,
    files,
    checkpoints,
    cosigned,
    put,
    get: async (digest) => files.get(digest) ?? missing(),
    file,
    append,
    appendFirst: edited,
    publishedAtMs: () => published.timeMs,
    publish,
    publishLast() {
      const one = signed();
      checkpoints.push(one);
      cosign(one);
      return one;
    },
    rotate(next) {
      previous = keys.log.at(-1);
      keys.log.push(next);
    },
  };
}

function missing(): never {
  throw new MigrationError('DEPOT_MISSING', { operation: 'get' });
}
