import { BundleFault } from './folder.ts';

const lineFeed = 10;

/**
 * Lines of a byte stream, without their LF, and each with whether one stood behind it: only the last may lack it. A line longer than
 * `limitBytes` throws: nothing that a file holds may grow memory. A line is good until the next is asked for.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<{ readonly bytes: Buffer; readonly isEnded: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  const checked = (line: Buffer): Buffer => {
    if (line.length > limitBytes) throw new BundleFault(`a line is longer than ${limitBytes} bytes`);
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      const end = chunk.subarray(from, at);
      yield { bytes: checked(rest.length > 0 ? Buffer.concat([rest, end]) : end), isEnded: true };
      if (rest.length > 0) rest = Buffer.alloc(0);
      from = at + 1;
    }
    rest = checked(Buffer.concat([rest, chunk.subarray(from)]));
  }
  if (rest.length > 0) yield { bytes: rest, isEnded: false };
}
