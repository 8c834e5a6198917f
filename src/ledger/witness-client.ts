import { clockToleranceMs } from '../core/clock-tolerance.ts';
import { MigrationError } from '../core/migration-error.ts';
import type { Witness } from '../ports/witness.ts';
import { verifyCosignature } from './cosignature.ts';
import { callOutside } from './outside-call.ts';
import { parseNote, parseVkey } from './signed-note.ts';

export interface WitnessOptions {
  /** Where it serves: `/add-checkpoint` is added. https, or http to loopback. */
  readonly url: string;
  readonly vkey: string;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

/** It may answer once for its size, and once more for each other signer of this log that came between: more is no witness. */
const mostAsks = 4;
const answerLimitBytes = 16 * 1024;

/**
 * A witness over HTTP. It is asked from the size that it answered last, so mostly once; a repeat of what it has seen already is cosigned again.
 * Beside what the port says, WITNESS_UNAVAILABLE also where its clock and ours differ by more than 300 s. Callers ask for the newest
 * checkpoint only: an older one than it has seen reads as another history.
 */
export function openWitness({ url, vkey, fetch: send = fetch, timeoutMs = 15_000, now = Date.now }: WitnessOptions): Witness {
  const key = parseVkey(vkey);
  const refused = (detail: string): MigrationError => new MigrationError('WITNESS_REFUSED', { operation: 'cosign', target: key.name, detail });
  const unavailable = (detail: string): MigrationError => new MigrationError('WITNESS_UNAVAILABLE', { operation: 'cosign', target: key.name, detail });
  let seenSize = 0;

  async function ask(note: string, old: number, proof: readonly Buffer[], signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const lines = [`old ${old}`, ...proof.map((hash) => hash.toString('base64'))];
    const { status, body } = await callOutside(
      {
        operation: 'cosign',
        party: key.name,
        url: `${url.replace(/\/+$/, '')}/add-checkpoint`,
        contentType: 'text/plain; charset=utf-8',
        body: Buffer.from(`${lines.join('\n')}\n\n${note}`),
        unavailable: 'WITNESS_UNAVAILABLE',
        timeoutMs,
        limitBytes: answerLimitBytes,
        fetch: send,
      },
      signal,
    );
    return { status, text: body.toString('utf8') };
  }

  /** Other cosigners may answer beside it; of its own lines one must hold. */
  function ownLine(note: string, answer: string): string {
    const line = answer.split('\n').find((each) => each.startsWith(`— ${key.name} `));
    if (!line) throw refused('its answer holds no line of its own');
    const { timeMs } = verifyCosignature(parseNote(note).body, line, key);
    if (Math.abs(timeMs - now()) > clockToleranceMs) throw unavailable('its clock and ours differ by more than 300 s');
    return line;
  }

  return {
    name: key.name,
    async cosign(note, size, proofOf, signal) {
      let old = Math.min(seenSize, size);
      for (let asks = 0; asks < mostAsks; asks += 1) {
        const proof = old === 0 || old === size ? [] : await proofOf(old);
        const { status, text } = await ask(note, old, proof, signal);
        if (status === 200) {
          const line = ownLine(note, text);
          seenSize = size;
          return line;
        }
        if (status !== 409) throw refused(`HTTP ${status}`);
        const seen = sizeIn(text);
        if (seen === undefined) throw unavailable('a 409 without its size');
        if (seen > size) throw refused(`it has seen size ${seen}, this checkpoint has ${size}`);
        if (seen === size && old === size) throw refused(`it has seen another root at size ${size}`);
        old = seen;
      }
      throw unavailable('its size does not hold still');
    },
  };
}

function sizeIn(text: string): number | undefined {
  const digits = /^(0|[1-9]\d{0,15})\n?$/.exec(text)?.[1];
  return digits !== undefined && Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined;
}
