import type { CommandContext } from './context.ts';
import { usage } from './failure.ts';

/** 0 done · 1 failed · 2 usage · 3 waiting for a person · 4 a verdict is not PASS. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** What a command says: once for people, once for programs (`--json`). */
export interface Outcome {
  readonly exit: ExitCode;
  readonly text: string;
  readonly json: unknown;
}

export interface ArgumentDefinition {
  readonly name: string;
  readonly summary: string;
  readonly kind: 'required' | 'optional' | 'many';
  readonly choices?: readonly string[];
}

export interface OptionDefinition {
  /** As commander takes it: `--wave <number>`. */
  readonly flags: string;
  readonly summary: string;
  /** May be given several times. */
  readonly repeats?: true;
  readonly choices?: readonly string[];
}

/** A command is data: how it is typed, and what it does. Only program.ts knows the library that parses. */
export interface CommandDefinition {
  /** `status`, `plan diff`. */
  readonly name: string;
  readonly summary: string;
  /** More for `--help` and docs/commands.md: exit codes that are special, what is touched. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  readonly run: (context: CommandContext, given: Given) => Promise<Outcome>;
  /** Ctrl-C ends the command at once and harms nothing; this one cleans up by itself instead. */
  readonly handlesInterrupt?: true;
}

/** What the person typed, read with the types that the command expects. */
export class Given {
  readonly arguments: readonly string[];
  private readonly options: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.arguments = args;
    this.options = options;
  }

  argument(index: number): string {
    return this.arguments[index] ?? '';
  }

  text(option: string): string | undefined {
    const value = this.options[option];
    return typeof value === 'string' ? value : undefined;
  }

  flag(option: string): boolean {
    return this.options[option] === true;
  }

  list(option: string): readonly string[] {
    const value = this.options[option];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  /** A whole number ≥ 0, or undefined where none was given. */
  whole(option: string): number | undefined {
    const value = this.text(option);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw usage(`--${option} takes a whole number`);
    return Number(value);
  }
}
