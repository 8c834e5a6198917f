import type { GuestFamily } from '../../src/core/guest-findings.ts';
import { type Loss, type LossCode, losses } from '../../src/core/loss.ts';
import { remedyFor } from '../../src/core/remedies.ts';
import { isVmFindingCode, type VmFindingCode, vmFindings } from '../../src/core/vm-findings.ts';
import { madeFrom } from './markdown-table.ts';

/** What a person can do about each; a code without an answer does not compile. */
const advice: Readonly<Record<LossCode, string>> = {
  OBJECT_ARCHIVED:
    'Restore the objects in the source for long enough, then `ecluse resume W`. Or accept the code at gate `loss`: then they are left out, counted, and named in the depot; nothing of them is on the target.',
  OBJECT_TOO_LARGE: 'No S3 target can hold it. Split it in the source, or leave it out of the bucket that moves.',
  STORAGE_CLASS_LOST: 'Accept it, and look at the price of the standard class; lifecycle rules of the target may move objects on after `finalize`.',
  TAGS_NOT_CARRIED: 'Find out who reads the tags (lifecycle rules, access rules, billing) before accepting. They stay in the source and in the depot.',
  METADATA_TOO_LARGE: 'Find out who reads the metadata before accepting; the content is carried.',
  METADATA_UNREADABLE: 'Read the objects by the source’s own tools, write their metadata anew in ASCII, and assess again.',
  OBJECT_LOCK_LOST: 'Ask the owner of the records: a lock may be a legal duty. Give the target a lock of its own after `finalize`, not before.',
  OBJECT_ACL_LOST: 'Write what the access lists say as a policy of the target bucket.',
  DATES_LOST: 'Software that sorts by modification date must know. The source’s dates stand in the manifest in the depot.',
  NONCURRENT_VERSION: 'Accept it, or say `versions: all` in plan.yaml when the history must move too (the target needs versioning).',
  DELETE_MARKER: 'Nothing, unless the history must move: `versions: all`.',
  DIRECTORY_MARKER: 'Nothing. Look at the target’s console after the copy if people browse it.',
  KEY_LEADING_SLASH:
    'A store that drops the slash is caught by the closing listing of the target at the latest (KEYS_MERGED, TARGET_DIFFERS), never passed. Then rename in the source.',
  KEY_DOUBLE_SLASH: 'As for KEY_LEADING_SLASH.',
  KEY_DOT_SEGMENT: 'As for KEY_LEADING_SLASH; some stores refuse such keys. Rename in the source if the target does.',
  KEY_BACKSLASH: 'As for KEY_LEADING_SLASH.',
  KEY_SLASH_TWIN: 'Some stores cannot hold `a` beside `a/b`. If the copy holds or unwinds with KEYS_MERGED, rename one of the two in the source.',
  KEY_SEGMENT_LONG: 'Stores that keep objects as files may refuse it. Rename in the source if the target does.',
  KEY_TOO_LONG: 'No S3 target holds it. Rename in the source.',
  KEY_CONTROL_CHARACTER: 'Rename in the source if the target, or the software that reads it, refuses it.',
  KEY_UNICODE_TWIN: 'Two names that look the same. A store that normalises would merge them: the copy then unwinds with KEYS_MERGED. Rename one in the source.',
  KEY_TWINS_UNCHECKED: 'Nothing: the closing listing of the target would still see a merge.',
  CORS_NOT_CARRIED: 'Write the CORS rules on the target by hand before the cutover; the source’s stand in the depot (evidence `configuration`).',
  LIFECYCLE_NOT_CARRIED: 'Write the rules on the target by hand, after `finalize`: earlier they could delete what is being compared.',
  BUCKET_TAGS_NOT_CARRIED: 'Write them on the target by hand if billing or rules read them.',
  POLICY_NOT_CARRIED: 'A policy names accounts of the source’s cloud. Write one for the target, with its own accounts, before the cutover.',
  ENCRYPTION_NOT_CARRIED: 'Keys of the source’s cloud mean nothing on the target. Decide on encryption at rest there before the copy.',
  VERSIONING_NOT_CARRIED: 'Switch versioning on by hand on the target if deletions must be reversible.',
  OBJECT_LOCK_NOT_CARRIED: 'A bucket with a default lock cannot be taken back. Set it after `finalize`, if the target can.',
  NOTIFICATION_NOT_CARRIED: 'Who listens to the events will hear nothing after the cutover: build it anew on the target.',
  REPLICATION_NOT_CARRIED: 'Build the replication anew on the target, after `finalize`.',
  WEBSITE_NOT_CARRIED: 'Set the website on the target by hand, or serve it by other means; mind the address.',
  REQUESTER_PAYS_NOT_CARRIED: 'Nothing on most targets: the owner pays.',
  CONFIGURATION_UNREAD:
    'Give the worker’s credential the missing read right (`ecluse permissions --source S --for inventory`) and assess again; accept only what you know is not set.',
};

const levels: Readonly<Record<Loss['level'], string>> = {
  blocker: 'blocker: the move does not begin',
  warning: 'warning: stands in the loss report, which the owner accepts at gate `loss`',
  advice: 'advice: told by `ecluse assess`, asks for nothing',
};

export function findingsPage(): string {
  const sections = (Object.keys(losses) as LossCode[]).map((code) => {
    const { level, counts, en, fr } = losses[code];
    return `### ${code}\n\n${en}\n*${fr}*\n\n- ${levels[level]}; counts ${counts}\n- ${advice[code]}`;
  });
  return `# Findings and losses

${madeFrom('src/core/loss.ts', 'src/core/vm-findings.ts', 'src/core/remedies.ts')}

\`ecluse assess W\` and the loss report name these codes with counts. Samples of names stand in the depot only (evidence \`assessment\`).

## Buckets

${sections.join('\n\n')}

## Virtual machines

What a source's API, the plan and, once they were read (\`ecluse assess W --inspect\`), the disks themselves say. Of what can be mended in the guest the lines stand here
as \`ecluse assess W --remedies\` prints them for one guest: its administrator reads them and runs them, Écluse never does. In that script \`keep FILE\`
stores a copy of a file below \`/var/backups/ecluse\` before its first change, and \`tell TEXT\` prints what is left to do by hand.

${Object.keys(vmFindings).filter(isVmFindingCode).map(machineSection).join('\n\n')}
`;
}

const families: Readonly<Record<GuestFamily, string>> = {
  debian: 'Debian, Ubuntu',
  rhel: 'RHEL, Rocky, AlmaLinux, Oracle, Fedora, Amazon Linux',
  suse: 'SLES, openSUSE',
  any: 'Any other',
};

function machineSection(code: VmFindingCode): string {
  const { level, en, fr, advice: what } = vmFindings[code];
  return [`### ${code}`, `${en}\n*${fr}*`, `- ${levels[level]}\n- ${what}`, ...remedyBlocks(code)].join('\n\n');
}

/** Families with the same lines stand over one block. */
function remedyBlocks(code: VmFindingCode): string[] {
  const byText = new Map<string, GuestFamily[]>();
  for (const family of Object.keys(families) as GuestFamily[]) {
    const text = remedyFor(code, family)?.join('\n');
    if (text !== undefined) byText.set(text, [...(byText.get(text) ?? []), family]);
  }
  return [...byText].map(([text, own]) => {
    const names = own.length === Object.keys(families).length ? 'Any distribution' : own.map((family) => families[family]).join('; ');
    return `${names}:\n\n\`\`\`sh\n${text}\n\`\`\``;
  });
}
