const lineFeed = 0x0a;

/** One JSON value a line, UTF-8, each line ended by LF: the form of every list in the depot. */
export const encodeLines = (lines: readonly string[]): Buffer => Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`);

/** The lines of such a file, one by one, so that a large shard is never parsed as a whole. */
export function* linesOf(bytes: Buffer): Generator<string> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(lineFeed, start);
    const end = found < 0 ? bytes.length : found;
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

export function* parseLines<T>(bytes: Buffer): Generator<T> {
  for (const line of linesOf(bytes)) yield JSON.parse(line) as T;
}
