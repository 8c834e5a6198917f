import type { Language } from '../../core/project-words.ts';

/** So many numbers of records are named; the others are counted. */
export const namedRecords = 20;

/** Which records say something: how many, and the first of them. Its memory does not grow with the log. */
export interface RecordNumbers {
  count: number;
  readonly first: number[];
}

export const noNumbers = (): RecordNumbers => ({ count: 0, first: [] });

export function addNumber(numbers: RecordNumbers, seq: number): void {
  numbers.count += 1;
  if (numbers.first.length < namedRecords) numbers.first.push(seq);
}

/** Counts under a name that a record gave. Names beyond a hundred fall under `…`. */
export function addNamed(all: Map<string, RecordNumbers>, name: string, seq: number): void {
  const key = all.has(name) || all.size < 100 ? name : '…';
  const numbers = all.get(key) ?? noNumbers();
  all.set(key, numbers);
  addNumber(numbers, seq);
}

/** `#3 #9 … and 12 more`, or `no record`. */
export function numbersText({ count, first }: RecordNumbers, language: Language): string {
  if (count === 0) return language === 'fr' ? 'aucun enregistrement' : 'no record';
  const named = first.map((seq) => `#${seq}`).join(' ');
  const more = count - first.length;
  if (more === 0) return named;
  return language === 'fr' ? `${named} … et ${more} ${more === 1 ? 'autre' : 'autres'}` : `${named} … and ${more} more`;
}
