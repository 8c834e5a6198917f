import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from '../../../src/config/config-error.ts';

export const goodConfig = `v: 1
project: demo
depot: { folder: ./depot }
ledger: { sqlite: ./ledger.db }
stores:
  source: { kind: s3, endpoint: http://127.0.0.1:8333, region: eu-west-1 }
  target: { kind: s3, endpoint: http://127.0.0.1:8334, region: eu-west-2 }
`;

export const goodPlan = `v: 1
waves:
  - wave: 1
    workloads:
      - name: photos
        kind: bucket
        source: { at: source, bucket: photos }
        target: { at: target, bucket: photos }
`;

/** Writes the text into a folder of its own and returns the file's path. */
export function written(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'ecluse-config-')), name);
  writeFileSync(file, text);
  return file;
}

/** The problems that `load` finds; fails when it finds none. */
export function problemsOf(load: () => unknown): readonly ConfigProblem[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

/** `line:column path problem` of each. */
export const lines = (problems: readonly ConfigProblem[]): string[] =>
  problems.map(({ line, column, path, problem }) => `${line}:${column} ${path} ${problem}`);
