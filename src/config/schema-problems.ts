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
    // A union that is told apart by one key, and that key is missing or means nothing: its values are all there is to say.
    if (issue.code === 'invalid_union' && issue.errors.length === 0) {
      const isMissing = valueAt(yaml.value, path) === undefined;
      const values = constants(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), path).join(', ');
      return [yaml.problem(path, isMissing ? 'is missing' : `must be one of: ${values}`, isMissing ? `Write one of: ${values}.` : '')];
    }
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
  const known = [...new Set(knownKeys(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), path))];
  const guess = nearest(key, known);
  return yaml.problem(path, 'is not a known key', guess ? `Did you mean "${guess}"?` : `Known here: ${known.join(', ')}.`, key);
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly const?: unknown;
}

const schemaOf = (schema: unknown): JsonSchema => (typeof schema === 'object' && schema !== null ? schema : {}) as JsonSchema;

function knownKeys(schema: unknown, path: YamlPath): string[] {
  return at(schema, path).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

/** The values of a key that tells the branches of a union apart. */
const constants = (schema: unknown, path: YamlPath): string[] => at(schema, path).flatMap(({ const: value }) => (value === undefined ? [] : [String(value)]));

/** Every schema that may stand at a path: a union has several. */
function at(schema: unknown, path: YamlPath): JsonSchema[] {
  const { properties, additionalProperties, items, anyOf, oneOf } = schemaOf(schema);
  const branches = anyOf ?? oneOf;
  if (branches) return branches.flatMap((branch) => at(branch, path));
  const [first, ...rest] = path;
  if (first === undefined) return [schemaOf(schema)];
  const next = typeof first === 'number' ? items : (properties?.[first] ?? additionalProperties);
  return next === undefined ? [] : at(next, rest);
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
