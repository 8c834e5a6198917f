import { resolve } from 'node:path';
import { gapSubject } from '../core/gate-events.ts';
import { readApprovals } from './approval-file.ts';
import type { CommandDefinition, Given, Outcome } from './command.ts';
import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';
import { gates, openGateOf, readScope, scopeText } from './gate.ts';
import { byOption, personOf } from './person.ts';

export const approve: CommandDefinition = {
  name: 'approve',
  summary: 'let a workload pass its open gate: source, target, freeze and losses exactly as shown',
  details: [
    'Where the policy has seats for the gate, the approval is a signed file: --request writes the folder to send, --file hands in what came back.',
    'Else the command’s word is enough; it names the digest of what is shown, and is refused when anything in it has changed meanwhile.',
    'Exit code 3: approvals of other persons are still missing.',
  ].join('\n'),
  arguments: [
    { name: 'gate', summary: 'which gate', kind: 'required', choices: [...gates, 'gap'] },
    { name: 'workload', summary: 'name of a workload; of a gap, the number of its record', kind: 'optional' },
  ],
  options: [
    { flags: '--request <dir>', summary: 'write the folder to send to the approvers' },
    { flags: '--approver <id>', summary: 'with --request: for this person only' },
    { flags: '--valid-hours <hours>', summary: 'with --request: how long the approval may be handed in (default 168)' },
    { flags: '--file <path>', summary: 'hand in what came back: the signed file, or the folder with it' },
    { flags: '--scope <digest>', summary: 'approve this digest only, without asking' },
    { flags: '--yes', summary: 'do not ask' },
    byOption,
  ],
  run: async (context, given) => {
    if (given.text('file') !== undefined) return handIn(context, given, given.text('file') ?? '');
    if (given.argument(1) === '') throw usage('approve needs a workload, or --file with what came back', ['ecluse status']);
    if (given.argument(0) === 'gap') return requestGap(context, given);
    const { gate, status, scope } = await openGateOf(context, given);
    if (given.text('request') !== undefined && gate === 'rehearsal')
      throw usage('a rehearsal is accepted by its owner’s word', [`ecluse approve rehearsal ${status.workload}`]);
    if (given.text('request') !== undefined && gate !== 'rehearsal')
      return (await requesting()).requestApproval(context, given, { gate, subject: status.workload }, status);
    return assert(context, given, { gate, status, scope });
  },
};

/** The command's word, for a gate without seats. */
async function assert(context: CommandContext, given: Given, { gate, status, scope }: Awaited<ReturnType<typeof openGateOf>>): Promise<Outcome> {
  const { words, terminal } = context;
  const { workload } = status;
  const shown = await readScope(context, scope);
  const isAsked = terminal.isInteractive && !given.flag('yes') && given.text('scope') === undefined;
  const head = `${words.approves(words.nouns.gate[gate], workload)}\n${scopeText(context, shown, status)}\n  ${scope}`;
  if (isAsked) {
    terminal.say(head);
    if (!(await terminal.confirm(words.approveQuestion))) return { exit: 1, text: words.notSent, json: { sent: false, gate, workload, scope } };
  }
  const after = await (await context.client()).approve({ workload, gate, scope, by: personOf(context, given) });
  const done = words.approved(words.nouns.gate[gate], workload);
  return { exit: 0, text: isAsked ? done : `${head}\n${done}`, json: { approved: { gate, workload, scope, ...shown }, status: after } };
}

/** The pages to send are loaded only when some are asked for. */
const requesting = () => import('./approval-request.ts');

async function requestGap(context: CommandContext, given: Given): Promise<Outcome> {
  const seq = given.argument(1);
  if (!/^\d{1,9}$/.test(seq)) throw usage('a gap is named by the number of its record', ['ecluse ledger show']);
  if (given.text('request') === undefined) throw usage('a gap is approved by a signed file only', [`ecluse approve gap ${seq} --request DIR`]);
  return (await requesting()).requestApproval(context, given, { gate: 'gap', subject: gapSubject(Number(seq)) });
}

/** Everything signed that is there, one after the other; the first that is refused ends it with the reason. */
async function handIn(context: CommandContext, given: Given, place: string): Promise<Outcome> {
  const { words } = context;
  const { project } = context.config();
  const client = await context.client();
  const approvals = await readApprovals(resolve(context.folder, place));
  const lines: string[] = [];
  let missing: readonly { readonly role: string; readonly org?: string | undefined }[] = [];
  for (const { said, file, signature } of approvals) {
    const { gate, subject, approver } = said;
    if (gate !== given.argument(0)) throw usage(`the file approves gate ${gate}, not ${given.argument(0)}`);
    const answer =
      gate === 'gap'
        ? await client.errand('approveGap', { project, seq: Number(subject.replace(/^record /, '')), file, signature }, `approveGap/${said.nonce}`)
        : await client.approve({ workload: subject, gate, scope: said.scope_sha256, by: approver.id, signed: { file, signature } });
    ({ missing } = answer);
    lines.push(words.admitted(gate === 'gap' ? gate : words.nouns.gate[gate], subject, approver.id));
  }
  const still = missing.map(({ role, org }) => `  ${role}${org === undefined ? '' : ` (${org})`}`);
  return {
    exit: missing.length > 0 ? 3 : 0,
    text: [...lines, ...(still.length > 0 ? [words.stillMissing, ...still] : [])].join('\n'),
    json: { admitted: approvals.map(({ said }) => ({ gate: said.gate, subject: said.subject, approver: said.approver.id, nonce: said.nonce })), missing },
  };
}
