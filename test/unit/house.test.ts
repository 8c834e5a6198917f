import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { requiredRoles } from '../../src/cli/temporal-reading.ts';
import { bundleWorkflows } from '../../src/workers/bundle.ts';

const root = path.join(import.meta.dirname, '../..');

interface Rule {
  readonly values: readonly string[];
  readonly types: readonly string[];
  readonly packages: readonly string[];
}

const cell = (text: string): string[] => (text.trim() === '–' ? [] : text.split(',').map((word) => word.trim()));

/** The table of ARCHITECTURE.md §3, by room. */
const table = new Map<string, Rule>(
  readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| \w+ \|.*\|.*\|.*\|$/.test(line) && line.split('|').length === 6)
    .map((line) => line.split('|').slice(1, 5) as [string, string, string, string])
    .map(([room, values, types, packages]) => [room.trim(), { values: cell(values), types: cell(types), packages: cell(packages) }]),
);

interface Import {
  readonly file: string;
  readonly room: string;
  readonly to: string;
  readonly isType: boolean;
}

const importLine = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gms;

function importsOf(folder: string): Import[] {
  const files = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return files.flatMap((entry) => {
    const file = path.relative(root, path.join(entry.parentPath, entry.name));
    const room = file.split(path.sep)[1] ?? '';
    return [...readFileSync(path.join(root, file), 'utf8').matchAll(importLine)].map(([, type, to = '']) => ({ file, room, to, isType: type !== undefined }));
  });
}

const roomOf = ({ file, to }: Import): string => path.relative(root, path.join(root, path.dirname(file), to)).split(path.sep)[1] ?? '';
const packageOf = (to: string): string => (to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? ''));

function isAllowed(found: Import): boolean {
  const rule = table.get(found.room);
  if (!rule) return false;
  if (rule.values.includes('any')) return true;
  if (isBuiltin(found.to)) return rule.packages.includes('node');
  if (!found.to.startsWith('.')) return rule.packages.includes(packageOf(found.to));
  const room = roomOf(found);
  return room === found.room || rule.values.includes(room) || (found.isType && rule.types.includes(room));
}

describe('the house', () => {
  it('has a rule for every room', () => {
    const rooms = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).filter((name) => !table.has(name))).toEqual([]);
  });

  it('keeps to the import table of ARCHITECTURE.md', () => {
    const found = importsOf('src');
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter((one) => !isAllowed(one)).map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it('would notice a wrong import', () => {
    const planted = { file: 'src/core/planted.ts', room: 'core', isType: false };
    expect([
      ...['node:fs', 'zod', '../model/digest.ts', '../wire/sigv4.ts'].map((to) => isAllowed({ ...planted, to })),
      isAllowed({ ...planted, to: '../model/digest.ts', isType: true }),
    ]).toEqual([false, false, false, false, true]);
  });

  it('keeps the stand-ins of the lab independent of what they test', () => {
    const standIns = importsOf('lab').filter(({ file }) => /lab\/(store-proxy|proxy|seed|compare)/.test(file));
    expect(standIns.length).toBeGreaterThan(5);
    expect(standIns.filter(({ to }) => /src\/(wire|providers|transfer)/.test(to)).map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it('has no room without a name', () => {
    const files = ['src', 'lab', 'bench', 'test', 'deploy'].flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true }).map(String));
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|services|managers?|misc)(\/|\.ts$|$)/.test(file))).toEqual([]);
  });
});

describe('the workflow bundle', () => {
  it('serves every errand that the command starts', () => {
    const served: readonly string[] = readFileSync(path.join(root, 'src/workflows/index.ts'), 'utf8').match(/\w+/g) ?? [];
    expect(Object.keys(requiredRoles).filter((errand) => !served.includes(errand))).toEqual([]);
  });

  let code = '';
  beforeAll(async () => {
    code = (await bundleWorkflows()).code;
  }, 60_000);

  it('holds the workflows and no library of the outside', () => {
    const modules = [...code.matchAll(/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/g)].map(([, name = '']) => name);
    const allowed = /^(@temporalio|ms$|nexus-rpc|long$|@swc|heap-js$|abort-controller|unionfs|memfs)/;
    expect(code).toContain('src/workflows/bucket.ts');
    expect([...new Set(modules)].filter((name) => !allowed.test(name))).toEqual([]);
    expect(code).not.toMatch(/from ['"]zod|node_modules\/(zod|pino|undici|@aws-sdk)/);
  });

  it('has no clock, randomness or environment of the machine in our files', () => {
    const files = [...importsOf('src/workflows'), ...importsOf('src/core')].map(({ file }) => file);
    for (const file of new Set(files))
      expect(`${file}: ${/process\.|Math\.random|require\(|globalThis/.exec(readFileSync(path.join(root, file), 'utf8'))?.[0] ?? ''}`).toBe(`${file}: `);
  });
});
