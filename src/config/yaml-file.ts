import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { systemCode } from './system-code.ts';

export type YamlPath = readonly (string | number)[];

/** A YAML file, its plain value, and where each part of it stands. */
export interface YamlFile {
  readonly file: string;
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** A problem at the value of `path`, or at its nearest ancestor where it is missing. `key`: at that key of the map instead. */
  problem(path: YamlPath, problem: string, advice: string, key?: string): ConfigProblem;
}

/** Throws ConfigError when there is no file or nothing that can be checked further. Duplicate keys are problems, the rest is read on. */
export function readYaml(file: string): YamlFile {
  return parseYaml(readText(file), file);
}

export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: true });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults = [...document.errors, ...document.warnings].map(
    ({ pos, message }): ConfigProblem => ({ file, ...at(pos[0]), path: '', problem: message.replace(/\.$/, ''), advice: 'Mend the YAML here.' }),
  );
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) throw new ConfigError(file, faults);
  return {
    file,
    value: plainValue(document, file),
    problems: faults,
    problem: (path, problem, advice, key) => ({
      file,
      ...at(offsetOf(document, path, key)),
      path: pathText(key === undefined ? path : [...path, key]),
      problem,
      advice,
    }),
  };
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const code = systemCode(error) ?? '';
    const reasons: Record<string, [string, string]> = {
      ENOENT: ['there is no such file', '`ecluse init` writes ecluse.yaml, `ecluse plan` writes plan.yaml; ECLUSE_CONFIG and ECLUSE_PLAN name other places.'],
      ERR_ENCODING_INVALID_ENCODED_DATA: ['is not UTF-8', 'Save it as UTF-8.'],
    };
    const [problem, advice] = reasons[code] ?? [`cannot be read (${code || 'unknown reason'})`, 'Check that it is a file that you may read.'];
    throw new ConfigError(file, [{ file, line: 1, column: 1, path: '', problem, advice }]);
  }
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch {
    throw new ConfigError(file, [
      { file, line: 1, column: 1, path: '', problem: 'an alias (*name) points nowhere or to too much', advice: 'Write the values out.' },
    ]);
  }
}

/** Offset of the node, else of its nearest ancestor that exists. Aliases are followed: the position is where the text is written. */
function offsetOf(document: Document, path: YamlPath, key: string | undefined): number {
  const node = nodeAt(document, path);
  if (key !== undefined && isMap(node)) {
    const found = node.items.filter((item) => isScalar(item.key) && String(item.key.value) === key).at(-1);
    if (found && isNode(found.key) && found.key.range) return found.key.range[0];
  }
  return node?.range?.[0] ?? 0;
}

function nodeAt(document: Document, path: YamlPath): Node | null {
  for (let length = path.length; length > 0; length--) {
    const found = document.getIn(path.slice(0, length), true);
    if (isPair(found)) continue;
    if (isNode(found)) return found;
  }
  return isNode(document.contents) ? document.contents : null;
}

/** `waves[0].workloads[1].name`; a key that is no plain word is quoted. */
export function pathText(path: YamlPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const word = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
    return text ? `${text}.${word}` : word;
  }, '');
}
