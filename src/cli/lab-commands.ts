import type { CommandDefinition, ExitCode } from './command.ts';
import type { LabAction } from './lab.ts';

const labCommand = (action: LabAction, summary: string): CommandDefinition => ({
  name: `lab ${action}`,
  summary,
  handlesInterrupt: true,
  run: async (context) => {
    // It installs and starts servers: loaded by these commands only, and it tells its own progress.
    const lab = await import('./lab.ts');
    return { exit: (await lab.labCommand(action, { json: context.isJson })) as ExitCode, text: '', json: undefined };
  },
});

export const labCommands: readonly CommandDefinition[] = [
  labCommand('up', 'start a Temporal server, two stores and the workers on this machine; a second time it takes seconds'),
  labCommand('down', 'stop what `lab up` started; the data stays'),
  labCommand('status', 'what of the lab runs, and where'),
];
