import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import { nearest } from './nearest.ts';
import type { YamlFile, YamlPath } from './yaml-file.ts';

type Issue = z.core.$ZodIssue;

/** Every issue of the schema as a problem at its place in the file, in words for the person who wrote it. */
export function schemaProblems(schema: z.ZodType, yaml: YamlFile, issues: readonly Issue[], base: YamlPath = []): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(schema, yaml, path, key));
    if (issue.code === 'invalid_union') return schemaProblems(schema, yaml, bestBranch(issue.errors), path);
    if (issue.code === 'invalid_key') {
      const key = String(path.at(-1) ?? '');
      return [yaml.problem(path.slice(0, -1), `is not a name: ${issue.issues[0]?.message ?? ''}`, 'Choose another name.', key)];
    }
    const { problem, advice } = said(issue, valueAt(yaml.value, path) === undefined);
    return [yaml.problem(path, problem, advice)];
  });
}

/** The alternative that the writer meant: the one with the fewest complaints. */
const bestBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] => [...branches].sort((a, b) => weight(a) - weight(b))[0] ?? [];
const weight = (issues: readonly Issue[]): number => issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);

function unknownKey(schema: z.ZodType, yaml: YamlFile, path: YamlPath, key: string): ConfigProblem {
  const known = knownKeys(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), path);
  const guess = nearest(key, known);
  return yaml.problem(path, 'is not a known key', guess ? `Did you mean "${guess}"?` : `Known here: ${known.join(', ')}.`, key);
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
}

function knownKeys(schema: unknown, path: YamlPath): string[] {
  const { properties, additionalProperties, items, anyOf } = (typeof schema === 'object' && schema !== null ? schema : {}) as JsonSchema;
  const [first, ...rest] = path;
  if (anyOf) return [...new Set(anyOf.flatMap((branch) => knownKeys(branch, path)))];
  if (first === undefined) return Object.keys(properties ?? {});
  return knownKeys(typeof first === 'number' ? items : (properties?.[first] ?? additionalProperties), rest);
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
};

function said(issue: Issue, isMissing: boolean): { problem: string; advice: string } {
  if (isMissing)
    return {
      problem: 'is missing',
      advice: issue.code === 'invalid_value' ? `Write one of: ${issue.values.map(String).join(', ')}.` : `Write ${article(issue)} here.`,
    };
  switch (issue.code) {
    case 'invalid_type':
      return {
        problem: `is not ${kinds[issue.expected] ?? issue.expected}`,
        advice: issue.expected === 'string' ? 'Put it in quotes if it is meant as text.' : '',
      };
    case 'invalid_value':
      return { problem: `must be one of: ${issue.values.map(String).join(', ')}`, advice: '' };
    case 'too_small':
      return { problem: `is below what is allowed: at least ${issue.minimum}${unit(issue.origin)}`, advice: '' };
    case 'too_big':
      return { problem: `is above what is allowed: at most ${issue.maximum}${unit(issue.origin)}`, advice: '' };
    default:
      return { problem: issue.message, advice: '' };
  }
}

const unit = (origin: string): string => (origin === 'string' ? ' signs' : origin === 'array' ? ' entries' : '');
const article = (issue: Issue): string => (issue.code === 'invalid_type' ? (kinds[issue.expected] ?? 'a value') : 'a value');

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? (at as Record<string | number, unknown>)[part] : undefined),
    value,
  );
}
