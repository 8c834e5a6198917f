import { BundleFault } from './folder.ts';

const lineFeed = 10;

/**
 * Lines of a byte stream, without their LF, and each with whether one stood behind it: only the last may lack it. A line longer than
 * `limitBytes` throws: nothing that a file holds may grow memory.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<{ readonly bytes: Buffer; readonly isEnded: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let at = data.indexOf(lineFeed); at >= 0; at = data.indexOf(lineFeed, from)) {
      if (at - from > limitBytes) throw new BundleFault(`a line is longer than ${limitBytes} bytes`);
      yield { bytes: data.subarray(from, at), isEnded: true };
      from = at + 1;
    }
    rest = data.subarray(from);
    if (rest.length > limitBytes) throw new BundleFault(`a line is longer than ${limitBytes} bytes`);
  }
  if (rest.length > 0) yield { bytes: rest, isEnded: false };
}
