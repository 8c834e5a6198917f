/** A party outside the operator that keeps its own copy of how far the log got, and signs only what grows from there. */
export interface Witness {
  /** As in its vkey. */
  readonly name: string;
  /**
   * Asks for a cosignature of `note` (C2SP tlog-witness `add-checkpoint`). `proofOf(old)` gives the consistency proof from the size that the
   * witness saw last (0: none). Answers the cosignature line, checked against the witness's key, without LF.
   * WITNESS_UNAVAILABLE (retried): no answer. WITNESS_REFUSED: it saw another history; never retried blindly.
   */
  cosign(note: string, size: number, proofOf: (oldSize: number) => Promise<readonly Buffer[]>, signal: AbortSignal): Promise<string>;
}
