import { z } from 'zod';

/** SHA-256 as 64 lower-case hex digits. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export type Digest = z.infer<typeof Digest>;

/** A PASS was compared by re-reading; UNKNOWN was not compared and is never shown as success. */
export const Verdict = z.enum(['PASS', 'FAIL', 'UNKNOWN']);
export type Verdict = z.infer<typeof Verdict>;
