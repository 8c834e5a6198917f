import type { Role } from '../core/ids.ts';
import type { CommandDefinition } from './command.ts';

const roles = ['control', 'transfer', 'ledger'] as const satisfies readonly Role[];

export const worker: CommandDefinition = {
  name: 'worker',
  summary: 'serve one role of the project in this process, until it is stopped',
  details:
    'Credentials come from each vendor’s own chain, here and nowhere else. SIGTERM lets what is under way end for 30 seconds; another worker resumes the rest.',
  arguments: [{ name: 'role', summary: 'control: workflows and short API calls; transfer: bytes; ledger: the record', kind: 'required', choices: roles }],
  handlesInterrupt: true,
  run: async (context, given) => {
    // The worker's libraries are large: only this command loads them.
    const { runWorker } = await import('../workers/main.ts');
    const role = given.argument(0);
    const code = await runWorker(role, { ...context.env });
    return { exit: code === 0 ? 0 : 1, text: '', json: { role } };
  },
};
