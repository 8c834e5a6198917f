import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { samplePlace } from '../support/evidence/sample-policy.ts';
import { makeSampleLogKeys } from '../support/evidence/test-keys.ts';
import { type Attack, fails } from './attack.ts';
import {
  approvalPath,
  bound,
  chained,
  cutAtCheckpoint,
  dropCheckpoint,
  editLine,
  editLines,
  editManifest,
  editText,
  find,
  linesOf,
  manifestPath,
  otherId,
  replaceByLink,
  signAnew,
  sizesOf,
  swapTokens,
  weakenPolicy,
} from './folder-hands.ts';

type Made = Omit<Attack, 'who'>;

/** Every row of the store, or the exported folder, and no key. */
const recordAttacks: readonly Made[] = [
  {
    id: 'edit-record',
    title: 'A byte of a record is edited',
    how: 'One sign of a record in the middle of the log is changed.',
    perform: ({ folder }) => editLine(folder, find(folder, 'transfer.started').seq, (line) => line.replace('"attempt":1', '"attempt":2')),
    expected: fails('C4', 'C8'),
  },
  {
    id: 'edit-last-record',
    title: 'A byte of the last record is edited',
    how: 'The last record, which no other record chains, is changed.',
    perform: ({ folder }) => editLine(folder, linesOf(folder).length - 1, (line) => line.replace('"country":"FR"', '"country":"US"')),
    expected: fails('C8'),
  },
  {
    id: 'edit-and-chain',
    title: 'A record is edited, and all behind it chained again',
    how: 'A record is changed and every `prev` behind it made anew, which needs no key.',
    perform: ({ folder }) =>
      editLines(folder, (lines) =>
        chained(lines.map((line) => (line.includes('"event":"transfer.started"') ? line.replace('"attempt":1', '"attempt":2') : line))),
      ),
    expected: fails('C8'),
  },
  {
    id: 'drop-record',
    title: 'A record is dropped',
    how: 'One line is taken out of the middle, and the rest chained again.',
    perform: ({ folder }) => editLines(folder, (lines) => chained(lines.filter((_, seq) => seq !== 20))),
    expected: fails('C3', 'C8'),
  },
  {
    id: 'swap-records',
    title: 'Two records are swapped',
    how: 'Two neighbouring lines change places, and all is chained again.',
    perform: ({ folder }) => editLines(folder, (lines) => chained(lines.map((line, seq) => lines[seq === 20 ? 21 : seq === 21 ? 20 : seq] ?? line))),
    expected: fails('C3', 'C8'),
  },
  {
    id: 'replay-record',
    title: 'The last record is replayed',
    how: 'The last line stands twice.',
    perform: ({ folder }) => editLines(folder, (lines) => [...lines, ...lines.slice(-1)]),
    expected: fails('C3', 'C5', 'C9'),
  },
  {
    id: 'truncate',
    title: 'The log is truncated, its checkpoints kept',
    how: 'The last five lines are cut off.',
    perform: ({ folder }) => editLines(folder, (lines) => lines.slice(0, -5)),
    expected: fails('C8'),
  },
  {
    id: 'drop-newest-checkpoint',
    title: 'The newest checkpoint is dropped',
    how: 'The signed head over the last records is removed, so that nothing signed covers them.',
    perform: ({ folder }) => dropCheckpoint(folder, sizesOf(folder).at(-1) ?? 0),
    expected: fails('C9'),
  },
  {
    id: 'truncate-with-checkpoints',
    title: 'The log is truncated at an earlier checkpoint, and the newer ones dropped',
    how: 'Everything behind an earlier signed head is removed: records, heads, cosignatures, tokens.',
    perform: ({ folder }) => cutAtCheckpoint(folder, sizesOf(folder).at(-3) ?? 0),
    expected: fails('C10'),
    brings: ({ honest }, save) => ({ checkpoints: [save('kept-by-the-auditor', honest.checkpoints.at(-1)?.note ?? '')] }),
    isBlindWithout: true,
    residual:
      'Without a checkpoint kept outside, the rest is a true but older log. It no longer ends in `log.closed`, so each verifier calls it INTERIM; ask the witness for its newest checkpoint.',
  },
  {
    id: 'duplicate-key',
    title: 'A JSON key stands twice',
    how: 'A record gets a second `event`, which two parsers would read differently.',
    perform: ({ folder }) => editLine(folder, 12, (line) => line.replace('"event":', '"event":"step.failed","event":')),
    expected: fails('C2'),
  },
  {
    id: 'crlf',
    title: 'Lines end in CRLF',
    how: 'Each LF of the log becomes CR LF.',
    perform: ({ folder }) => editLines(folder, (lines) => lines.map((line) => `${line}\r`)),
    expected: fails('C2'),
  },
  {
    id: 'spaces',
    title: 'A space in a record',
    how: 'A space that JSON permits is put behind a comma.',
    perform: ({ folder }) => editLine(folder, 12, (line) => line.replace(',', ', ')),
    expected: fails('C2'),
  },
  {
    id: 'no-last-lf',
    title: 'The last LF is missing',
    how: 'The file ends without its LF; no hash changes.',
    perform: ({ folder }) => editText(join(folder, 'log/records.jsonl'), (text) => text.trimEnd()),
    expected: fails('C2'),
  },
];

const fileAttacks: readonly Made[] = [
  {
    id: 'unlisted-file',
    title: 'A file that nobody listed',
    how: 'A report of the attacker’s lies among the others.',
    perform: ({ folder }) => writeFileSync(join(folder, 'report.html'), 'All is well.\n'),
    keepsSums: true,
    expected: fails('C1'),
  },
  {
    id: 'changed-file',
    title: 'A listed file is changed',
    how: 'The README tells another procedure.',
    perform: ({ folder }) => editText(join(folder, 'README.md'), (text) => `${text}Do not verify.\n`),
    keepsSums: true,
    expected: fails('C1'),
  },
  {
    id: 'missing-file',
    title: 'A listed file is removed',
    how: 'A file outside `confidential/` is taken away.',
    perform: ({ folder }) => rmSync(join(folder, 'log/schema.json')),
    keepsSums: true,
    expected: fails('C1'),
  },
  {
    id: 'link',
    title: 'A link in the place of a file',
    how: 'A file becomes a link to elsewhere, with the same bytes today.',
    perform: ({ folder, honest }) => replaceByLink(folder, honest.folder, 'README.md'),
    keepsSums: true,
    expected: fails('C1'),
  },
  {
    id: 'wrong-key-id',
    title: 'A checkpoint names another key id',
    how: 'The key id in the signature line of a checkpoint is changed, so that it is nobody’s.',
    perform: ({ folder }) =>
      editText(join(folder, 'log/checkpoints/12'), (text) => text.replace(/ (\S+)\n$/, (_, payload: string) => ` ${otherId(payload)}\n`)),
    expected: fails('C7'),
  },
  {
    id: 'foreign-signature',
    title: 'A checkpoint is signed by another key',
    how: 'The newest checkpoint is signed again by keys of the attacker, under the log’s name.',
    perform: ({ folder }) => signAnew(folder, sizesOf(folder).at(-1) ?? 0),
    expected: fails('C7'),
  },
  {
    id: 'no-cosignatures',
    title: 'The cosignatures are removed',
    how: '`log/cosigned/` is deleted.',
    perform: ({ folder }) => rmSync(join(folder, 'log/cosigned'), { recursive: true }),
    expected: fails('C12'),
  },
  {
    id: 'no-tokens',
    title: 'The timestamps are removed',
    how: '`timestamps/` is deleted.',
    perform: ({ folder }) => rmSync(join(folder, 'timestamps'), { recursive: true }),
    expected: fails('C13'),
  },
  {
    id: 'token-of-another',
    title: 'A timestamp of another checkpoint',
    how: 'The token of one gate is put in the place of another’s.',
    perform: swapTokens,
    expected: fails('C13'),
  },
  {
    id: 'weaker-policy',
    title: 'policy.json is weakened',
    how: 'The cooling-off period becomes one day, and `trust/fingerprints.txt` says its new digest.',
    perform: weakenPolicy,
    expected: fails('C23'),
  },
  {
    id: 'other-trust-file',
    title: 'A key in trust/ is replaced',
    how: '`trust/log.vkey` names a key of the attacker’s, for whoever checks by hand.',
    perform: ({ folder }) => writeFileSync(join(folder, 'trust/log.vkey'), `${makeSampleLogKeys(samplePlace.log, '2026-01-05T08:00:00.000Z').vkey.text}\n`),
    expected: fails('C23'),
  },
  {
    id: 'edited-approval',
    title: 'An approval is edited',
    how: 'The count of objects in what a person signed is changed.',
    perform: ({ folder }) => editText(approvalPath(folder, 'cutover.approved'), (text) => text.replace('"objects":30', '"objects":29')),
    expected: fails('C14'),
  },
  {
    id: 'unsigned-approval',
    title: 'The signature of an approval is removed',
    how: 'The `.sig` file is deleted.',
    perform: ({ folder }) => rmSync(`${approvalPath(folder, 'cutover.approved')}.sig`),
    expected: fails('C14'),
  },
  {
    id: 'no-scope',
    title: 'The scope of an approval is removed',
    how: 'The file that says exactly what was approved is deleted.',
    perform: ({ folder }) => rmSync(join(folder, 'evidence', bound(folder, 'gate.reached', 'scope'))),
    expected: fails('C15'),
  },
  {
    id: 'edited-row',
    title: 'A row of a shard is edited',
    how: 'What became of an object is changed in the rows file.',
    perform: ({ folder }) => editManifest(folder, bound(folder, 'batch.verified', 'rows'), (text) => text.replace('"outcome":"copied"', '"outcome":"adopted"')),
    expected: fails('C18'),
  },
  {
    id: 'endless-rows',
    title: 'A rows file that unpacks without end',
    how: 'The file is replaced by a gzip bomb.',
    perform: ({ folder }) => editManifest(folder, bound(folder, 'batch.verified', 'rows'), (text) => text + ' '.repeat(60_000_000)),
    expected: fails('C18'),
  },
  {
    id: 'no-final-set',
    title: 'The final set is removed',
    how: 'The list of end states is deleted.',
    perform: ({ folder }) => rmSync(manifestPath(folder, bound(folder, 'reconciliation.closed', 'final-set'))),
    expected: fails('C19'),
  },
];

export const outsiderAttacks: readonly Attack[] = [
  ...recordAttacks.map((attack) => ({ ...attack, who: 'database admin' as const })),
  ...fileAttacks.map((attack) => ({ ...attack, who: 'outsider with the folder' as const })),
];
