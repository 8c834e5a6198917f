import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { Shared } from './run.ts';

export interface OutscaleSpec {
  /** What the vendor's specification finds wrong with the body of a request or of a 2xx answer; empty = nothing. */
  problems(kind: 'request' | 'response', action: string, body: unknown): readonly string[];
}

const folder = path.join(import.meta.dirname, '../../../shared/specs');
let known: Shared<OutscaleSpec> | undefined;

/** The vendor's OpenAPI document, where it lies beside the project: it is not ours to copy. Read once a process. */
export function outscaleSpec(): Shared<OutscaleSpec> {
  known ??= read(path.join(folder, 'outscale-oapi-1.41.0.yaml'));
  return known;
}

/** The vendor's signing vectors, likewise. */
export function outscaleVectors(): Shared<string> {
  const file = path.join(folder, 'vectors/osc4-signing-vectors.json');
  return existsSync(file) ? { access: readFileSync(file, 'utf8') } : { missing: 'the OSC4 signing vectors are not in ../shared/specs/vectors' };
}

function read(file: string): Shared<OutscaleSpec> {
  if (!existsSync(file)) return { missing: 'the OUTSCALE API specification is not in ../shared/specs' };
  // Formats are the vendor's own (`byte` for page tokens), and its schemas carry keywords of OpenAPI.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(parse(readFileSync(file, 'utf8')) as object, 'outscale');
  return {
    access: {
      problems(kind, action, body) {
        const validate = ajv.getSchema(`outscale#/components/schemas/${action}${kind === 'request' ? 'Request' : 'Response'}`);
        if (!validate) return [`${action}: not in the specification`];
        validate(body);
        return (validate.errors ?? []).map(({ instancePath, message, params }) => `${action}${instancePath} ${message} ${JSON.stringify(params)}`);
      },
    },
  };
}
