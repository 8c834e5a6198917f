import { Argument, Command, CommanderError, Option } from 'commander';
import { type CommandDefinition, Given } from './command.ts';

export interface Chosen {
  readonly definition: CommandDefinition;
  readonly given: Given;
  readonly isJson: boolean;
}

/** What the parser printed and how it ended, when no command is to be run: help, version, or a usage error. */
export interface Ended {
  readonly exit: 0 | 2;
  readonly isError: boolean;
  readonly text: string;
}

/** Reads the command line. The only file that knows the parser. */
export async function parseCommandLine(args: readonly string[], definitions: readonly CommandDefinition[], version: string): Promise<Chosen | Ended> {
  let chosen: Chosen | undefined;
  let printed = '';
  const program = buildProgram(definitions, version, (definition, given, isJson) => {
    chosen = { definition, given, isJson };
  });
  for (const command of [program, ...descendants(program)]) {
    command.exitOverride().configureOutput({ writeOut: (text) => (printed += text), writeErr: (text) => (printed += text) });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exit: error.exitCode === 0 ? 0 : 2, isError: error.exitCode !== 0, text: printed.trimEnd() };
  }
  return chosen ?? { exit: 2, isError: true, text: program.helpInformation().trimEnd() };
}

function buildProgram(
  definitions: readonly CommandDefinition[],
  version: string,
  choose: (definition: CommandDefinition, given: Given, isJson: boolean) => void,
): Command {
  const program = new Command('ecluse')
    .description('Moves object storage out of AWS into sovereign clouds: in steps, each recorded, each reversible until the last gate.')
    .version(version)
    .showHelpAfterError('(ecluse --help lists the commands)')
    .addHelpText('after', `\nExit codes: ${exitCodes}`);
  for (const definition of definitions) {
    const [word = '', second] = definition.name.split(' ');
    const known = program.commands.find((command) => command.name() === word);
    const parent = second === undefined ? program : (known ?? program.command(word).description(groups[word] ?? ''));
    configure(parent.command(second ?? word), definition, choose);
  }
  return program;
}

export const exitCodes = '0 done · 1 failed · 2 usage · 3 waiting for a person · 4 a verdict is not PASS';

/** Words that only gather commands. */
const groups: Readonly<Record<string, string>> = { ledger: 'what was recorded', lab: 'a laboratory on this machine' };

function configure(command: Command, definition: CommandDefinition, choose: (definition: CommandDefinition, given: Given, isJson: boolean) => void): void {
  command.description(definition.summary).option('--json', 'answer as JSON');
  if (definition.details) command.addHelpText('after', `\n${definition.details}`);
  for (const { name, summary, kind, choices } of definition.arguments ?? []) {
    const argument = new Argument({ required: `<${name}>`, optional: `[${name}]`, many: `[${name}s...]` }[kind], summary);
    command.addArgument(choices ? argument.choices(choices) : argument);
  }
  for (const { flags, summary, repeats, choices } of definition.options ?? []) {
    const option = new Option(flags, summary);
    if (choices) option.choices(choices);
    if (repeats) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    command.addOption(option);
  }
  command.action((...all: unknown[]) => {
    const options = command.opts<Record<string, unknown>>();
    const typed = all.slice(0, (definition.arguments ?? []).length).flatMap((each) => (Array.isArray(each) ? each : [each]));
    choose(
      definition,
      new Given(
        typed.filter((each) => typeof each === 'string'),
        options,
      ),
      options.json === true,
    );
  });
}

const descendants = (command: Command): Command[] => command.commands.flatMap((child) => [child, ...descendants(child)]);
