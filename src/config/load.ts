import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { Config } from '../model/config.ts';
import { Plan } from '../model/plan.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { configProblems, planProblems } from './plan-rules.ts';
import { schemaProblems } from './schema-problems.ts';
import { parseYaml, readYaml, type YamlFile } from './yaml-file.ts';

/** `ecluse.yaml`, frozen, its paths made absolute. Throws ConfigError with all its problems at once. */
export function loadConfig(file: string): Config {
  const config = parsed(Config, readYaml(file), configProblems);
  const absolute = (path: string): string => resolve(dirname(file), path);
  return deepFreeze({
    ...config,
    depot: 'folder' in config.depot ? { folder: absolute(config.depot.folder) } : config.depot,
    ledger: {
      ...config.ledger,
      ...(config.ledger.sqlite === undefined ? {} : { sqlite: absolute(config.ledger.sqlite) }),
      keys: absolute(config.ledger.keys),
      policy: absolute(config.ledger.policy),
    },
    referenceKey: absolute(config.referenceKey),
    prices: absolute(config.prices),
  });
}

/** `plan.yaml`, frozen. Throws ConfigError with all its problems at once, those against `config` included. */
export const loadPlan = (file: string, config: Config): Plan => checkedPlan(readYaml(file), config);

/** The same for a text that is not written yet. */
export const parsePlan = (text: string, file: string, config: Config): Plan => checkedPlan(parseYaml(text, file), config);

const checkedPlan = (yaml: YamlFile, config: Config): Plan => deepFreeze(parsed(Plan, yaml, () => planProblems(yaml, config)));

function parsed<Schema extends z.ZodType>(schema: Schema, yaml: YamlFile, rules: (yaml: YamlFile) => ConfigProblem[]): z.infer<Schema> {
  const result = schema.safeParse(yaml.value);
  const problems = [...yaml.problems, ...(result.success ? [] : schemaProblems(schema, yaml, result.error.issues)), ...rules(yaml)];
  if (!result.success || problems.length > 0) throw new ConfigError(yaml.file, problems);
  return result.data;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
