import { type Environment, projectFiles, type TemporalPlace, temporalPlace } from '../config/environment.ts';
import { loadConfig, loadPlan } from '../config/load.ts';
import type { Config } from '../model/config.ts';
import type { Plan } from '../model/plan.ts';
import type { Depot } from '../ports/depot.ts';
import type { ProjectClient } from './project-client.ts';
import { type TemporalWords, temporalWords } from './temporal-words.ts';
import type { Terminal } from './terminal.ts';
import { type CommandWords, commandWords } from './words.ts';

/** All that a command may touch. Files are read when asked for, connections opened when first used. */
export interface CommandContext {
  readonly env: Environment;
  readonly folder: string;
  readonly files: { readonly config: string; readonly plan: string };
  readonly terminal: Terminal;
  readonly now: () => Date;
  /** Answers go out as JSON. */
  readonly isJson: boolean;
  readonly words: CommandWords;
  config(): Config;
  plan(): Plan;
  place(): TemporalPlace;
  client(): Promise<ProjectClient>;
  depot(): Promise<Depot>;
  wait(milliseconds: number): Promise<void>;
}

export interface ContextOptions {
  readonly env: Environment;
  readonly folder: string;
  readonly terminal: Terminal;
  readonly clock: { now(): Date; wait(milliseconds: number): Promise<void> };
  readonly isJson: boolean;
  readonly connect: (place: TemporalPlace, project: string, words: TemporalWords) => Promise<ProjectClient>;
  readonly openDepot: (config: Config) => Promise<{ depot: Depot; close: () => Promise<void> }>;
}

/** The real context, and what closes its connections. */
export function openContext({ env, folder, terminal, clock, isJson, connect, openDepot }: ContextOptions): {
  context: CommandContext;
  close: () => Promise<void>;
} {
  const files = projectFiles(env, folder);
  const closing: (() => Promise<void>)[] = [];
  const once = <T>(make: () => T): (() => T) => {
    let made: { value: T } | undefined;
    return () => {
      made ??= { value: make() };
      return made.value;
    };
  };
  const config = once(() => loadConfig(files.config));
  const place = once(() => temporalPlace(config().temporal, env));
  const context: CommandContext = {
    env,
    folder,
    files,
    terminal,
    isJson,
    now: () => clock.now(),
    get words() {
      return commandWords(languageOf(config));
    },
    config,
    place,
    plan: once(() => loadPlan(files.plan, config())),
    client: once(async () => {
      const client = await connect(place(), config().project, temporalWords(config().language));
      closing.push(() => client.close());
      return client;
    }),
    depot: once(async () => {
      const { depot, close } = await openDepot(config());
      closing.push(close);
      return depot;
    }),
    wait: (milliseconds) => clock.wait(milliseconds),
  };
  return { context, close: async () => void (await Promise.allSettled(closing.map((close) => close()))) };
}

/** The project's language, or English while there is no readable ecluse.yaml. */
export function languageOf(config: () => Config): 'en' | 'fr' {
  try {
    return config().language;
  } catch {
    return 'en';
  }
}
