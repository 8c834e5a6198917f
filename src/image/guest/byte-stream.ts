/** Bytes that come in pieces, taken in any lengths; what is not needed is let go. */
export class ByteStream {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next bytes without taking them; fewer at the end. For headers: the whole length is held. */
  async peek(lengthBytes: number): Promise<Buffer> {
    while (this.#held.length < lengthBytes && (await this.#more())) {}
    return this.#held.subarray(0, lengthBytes);
  }

  async take(lengthBytes: number): Promise<Buffer> {
    const taken = await this.peek(lengthBytes);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** False where the bytes end before. */
  async skip(lengthBytes: number): Promise<boolean> {
    let left = lengthBytes;
    for (;;) {
      const passed = Math.min(left, this.#held.length);
      this.#held = this.#held.subarray(passed);
      left -= passed;
      if (left === 0) return true;
      if (!(await this.#more())) return false;
    }
  }

  /** All that is left, in pieces. */
  async *rest(): AsyncGenerator<Uint8Array> {
    do {
      const piece = this.#held;
      this.#held = Buffer.alloc(0);
      if (piece.length > 0) yield piece;
    } while (await this.#more());
  }

  /** Lets go of where the bytes come from, also in the middle: a decoder keeps memory, and XZ's is one for all. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#pieces.next();
    if (done) return false;
    const piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    return true;
  }
}
