import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../config/system-code.ts';
import { type CanonicalValue, canonicalJson } from '../core/canonical-json.ts';
import type { ApprovalFile } from '../model/approval.ts';
import type { ApprovalRequest } from '../model/errand.ts';
import type { WorkloadStatus } from '../model/status.ts';
import { approvalPage, approvalReadme } from '../report/evidence/approval-page.ts';
import type { Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure, usage } from './failure.ts';
import { patiently } from './terminal.ts';

/** A week: an approver may be away, and what is approved is a scope that does not change meanwhile. */
const validHours = 168;
/** A year: longer than any migration waits. */
const mostHours = 8760;
const hourMs = 3_600_000;

/**
 * Writes one folder to send: for each person who may take a seat that is still free, what that person signs and a page that says what it does.
 * A checkpoint that holds the gate is published first, so that the approval is tied to the log as it is.
 */
export async function requestApproval(
  context: CommandContext,
  given: Given,
  what: Pick<ApprovalRequest, 'gate' | 'subject'>,
  status?: WorkloadStatus,
): Promise<Outcome> {
  const { project } = context.config();
  const hours = hoursOf(given);
  const client = await context.client();
  // By gate and subject: two requests at once, for two workloads, are two errands.
  const name = `approvalRequest/${what.gate}/${what.subject.replaceAll(' ', '-')}`;
  const request = await patiently(context.terminal, 'approve', client.errand('approvalRequest', { project, ...what }, name));
  if (request.missing.length === 0)
    throw new Failure({
      code: 'REFUSED',
      doing: `ask for approvals of gate ${what.gate}`,
      answer: context.words.noSeatFree,
      next: what.gate === 'gap' ? [] : [`ecluse approve ${what.gate} ${what.subject}`],
    });
  const scope: unknown = JSON.parse((await (await context.depot()).get(request.scope)).toString('utf8'));
  const nowMs = context.now().getTime();
  const people = peopleFor(request, given.text('approver'), { nowMs, untilMs: nowMs + hours * hourMs });
  const folder = path.resolve(context.folder, given.text('request') ?? '');
  await makeFolder(folder);
  const files = people.map((approver) => approvalFor(request, approver, scope, { nowMs, hours, status }));
  for (const approval of files) {
    const fileName = `${[approval.gate, approval.subject, approval.approver.id].map(forFileName).join('-')}.json`;
    const file = `${canonicalJson(approval as CanonicalValue)}\n`;
    const input = { approval, file, fileName, scope, request, language: context.words.language };
    await writeFile(path.join(folder, fileName), file);
    await writeFile(path.join(folder, fileName.replace(/json$/, 'html')), approvalPage(input));
    await writeFile(path.join(folder, fileName.replace(/json$/, 'txt')), approvalReadme(input));
  }
  const { words } = context;
  const sign = files.map(({ approver }) => `  ${approver.id} (${approver.org}, ${approver.role})`);
  const back = `  ecluse approve ${what.gate} --file ${path.relative(context.folder, folder) || '.'}`;
  return {
    exit: 3,
    text: [words.wrote(folder), words.toBeSigned, ...sign, '', words.next, back].join('\n'),
    json: {
      folder,
      gate: what.gate,
      subject: what.subject,
      scope: request.scope,
      checkpoint: request.checkpoint,
      missing: request.missing,
      approvers: files.map(({ approver }) => approver),
    },
  };
}

function hoursOf(given: Given): number {
  const hours = given.whole('validHours') ?? validHours;
  if (hours < 1 || hours > mostHours) throw usage(`--valid-hours takes a number from 1 to ${mostHours}`);
  return hours;
}

/** The folder may be opened on Windows, where an id's colon is no sign of a file name. */
const forFileName = (text: string): string => text.replaceAll(/[^\w.-]/g, '-');

/** Whoever may take a free seat, and the deputies who may while the approval is valid; `wanted` names one. */
function peopleFor(
  { missing, approvers, deputies, instructedBy }: ApprovalRequest,
  wanted: string | undefined,
  { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number },
): readonly ApprovalFile['approver'][] {
  const standing = deputies.filter(({ from, until }) => Date.parse(from) <= untilMs && Date.parse(until) >= nowMs);
  const found = missing.flatMap(({ role, org }) =>
    approvers
      .filter((one) => one.id !== instructedBy && one.roles.includes(role) && (org === undefined || one.org === org))
      .flatMap((one) => [
        { id: one.id, org: one.org, role },
        ...standing.filter(({ of }) => of === one.id).map(({ id }) => ({ id, org: one.org, role, on_behalf_of: one.id })),
      ]),
  );
  const chosen = found.filter(({ id }, at) => (wanted === undefined || id === wanted) && found.findIndex((other) => other.id === id) === at);
  if (chosen.length === 0)
    throw usage(wanted ? `"${wanted}" may take none of the free seats of this gate` : 'the policy names nobody for the free seats of this gate');
  return chosen;
}

function approvalFor(
  { project, gate, subject, scope, checkpoint }: ApprovalRequest,
  approver: ApprovalFile['approver'],
  shown: unknown,
  { nowMs, hours, status }: { readonly nowMs: number; readonly hours: number; readonly status?: WorkloadStatus | undefined },
): ApprovalFile {
  const { losses = [], catalogue = [] } = shown as { readonly losses?: readonly string[]; readonly catalogue?: readonly string[] };
  return {
    v: 1,
    project,
    subject,
    gate,
    approver,
    scope_sha256: scope,
    verified_roots: [...catalogue],
    checkpoint,
    nonce: randomBytes(16).toString('hex'),
    not_before: new Date(nowMs).toISOString(),
    expires: new Date(nowMs + hours * hourMs).toISOString(),
    summary: { objects: status?.objects ?? 0, size_bytes: String(status?.sizeBytes ?? 0), verdict: status?.verdict ?? 'UNKNOWN', losses: [...losses] },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(path.dirname(folder), { recursive: true });
    await mkdir(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new Failure({
      code: 'FILE_EXISTS',
      doing: 'write a request',
      to: folder,
      answer: 'it is there already',
      next: ['choose another folder: --request DIR'],
      exit: 2,
      cause: error,
    });
  }
}
