import type { CommandDefinition } from './command.ts';
import { commands } from './commands.ts';

const exitCodes: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'the command line, ecluse.yaml or plan.yaml is wrong'],
  [3, 'something waits for a person'],
  [4, 'a verdict is not PASS'],
];

/** docs/commands.md, made from the same definitions that the parser reads. A test fails when the page is stale. */
export function commandReference(definitions: readonly CommandDefinition[] = commands): string {
  return `# Commands

Made from the command's own definitions by \`commandReference()\`; do not edit.

Each command takes \`--help\` and \`--json\`. Answers go to standard output, remarks and failures to standard error; with \`--json\` a failure
is \`{"error":{"code","doing","from","to","answer","next"}}\` on standard output. \`ECLUSE_DEBUG=1\` also shows where a failure came from.
Ctrl-C ends the command, never the migration.

| exit code | meaning |
| --- | --- |
${exitCodes.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

| variable | meaning |
| --- | --- |
| \`ECLUSE_CONFIG\`, \`ECLUSE_PLAN\` | where \`ecluse.yaml\` and \`plan.yaml\` are |
| \`ECLUSE_ACTOR\` | opaque id of the person who decides, where \`--by\` is not given |
| \`TEMPORAL_ADDRESS\`, \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_API_KEY\`, \`TEMPORAL_TLS_*\` | win over \`temporal\` in ecluse.yaml |

${definitions.map(section).join('\n\n')}
`;
}

function section({ name, summary, details, arguments: args = [], options = [] }: CommandDefinition): string {
  const typed = args.map((each) => ({ required: `<${each.name}>`, optional: `[${each.name}]`, many: `[${each.name}s...]` })[each.kind]);
  const rows = [
    ...args.map((each, i) => [typed[i] ?? '', each.summary, each.choices]),
    ...options.map(({ flags, summary: text, choices }) => [flags, text, choices]),
  ].map(([what, text, choices]) => `| \`${what}\` | ${cell(`${text}${Array.isArray(choices) ? ` (${choices.join(', ')})` : ''}`)} |`);
  return [
    `## ecluse ${name}`,
    '',
    `${capital(summary)}.${details ? ` ${details}` : ''}`,
    '',
    '```',
    ['ecluse', name, ...typed, ...(options.length > 0 ? ['[options]'] : [])].join(' '),
    '```',
    ...(rows.length > 0 ? ['', '| | |', '| --- | --- |', ...rows] : []),
  ].join('\n');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const cell = (text: string): string => text.replace(/\|/g, '\\|');
