import { createSocket } from 'node:dgram';
import { MigrationError } from '../core/migration-error.ts';
import { toleranceMs } from './gap.ts';
import type { ClockState } from './signer.ts';

/** An answer of a second is worth nothing, and the next publication asks again. */
const answerMs = 3000;
/** Between questions: a clock does not drift by minutes in ten. */
const askEveryMs = 600_000;
/** Seconds between 1900, where NTP begins, and 1970. */
const ntpEpochSeconds = 2_208_988_800;

/**
 * How this machine's clock stands against an NTP server (`host` or `host:port`; RFC 5905, one SNTP question). Without a server nobody is asked:
 * the source is `system` and the offset says nothing. LEDGER_CLOCK beyond five minutes; a server that does not answer leaves the last answer.
 */
export function clockCheck(server: string | undefined, now: () => number = Date.now): () => Promise<ClockState> {
  let last: { readonly state: ClockState; readonly atMs: number } | undefined;
  return async () => {
    if (last && now() - last.atMs < askEveryMs && now() >= last.atMs) return last.state;
    const checked_at = new Date(now()).toISOString();
    if (server === undefined) return { source: 'system', offset_ms: 0, checked_at };
    const offset = await ask(server, now);
    if (offset === undefined) return last?.state ?? { source: 'system', offset_ms: 0, checked_at };
    const offset_ms = Math.round(offset);
    if (Math.abs(offset_ms) > toleranceMs)
      throw new MigrationError('LEDGER_CLOCK', { operation: 'check the clock', detail: `${Math.round(offset_ms / 1000)} s against ${server}` });
    last = { state: { source: `ntp:${server}`, offset_ms, checked_at }, atMs: now() };
    return last.state;
  };
}

/** Offset in milliseconds (server less machine), or undefined when there was no answer that makes sense. */
function ask(server: string, now: () => number): Promise<number | undefined> {
  const [host = '', port = '123'] = server.split(/:(?=\d+$)/);
  const socket = createSocket('udp4');
  const question = Buffer.alloc(48);
  question[0] = 0x23; // version 4, client
  const sentMs = now();
  return new Promise((resolve) => {
    const end = (offset?: number): void => {
      clearTimeout(timer);
      socket.close();
      resolve(offset);
    };
    const timer = setTimeout(() => end(), answerMs);
    socket.once('error', () => end());
    socket.once('message', (answer) => {
      const isServer = answer.length >= 48 && ((answer[0] ?? 0) & 7) === 4 && (answer[1] ?? 0) > 0;
      end(isServer ? (timeIn(answer, 32) - sentMs + (timeIn(answer, 40) - now())) / 2 : undefined);
    });
    socket.send(question, Number(port), host, (error) => error && end());
  });
}

const timeIn = (answer: Buffer, at: number): number => (answer.readUInt32BE(at) - ntpEpochSeconds) * 1000 + (answer.readUInt32BE(at + 4) / 2 ** 32) * 1000;
