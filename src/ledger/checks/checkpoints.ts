import { verify } from 'node:crypto';
import { parseCheckpoint, parseNote, verifyNote } from '../signed-note.ts';
import type { Ceremonies } from './ceremonies.ts';
import { BundleFault, sha256Of, shown } from './folder.ts';
import { type Bundle, evidenceNamed, type RecordCheck, type Seen } from './record-check.ts';

const noteLimitBytes = 64 * 1024;
const decimal = /^(0|[1-9]\d{0,15})$/;

/** Sizes of the checkpoints in the bundle, ascending. A file of another name fails C7. */
export function checkpointSizes({ folder, findings }: Bundle): readonly number[] {
  const names = folder.below('log/checkpoints');
  for (const name of names) if (!decimal.test(name.replace(/\.p256\.sig$/, ''))) findings.fail('C7', `log/checkpoints/${shown(name)} is named by no size`);
  return names
    .filter((name) => decimal.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The note of that size as text. */
export const checkpointNote = ({ folder }: Bundle, size: number): string => folder.bytes(`log/checkpoints/${size}`, noteLimitBytes).toString('utf8');

/** C7 and C8 when the log has grown to a checkpoint's size, C9 at its end. */
export function checkpointCheck(bundle: Bundle, sizes: readonly number[], ceremonies: Ceremonies): RecordCheck {
  const { findings, folder } = bundle;
  const waiting = new Set(sizes);
  let closedAt: { readonly seq: number; readonly records: number | undefined } | undefined;
  const check = (size: number, root: string): void => {
    findings.looked('C7');
    findings.looked('C8');
    findings.guard('C7', () => {
      const keys = ceremonies.inForce();
      if (!keys) throw new BundleFault(`checkpoint ${size}: no key is in force`);
      const note = checkpointNote(bundle, size);
      const demanded = [keys.log, ...ceremonies.takeReplaced()];
      const { body, signedBy } = verifyNote(note, demanded);
      const said = parseCheckpoint(body);
      if (said.origin !== bundle.policy?.log || said.size !== size) findings.fail('C7', `checkpoint ${size}: another origin or size`);
      for (const key of demanded) if (!signedBy.includes(key)) findings.fail('C7', `checkpoint ${size}: lacks the signature of key ${key.id}`);
      const signature = folder.bytes(`log/checkpoints/${size}.p256.sig`, noteLimitBytes);
      if (!verify('sha256', Buffer.from(note), keys.p256, signature)) findings.fail('C7', `checkpoint ${size}: the P-256 signature does not verify`);
    });
    findings.guard('C8', () => {
      if (parseCheckpoint(parseNote(checkpointNote(bundle, size)).body).root !== root)
        findings.fail('C8', `checkpoint ${size}: the root is not that of the records`, size - 1);
    });
  };
  /** What a record binds is there: what was published, and what a gate opened under. */
  const bound = ({ seq, record }: Seen): void => {
    for (const [name, ending] of [
      ['checkpoint', ''],
      ['p256', '.p256.sig'],
    ] as const) {
      const item = evidenceNamed(record, name);
      const file = `log/checkpoints/${record.counts?.size}${ending}`;
      if (item && sha256Of(folder.bytes(file, noteLimitBytes)) !== item.sha256) findings.fail('C7', `${file} is not what it binds as ${name}`, seq);
      if (!item && record.event === 'checkpoint.published') findings.fail('C7', `binds no ${name}`, seq);
    }
  };
  return {
    sees: (seen) => {
      const { seq, record } = seen;
      findings.guard('C7', () => bound(seen), seq);
      if (closedAt && closedAt.seq < seq) findings.fail('C9', 'stands behind log.closed', seq);
      if (record.event === 'log.closed') closedAt ??= { seq, records: record.counts?.records };
    },
    grown: (size, rootOf) => {
      if (waiting.delete(size)) check(size, rootOf());
    },
    ends: ({ size, isFinal }) => {
      for (const beyond of waiting) findings.fail('C8', `checkpoint ${beyond}: the log has only ${size} records`);
      findings.looked('C9', size - 1);
      if (sizes.at(-1) !== size) findings.fail('C9', `the newest checkpoint covers ${sizes.at(-1) ?? 0} of ${size} records`, size - 1);
      if (isFinal && closedAt && closedAt.records !== closedAt.seq) findings.fail('C9', 'log.closed counts another number of records', closedAt.seq);
    },
  };
}

/** C10: checkpoints that the auditor kept, in their own bytes. */
export function broughtCheck(bundle: Bundle, brought: readonly Buffer[], ceremonies: Ceremonies): RecordCheck {
  const { findings, policy } = bundle;
  const waiting = brought.flatMap((bytes, i) => {
    const note = bytes.toString('utf8');
    const checkpoint = findings.guard('C10', () => parseCheckpoint(parseNote(note).body));
    return checkpoint ? [{ note, checkpoint, label: `checkpoint ${i + 1} of yours` }] : [];
  });
  const check = ({ note, checkpoint, label }: (typeof waiting)[number], size: number, root: string): void => {
    findings.looked('C10');
    if (checkpoint.origin !== policy?.log) findings.fail('C10', `${label} is of another log`);
    else if (checkpoint.size > size) findings.fail('C10', `${label} covers ${checkpoint.size} records, the log has ${size}`);
    else if (checkpoint.root !== root) findings.fail('C10', `${label} shows another history of the log`, Math.max(0, checkpoint.size - 1));
    else findings.guard('C10', () => verifyNote(note, ceremonies.vkeys));
  };
  return {
    grown: (size, rootOf) => {
      for (const one of waiting) if (one.checkpoint.size === size) check(one, size, rootOf());
    },
    ends: ({ size, root }) => {
      for (const one of waiting) if (one.checkpoint.size > size || one.checkpoint.size === 0) check(one, size, root);
    },
  };
}
