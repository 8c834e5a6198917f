import { readFileSync } from 'node:fs';
import { type CanonicalValue, canonicalJson } from '../core/canonical-json.ts';
import { MigrationError } from '../core/migration-error.ts';
import { Policy } from '../model/policy.ts';

/**
 * `policy.json` as a person wrote it, and the bytes that the log binds: canonical JSON and LF, so that spaces and order say nothing.
 * CONFIG_INVALID names every field that is wrong.
 */
export function readPolicy(file: string): { readonly policy: Policy; readonly policyBytes: Buffer } {
  const result = Policy.safeParse(jsonIn(file));
  if (!result.success) throw invalid(`policy.json: ${result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`);
  return { policy: result.data, policyBytes: Buffer.from(`${canonicalJson(result.data as CanonicalValue)}\n`) };
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw invalid('policy.json is not there, or no JSON: make it with "ecluse ledger init"', cause);
  }
}

const invalid = (detail: string, cause?: unknown): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'read the policy', detail, cause });
