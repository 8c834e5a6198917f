import { Unreadable } from './reading.ts';

/** LVM2's own notation for metadata: sections in braces, `key = value`, lists in brackets. */
export type LvmValue = string | number | readonly LvmValue[] | LvmSection;
export interface LvmSection {
  readonly [name: string]: LvmValue;
}

const maxDepth = 8; // a volume group needs 5

/** Throws Unreadable where the text is not of that notation. */
export function parseLvmText(text: string): LvmSection {
  const tokens = [...text.matchAll(/#[^\n]*|"(?:[^"\\]|\\.)*"|[{}[\]=,]|[^\s{}[\]=,"#]+/g)].map(([token]) => token).filter((token) => !token.startsWith('#'));
  const reader = { tokens, at: 0 };
  const section = parseSection(reader, 0);
  if (reader.at < tokens.length) throw new Unreadable('the metadata of a volume group do not end where they should');
  return section;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function next(reader: Reader): string {
  const token = reader.tokens[reader.at++];
  if (token === undefined) throw new Unreadable('the metadata of a volume group are cut off');
  return token;
}

function parseSection(reader: Reader, depth: number): LvmSection {
  if (depth > maxDepth) throw new Unreadable('the metadata of a volume group are nested too deeply');
  const section = new Map<string, LvmValue>();
  while (reader.at < reader.tokens.length && reader.tokens[reader.at] !== '}') {
    const name = next(reader);
    const mark = next(reader);
    if (mark === '=') section.set(name, parseValue(reader, depth));
    else if (mark === '{') {
      section.set(name, parseSection(reader, depth + 1));
      if (next(reader) !== '}') throw new Unreadable('the metadata of a volume group lack a brace');
    } else throw new Unreadable('the metadata of a volume group are not in their notation');
  }
  return Object.fromEntries(section);
}

function parseValue(reader: Reader, depth: number): LvmValue {
  const token = next(reader);
  if (token.startsWith('"')) return token.slice(1, -1);
  if (token !== '[') return /^-?\d+$/.test(token) ? Number(token) : token;
  if (depth > maxDepth) throw new Unreadable('the metadata of a volume group are nested too deeply');
  const list: LvmValue[] = [];
  for (;;) {
    if (reader.tokens[reader.at] === ']') break;
    list.push(parseValue(reader, depth + 1));
    if (reader.tokens[reader.at] === ',') reader.at++;
  }
  reader.at++;
  return list;
}

export const sectionOf = (section: LvmSection, name: string): LvmSection => {
  const value = section[name];
  return typeof value === 'object' && !Array.isArray(value) ? (value as LvmSection) : {};
};
export const numberOf = (section: LvmSection, name: string): number => {
  const value = section[name];
  if (typeof value !== 'number' || value < 0 || !Number.isSafeInteger(value)) throw new Unreadable(`the metadata of a volume group have no number ${name}`);
  return value;
};
export const textOf = (section: LvmSection, name: string): string => {
  const value = section[name];
  return typeof value === 'string' ? value : '';
};
