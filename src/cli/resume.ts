import type { CommandDefinition } from './command.ts';
import { pauseOrResume } from './pause.ts';
import { byOption } from './person.ts';

export const resume: CommandDefinition = {
  name: 'resume',
  summary: 'go on after a pause, or after what held a workload was mended',
  arguments: [{ name: 'workload', summary: 'absent = the whole project', kind: 'optional' }],
  options: [byOption],
  run: (context, given) => pauseOrResume(context, given, 'resume'),
};
