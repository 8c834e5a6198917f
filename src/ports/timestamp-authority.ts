/** An RFC 3161 authority. Whether it is qualified is the policy's word, never its own. */
export interface TimestampAuthority {
  /** As in the policy. */
  readonly name: string;
  /**
   * A token over the SHA-256 of `data`. The answer was checked: granted, same imprint, same nonce, signed by a chain to the policy's root.
   * `query` and `response` are the DER messages; `genTime` is in milliseconds since 1970.
   * TIMESTAMP_UNAVAILABLE (retried): no answer. TIMESTAMP_REFUSED: an answer that does not verify, or a refusal.
   */
  stamp(data: Uint8Array, signal: AbortSignal): Promise<{ readonly query: Buffer; readonly response: Buffer; readonly genTimeMs: number }>;
}
