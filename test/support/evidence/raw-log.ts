import { randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../../src/core/canonical-json.ts';
import { entryHash } from '../../../src/ledger/record.ts';
import { growingTree, leafHash } from '../../../src/ledger/tree.ts';
import { eventKind } from '../../../src/model/ledger-event.ts';
import type { LedgerDraft } from '../../../src/model/ledger-record.ts';

export type RawRecord = { [field: string]: unknown };

/** A chain of records that refuses nothing: the stores refuse what an attacker with the store's file can do. */
export interface RawLog {
  readonly lines: string[];
  /** Now, in the story. */
  timeMs(): number;
  advance(seconds: number): void;
  /** Answers the seq of the new record. `edit` sees it whole, before it is chained. */
  append(draft: LedgerDraft, edit?: (record: RawRecord) => RawRecord): number;
  /** Over all records so far, hex. */
  root(): string;
}

export interface RawLogOptions {
  readonly project: string;
  readonly log: string;
  readonly startMs: number;
  /** Between two records. */
  readonly stepMs: number;
}

export function openRawLog({ project, log, startMs, stepMs }: RawLogOptions): RawLog {
  const lines: string[] = [];
  const tree = growingTree();
  let [timeMs, prev, instruction] = [startMs, '0'.repeat(64), undefined as string | undefined];
  return {
    lines,
    timeMs: () => timeMs,
    advance(seconds) {
      timeMs += seconds * 1000;
    },
    append(draft, edit = (record) => record) {
      const record = edit({
        ...draft,
        severity: draft.severity ?? eventKind(draft.event).severity,
        v: 1,
        log,
        seq: lines.length,
        prev,
        salt: randomBytes(16).toString('base64url'),
        time: new Date(timeMs).toISOString(),
        ...(instruction ? { instruction_sha256: instruction } : {}),
        project,
        software: { name: 'ecluse', version: '0.1.0', build: 'sha256:5a3b0f' },
        host: { id: 'host-1', country: 'FR' },
      });
      const line = canonicalJson(record as CanonicalValue);
      prev = entryHash(line);
      tree.addLeaf(leafHash(Buffer.from(prev, 'hex')));
      lines.push(line);
      if (draft.event === 'instruction.received') instruction = draft.evidence?.find(({ name }) => name === 'plan')?.sha256;
      timeMs += stepMs;
      return lines.length - 1;
    },
    root: () => tree.root().toString('hex'),
  };
}
