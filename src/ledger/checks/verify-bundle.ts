import { readFileSync } from 'node:fs';
import { emptyRoot } from '../tree.ts';
import { actsCheck, deletionsCheck } from './acts.ts';
import { approvalCheck, approvedSizes } from './approvals.ts';
import { followCeremonies } from './ceremonies.ts';
import { broughtCheck, checkpointCheck, checkpointSizes } from './checkpoints.ts';
import { dutiesCheck } from './duties-check.ts';
import { type CheckId, type CheckReport, type CheckResult, checkIds, Findings } from './findings.ts';
import { openBundleFolder } from './folder.ts';
import { gateBook } from './gate-book.ts';
import { intervalCheck } from './interval.ts';
import { passOverLog } from './log-pass.ts';
import { checkObjects } from './objects.ts';
import { orderCheck } from './order.ts';
import { readCosignatures, readTokens } from './outsiders.ts';
import { sightingsCheck, timestampsCheck, witnessesCheck } from './outsiders-check.ts';
import type { Bundle, Ended, RecordCheck } from './record-check.ts';
import { type RequirementReport, requirementReports, worstOf } from './requirements.ts';
import { openSpools } from './spool.ts';
import { boundFilesCheck, sumsCheck } from './sums.ts';
import { fingerprintCheck, fingerprintLines, policyCheck, readPolicy } from './trust.ts';
import { followWorkloads } from './workloads.ts';

export interface VerifyOptions {
  /** Files of checkpoints that the auditor kept. */
  readonly checkpoints?: readonly string[];
  /** Hex digests of the paper that the controller kept. */
  readonly fingerprints?: readonly string[];
  /** The verifier's clock. */
  readonly atMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: Progress) => void) | undefined;
}
export interface Progress {
  readonly stage: 'files' | 'records' | 'objects';
  readonly done: number;
}

/** What every verifier answers (docs/bundle-format.md §8). */
export interface BundleReport {
  readonly tool: string;
  readonly verdict: 'PASS' | 'FAIL' | 'UNKNOWN';
  readonly class: 'production' | 'lab' | 'unknown';
  readonly kind: 'interim' | 'final';
  readonly project: string;
  readonly log: string;
  readonly size: number;
  readonly root: string;
  readonly checks: readonly CheckReport[];
  readonly requirements: readonly RequirementReport[];
  readonly pending: { readonly workloads: number; readonly acts: number };
  /** Confidential files that are listed and not there. */
  readonly withheld: number;
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** Results of checks that found nothing to look at. */
const idle: Partial<Record<CheckId, CheckResult>> = { C10: 'YOURS', C24: 'YOURS' };

/**
 * Checks a bundle, C1 to C24, from its folder alone: no network, no project. What it meets there is a stranger's: it follows no link,
 * reads within bounds, and an error inside a check is a failure of that check. Throws only when there is no folder, or on `signal`.
 */
export async function verifyBundle(root: string, options: VerifyOptions): Promise<BundleReport> {
  const { signal, progress } = options;
  const folder = await openBundleFolder(root);
  const findings = new Findings();
  const policy = readPolicy(folder, findings);
  const bundle: Bundle = { folder, findings, policy, atMs: options.atMs };
  const spools = openSpools();
  try {
    progress?.({ stage: 'files', done: folder.paths.length });
    const { withheld } = await sumsCheck(bundle, signal);
    fingerprintCheck(bundle, options.fingerprints ?? []);
    const { checks, stories, openActs } = recordChecks(bundle, options);
    const ended = await passOverLog(bundle, checks, { signal, progress: (done) => progress?.({ stage: 'records', done }) });
    let [pending, done] = [0, 0];
    for (const story of stories.values()) {
      signal?.throwIfAborted();
      progress?.({ stage: 'objects', done: ++done });
      if ((await checkObjects(bundle, { story, spools, isFinal: ended.isFinal, signal })) === 'pending') pending += 1;
    }
    return report(bundle, ended, { withheld, pending: { workloads: pending, acts: openActs() } });
  } finally {
    spools.remove();
  }
}

/** Everything that is shown the records, in the order in which they see one. */
function recordChecks(bundle: Bundle, options: VerifyOptions) {
  const book = gateBook(bundle);
  const ceremonies = followCeremonies(bundle);
  const sizes = checkpointSizes(bundle);
  const roots = rootsAt(approvedSizes(bundle));
  const outsiders = { cosignatures: readCosignatures(bundle), tokens: readTokens(bundle), newest: sizes.at(-1) };
  const duties = dutiesCheck(bundle, book);
  const acts = actsCheck(bundle);
  const workloads = followWorkloads(bundle, book);
  const brought = (options.checkpoints ?? []).flatMap((file) => bundle.findings.guard('C10', () => readFileSync(file)) ?? []);
  const each: readonly (readonly [CheckId, RecordCheck])[] = [
    ['C15', { sees: book.enter }],
    ['C1', boundFilesCheck(bundle)],
    ['C7', ceremonies],
    ['C7', checkpointCheck(bundle, sizes, ceremonies)],
    ['C10', broughtCheck(bundle, brought, ceremonies)],
    ['C15', roots],
    ['C14', approvalCheck(bundle, book, roots.rootAt)],
    ['C16', duties],
    ['C11', intervalCheck(bundle, duties.approvedGaps)],
    ['C12', witnessesCheck(bundle, book, outsiders)],
    ['C13', timestampsCheck(bundle, book, outsiders)],
    ['C6', sightingsCheck(bundle, outsiders)],
    ['C17', orderCheck(bundle)],
    ['C21', acts],
    ['C22', deletionsCheck(bundle)],
    ['C23', policyCheck(bundle)],
    ['C20', workloads],
  ];
  return { checks: each.map(([id, check]) => guarded(bundle.findings, id, check)), stories: workloads.stories, openActs: acts.openActs };
}

/** A check that throws has failed, and the others go on. */
function guarded(findings: Findings, id: CheckId, { sees, grown, ends }: RecordCheck): RecordCheck {
  return {
    ...(sees && { sees: (seen) => void findings.guard(id, () => sees(seen), seen.seq) }),
    ...(grown && { grown: (size, rootOf) => void findings.guard(id, () => grown(size, rootOf), size - 1) }),
    ...(ends && { ends: (ended) => void findings.guard(id, () => ends(ended)) }),
  };
}

/** Remembers the root at each of these sizes. */
function rootsAt(sizes: readonly number[]): RecordCheck & { readonly rootAt: (size: number) => string | undefined } {
  const wanted = new Set(sizes);
  const roots = new Map<number, string>([[0, emptyRoot().toString('hex')]]);
  return {
    rootAt: (size) => roots.get(size),
    grown: (size, rootOf) => {
      if (wanted.has(size)) roots.set(size, rootOf());
    },
  };
}

function report(bundle: Bundle, { size, root, isFinal }: Ended, counted: Pick<BundleReport, 'withheld' | 'pending'>): BundleReport {
  const { findings, policy, folder } = bundle;
  const more = remarks(counted, policy?.witness_quorum === 0);
  const checks = checkIds.map((id) => findings.report(id, idle[id] ?? 'NA', more[id]));
  const verdict = worstOf(checks.map(({ result }) => result));
  const lines = findings.guard('C23', () => (policy ? fingerprintLines(folder, policy) : [])) ?? [];
  return {
    tool: 'ecluse',
    verdict: verdict === 'FAIL' || verdict === 'PASS' ? verdict : 'UNKNOWN',
    class: policy?.class ?? 'unknown',
    kind: isFinal ? 'final' : 'interim',
    project: policy?.project ?? '',
    log: policy?.log ?? '',
    size,
    root,
    checks,
    requirements: requirementReports(checks),
    ...counted,
    fingerprints: byName(lines),
  };
}

/** A second witness is `witness 2`. */
function byName(lines: readonly string[]): Readonly<Record<string, string>> {
  const named = new Map<string, string>();
  for (const line of lines) {
    const [name = '', hex = ''] = line.split(' ');
    let label = name;
    for (let n = 2; named.has(label); n += 1) label = `${name} ${n}`;
    named.set(label, hex);
  }
  return Object.fromEntries(named);
}

const remarks = ({ withheld, pending }: Pick<BundleReport, 'withheld' | 'pending'>, noQuorum: boolean): Partial<Record<CheckId, string>> => ({
  C1: withheld > 0 ? `${withheld} confidential files withheld` : '',
  C10: 'bring checkpoints that you kept: --checkpoint FILE',
  C12: noQuorum ? 'the policy asks for no witness' : '',
  C19: pending.workloads > 0 ? `${pending.workloads} pending` : '',
  C21: pending.acts > 0 ? `${pending.acts} pending` : '',
  C24: 'compare trust/fingerprints.txt with the paper that the controller kept: --fingerprint HEX',
});
