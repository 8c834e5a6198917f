import { createSocket } from 'node:dgram';
import { MigrationError } from '../core/migration-error.ts';
import type { ClockState } from './clock-drift.ts';
import { toleranceMs } from './gap.ts';

/** A server that has not answered by then is asked again at the next publication. */
const answerMs = 3000;
/** Between questions: a clock does not drift by minutes in ten. */
const askEveryMs = 600_000;
/** And no server likes to be asked more often than this, also while the clock is off. */
const askAgainMs = 16_000;
/** Seconds between 1900, where NTP begins, and 1970. */
const ntpEpochSeconds = 2_208_988_800;

/**
 * How this machine's clock stands against an NTP server (`host` or `host:port`; RFC 5905, one SNTP question). Without a server nobody is asked:
 * the source is `system` and the offset says nothing. LEDGER_CLOCK beyond five minutes; a server that does not answer leaves the last answer.
 */
export function clockCheck(server: string | undefined, now: () => number = Date.now): () => Promise<ClockState> {
  let last: { readonly state: ClockState; readonly atMs: number } | undefined;
  const isFresh = (forMs: number): boolean => last !== undefined && now() >= last.atMs && now() - last.atMs < forMs;
  return async () => {
    const checked_at = new Date(now()).toISOString();
    if (server === undefined) return { source: 'system', offset_ms: 0, checked_at };
    if (!isFresh(last && isOff(last.state) ? askAgainMs : askEveryMs)) {
      const offset = await ask(server, now);
      if (offset !== undefined) last = { state: { source: `ntp:${server}`, offset_ms: Math.round(offset), checked_at }, atMs: now() };
    }
    if (!last) return { source: 'system', offset_ms: 0, checked_at };
    const { offset_ms } = last.state;
    if (isOff(last.state))
      throw new MigrationError('LEDGER_CLOCK', {
        operation: 'check the clock',
        source: server,
        detail: `${Math.round(offset_ms / 1000)} s`,
        offsetMs: offset_ms,
      });
    return last.state;
  };
}

const isOff = ({ offset_ms }: ClockState): boolean => Math.abs(offset_ms) > toleranceMs;

/** Offset in milliseconds (server less machine), or undefined when there was no answer that makes sense. */
function ask(server: string, now: () => number): Promise<number | undefined> {
  const [host = '', port = '123'] = server.split(/:(?=\d+$)/);
  const socket = createSocket('udp4');
  const question = Buffer.alloc(48);
  question[0] = 0x23; // version 4, client
  const sentMs = now();
  return new Promise((resolve) => {
    let isOver = false;
    // Once: a name that nobody resolves fails long after the wait is over, and a socket closed twice throws where nobody catches it.
    const end = (offset?: number): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(offset);
    };
    const timer = setTimeout(() => end(), answerMs);
    socket.on('error', () => end());
    socket.once('message', (answer) => {
      const [first = 0, stratum = 0] = answer;
      // A server's answer, of one that knows the time itself.
      const isServer = answer.length >= 48 && (first & 7) === 4 && first >> 6 !== 3 && stratum > 0;
      end(isServer ? (timeIn(answer, 32) - sentMs + (timeIn(answer, 40) - now())) / 2 : undefined);
    });
    socket.send(question, Number(port), host, (error) => error && end());
  });
}

const timeIn = (answer: Buffer, at: number): number => (answer.readUInt32BE(at) - ntpEpochSeconds) * 1000 + (answer.readUInt32BE(at + 4) / 2 ** 32) * 1000;
