import type { Answer, Cloud } from './cloud.ts';
import { refused } from './oapi-error.ts';
import type { Fields, Scalar, Shape } from './shape.ts';

type Value = string | number | boolean | undefined;

/** A filter: the shape of its values and what of a shown thing they are compared with; any of one with any of the other. */
export interface Filter<V> {
  readonly shape: Shape;
  readonly of: (view: V) => readonly Value[];
}

export type FilterTable<V> = Readonly<Record<string, Filter<V>>>;

export const list = <V>(of: (view: V) => readonly Value[], scalar: Scalar = 'string'): Filter<V> => ({ shape: [scalar], of });
export const one = <V>(of: (view: V) => Value): Filter<V> => ({ shape: 'boolean', of: (view) => [of(view)] });

interface Tagged {
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
}

export const tagFilters: FilterTable<Tagged> = {
  Tags: list(({ Tags }) => Tags.map(({ Key, Value }) => `${Key}=${Value}`)),
  TagKeys: list(({ Tags }) => Tags.map(({ Key }) => Key)),
  TagValues: list(({ Tags }) => Tags.map(({ Value }) => Value)),
};

export interface ReadRequest {
  readonly Filters?: Readonly<Record<string, Value | readonly Value[]>>;
  readonly NextPageToken?: string;
  readonly ResultsPerPage?: number;
}

/** The shape of a Read: its filters and its pages. Filters of the specification that the stand-in does not know are refused aloud, never ignored. */
export const readShape = <V>(filters: FilterTable<V>): Fields => ({
  Filters: Object.fromEntries(Object.entries(filters).map(([name, { shape }]) => [name, shape])),
  NextPageToken: 'string',
  ResultsPerPage: 'integer',
});

/** One page of what the filters let through. A token names an offset: what is made meanwhile stands at the end. */
export function pageOf<V>(cloud: Cloud, key: string, request: ReadRequest, views: readonly V[], filters: FilterTable<V>): Answer {
  const { ResultsPerPage: size = cloud.settings.pageSize, NextPageToken: token } = request;
  if (size < 1 || size > 1000) throw refused(4047, 'ResultsPerPage must lie between 1 and 1000.');
  const found = views.filter((view) => Object.entries(request.Filters ?? {}).every(([name, wanted]) => isMatch(filters[name], view, wanted)));
  const start = token === undefined ? 0 : offsetOf(token);
  const next = start + size;
  return { [key]: found.slice(start, next), ...(next < found.length && { NextPageToken: Buffer.from(`page ${next}`).toString('base64') }) };
}

function isMatch<V>(filter: Filter<V> | undefined, view: V, wanted: Value | readonly Value[]): boolean {
  const values = filter?.of(view) ?? [];
  const asked: readonly Value[] = typeof wanted === 'object' ? wanted : [wanted];
  return asked.some((value) => values.includes(value));
}

function offsetOf(token: string): number {
  const [, offset] = /^page (\d+)$/.exec(Buffer.from(token, 'base64').toString()) ?? [];
  if (offset === undefined) throw refused(4047, 'This page token is not one of ours.');
  return Number(offset);
}
