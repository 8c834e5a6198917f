import { refused } from './oapi-error.ts';

/**
 * What a field may hold: a scalar, `id:vol` (an id with that prefix), `one:a|b`, a list of one shape, or fields. A field name that ends in `!` must
 * be there. Unknown fields are refused, as the vendor's `additionalProperties: false` has it.
 */
export type Shape = Scalar | readonly [Shape] | Fields;
export type Scalar = 'string' | 'integer' | 'boolean' | `id:${string}` | `one:${string}`;
export interface Fields {
  readonly [name: string]: Shape;
}

/** Throws the API's refusal at the first thing that does not fit. */
export function checkShape(value: unknown, shape: Shape, where = 'the request'): void {
  if (typeof shape === 'string') checkScalar(value, shape, where);
  else if (!isList(shape)) checkFields(value, shape, where);
  else if (!Array.isArray(value)) throw refused(4110, `${where} must be a list.`);
  else for (const item of value) checkShape(item, shape[0], where);
}

function checkFields(value: unknown, shape: Fields, where: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(4110, `${where} must be an object.`);
  const known = new Map(Object.entries(shape).map(([name, inner]) => [name.replace('!', ''), inner]));
  for (const [name, inner] of Object.entries(value)) {
    const expected = known.get(name);
    if (expected === undefined) throw refused(3001, `Unknown parameter ${name}.`);
    checkShape(inner, expected, name);
  }
  for (const name of Object.keys(shape))
    if (name.endsWith('!') && !Object.hasOwn(value, name.slice(0, -1))) throw refused(7000, `Parameter ${name.slice(0, -1)} is missing.`);
}

const isList = (shape: Fields | readonly [Shape]): shape is readonly [Shape] => Array.isArray(shape);

function checkScalar(value: unknown, shape: Scalar, where: string): void {
  if (shape === 'integer') {
    if (!Number.isSafeInteger(value)) throw refused(4110, `${where} must be an integer.`);
  } else if (shape === 'boolean') {
    if (typeof value !== 'boolean') throw refused(4110, `${where} must be true or false.`);
  } else {
    if (typeof value !== 'string') throw refused(4110, `${where} must be a string.`);
    if (shape.startsWith('one:') && !shape.slice(4).split('|').includes(value)) throw refused(4047, `${where} must be one of ${shape.slice(4)}.`);
    if (shape.startsWith('id:')) checkId(value, shape.slice(3), where);
  }
}

function checkId(value: string, prefix: string, where: string): void {
  if (!value.startsWith(`${prefix}-`)) throw refused(4104, `${where}: an id that begins with ${prefix}- is expected.`);
  if (!/^[0-9a-f]{8}([0-9a-f]{9})?$/.test(value.slice(prefix.length + 1))) throw refused(4105, `${where}: a malformed id.`);
}
