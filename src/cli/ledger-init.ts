import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readPolicy } from '../config/policy.ts';
import { systemCode } from '../config/system-code.ts';
import { firstPolicy } from '../core/first-policy.ts';
import { policyProblems } from '../core/policy-minimum.ts';
import { generationsIn } from '../ledger/key-folder.ts';
import { loadLogKeys, makeLogKeys } from '../ledger/log-keys.ts';
import type { Config } from '../model/config.ts';
import type { Policy } from '../model/policy.ts';
import type { CommandDefinition } from './command.ts';

/** Name of a project's log: line 1 of its checkpoints. */
export const logName = (config: Config): string => `ecluse/${config.project}`;

export const ledgerInit: CommandDefinition = {
  name: 'ledger init',
  summary: 'make the signing keys of the log and a policy to fill in, once, on the host of the ledger worker',
  details: [
    'Keys and policy that are there already are kept: nothing is overwritten. Keep a safe copy of the keys; without them the log cannot go on.',
    'The fingerprints it prints are what the controller writes down on paper: an auditor compares them.',
    'The policy is bound by the first record: change it before "ecluse start", never after.',
  ].join('\n'),
  options: [
    {
      flags: '--class <class>',
      summary: 'lab: asks for nothing, and is no evidence (default); production: signed approvals, a witness, timestamps',
      choices: ['lab', 'production'],
    },
  ],
  run: async (context, given) => {
    const config = context.config();
    const isNew = generationsIn(config.ledger.keys).length === 0;
    if (isNew) makeLogKeys(config.ledger.keys, logName(config), 'first', context.now().getTime());
    const [first] = loadLogKeys(config.ledger.keys).generations;
    const keys = { log: first?.vkey.text ?? '', p256: first?.p256Spki.toString('base64') ?? '' };
    const policy = firstPolicy({ class: given.text('class') === 'production' ? 'production' : 'lab', project: config.project, log: logName(config), keys });
    const isPolicyNew = await writeNew(config.ledger.policy, policy);
    const written = readPolicy(config.ledger.policy);
    const problems = [...policyProblems(written.policy), ...misfits(written.policy, config, keys, given.text('class'))];
    const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
    const fingerprints = { policy: digest(written.policyBytes), log: digest(keys.log), p256: digest(first?.p256Spki ?? '') };
    const { words } = context;
    const lines = [
      ...(isNew ? [words.wrote(config.ledger.keys)] : []),
      ...(isPolicyNew ? [words.wrote(config.ledger.policy)] : []),
      '',
      ...Object.entries(fingerprints).map(([name, value]) => `${name.padEnd(7)} ${value}`),
      ...(problems.length > 0 ? ['', ...problems.map((problem) => `policy.json: ${problem}`)] : []),
      '',
      words.next,
      ...(problems.length > 0 ? ['  edit policy.json, then: ecluse ledger init'] : ['  ecluse worker ledger']),
    ];
    return {
      exit: problems.length > 0 ? 3 : 0,
      text: lines.join('\n'),
      json: { keys: config.ledger.keys, policy: config.ledger.policy, isNew, fingerprints, problems },
    };
  },
};

/** What the file says of another log: it was copied, or it stood there before. */
function misfits({ class: kind, project, log, keys }: Policy, config: Config, ours: Policy['keys'], asked: string | undefined): readonly string[] {
  return [
    ...(asked === undefined || asked === kind ? [] : [`class: ${kind} in the file that is there; to begin with ${asked}, move it away first`]),
    ...(project === config.project ? [] : [`project: ecluse.yaml says ${config.project}`]),
    ...(log === logName(config) ? [] : [`log: must be ${logName(config)}`]),
    ...(keys.log === ours.log && keys.p256 === ours.p256 ? [] : ['keys: not those in the folder of keys: put the right ones in']),
  ];
}

async function writeNew(file: string, policy: Policy): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(policy, undefined, 2)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}
