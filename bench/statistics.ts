/** The middle value; of an even number the mean of the two in the middle. Throws on none: a median of nothing would be an invented result. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('no median of no values');
  return (lower + upper) / 2;
}

/**
 * The median of ours[n] / theirs[n]: each round is compared with itself, since the same code moves 1.3 to 2 times between
 * a quiet and a busy minute of a machine, and both clients of a round meet the same minute.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} rounds of ours cannot be paired with ${theirs.length} of theirs`);
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** The same list, begun `round` places later: nobody always runs first on cold stores, or last on warm ones. */
export function rotated<T>(list: readonly T[], round: number): readonly T[] {
  const at = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
