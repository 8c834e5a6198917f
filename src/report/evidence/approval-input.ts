import { createHash } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from '../../core/canonical-json.ts';
import type { Language } from '../../core/project-words.ts';
import { type ApprovalFile, approvalNamespace } from '../../model/approval.ts';
import type { ApprovalRequest } from '../../model/errand.ts';
import { settingWords } from './approval-words.ts';
import type { InBoth } from './evidence-facts.ts';

/** What an approver is shown: the file, its exact text, and the scope that it names by digest. */
export interface ApprovalInput {
  readonly approval: ApprovalFile;
  /** The bytes to be signed, as text. */
  readonly file: string;
  readonly fileName: string;
  /** The depot file of `approval.scope_sha256` (docs/bundle-format.md §4). */
  readonly scope: unknown;
  readonly request: ApprovalRequest;
  /** Which language comes first. */
  readonly language: Language;
}

export const orderOf = ({ language }: ApprovalInput): readonly Language[] => (language === 'fr' ? ['fr', 'en'] : ['en', 'fr']);

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The file says the approval, and the scope is the one that it names: otherwise this page would show one thing and have another signed. */
export function isCoherent({ approval, file, scope }: ApprovalInput): boolean {
  try {
    return file === `${canonicalJson(approval as CanonicalValue)}\n` && sha256Of(canonicalJson(scope as CanonicalValue)) === approval.scope_sha256;
  } catch {
    return false;
  }
}

/** A member of the scope, if it is a text. */
export function scopeText(scope: unknown, name: string): string | undefined {
  const value = typeof scope === 'object' && scope !== null ? (scope as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** A place of the scope, `aws-paris · records`: whatever texts it holds. */
export function scopePlace(scope: unknown, side: 'source' | 'target'): string | undefined {
  const place = typeof scope === 'object' && scope !== null ? (scope as Readonly<Record<string, unknown>>)[side] : undefined;
  if (typeof place === 'string') return place;
  if (typeof place !== 'object' || place === null) return undefined;
  return Object.values(place)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' · ');
}

/** `policy: Écluse denies …`; a value without words stands alone. */
export function scopeSetting(scope: unknown, name: 'freeze' | 'versions' | 'into', order: readonly Language[]): string | undefined {
  const value = scopeText(scope, name);
  if (value === undefined) return undefined;
  const known = settingWords[name];
  const words: InBoth | undefined = Object.hasOwn(known, value) ? known[value] : undefined;
  return words ? `${value} · ${order.map((language) => words[language]).join(' / ')}` : value;
}

export function scopeLosses(scope: unknown): readonly string[] {
  const losses = typeof scope === 'object' && scope !== null ? (scope as { readonly losses?: unknown }).losses : undefined;
  return Array.isArray(losses) ? losses.map(String) : [];
}

/** The line to type. A name with signs that a shell reads is quoted. */
export function signCommand(fileName: string, key: string): string {
  const name = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(fileName) ? fileName : `'./${fileName.replaceAll("'", "'\\''")}'`;
  return `ssh-keygen -Y sign -f ${key} -n ${approvalNamespace} ${name}`;
}

/** Characters that nobody sees, or that turn the direction of writing, as their numbers: nothing that is signed may hide. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
