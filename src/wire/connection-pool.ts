import { MigrationError } from '../core/migration-error.ts';
import { Connection } from './connection.ts';
import type { Line } from './line.ts';

interface Waiter {
  readonly admit: (connection: Connection) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * The connections of one origin. Idle ones are taken last in, first out, so that surplus ones grow cold and close; who finds none and the number
 * used up waits, first come first served.
 */
export class ConnectionPool {
  readonly #line: Line;
  readonly #most: number;
  /** Every connection that is open. */
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #rounds: NodeJS.Timeout;

  constructor(line: Line, most: number, idleTimeoutMs: number) {
    this.#line = line;
    this.#most = most;
    this.#rounds = setInterval(this.#closeCold, idleTimeoutMs / 2).unref();
  }

  /** A connection for one request: given back by `giveBack`, whatever has become of it. Throws the signal's reason while waiting. */
  take(signal: AbortSignal | undefined): Connection | Promise<Connection> {
    const idle = this.#idle.pop();
    if (idle) {
      idle.wake();
      return idle;
    }
    return this.#all.size < this.#most ? this.fresh() : this.#wait(signal);
  }

  /** One that cannot be stale. Only in place of one that has closed, or where there is room. */
  fresh(): Connection {
    const connection = new Connection(this.#line, this.#closed);
    this.#all.add(connection);
    return connection;
  }

  giveBack(connection: Connection): void {
    const waiter = this.#waiting.shift();
    if (waiter) waiter.admit(connection.isOpen ? connection : this.fresh());
    else if (connection.isOpen) {
      connection.rest();
      this.#idle.push(connection);
    }
  }

  /** Every request under way and every one that waits fails with UNAVAILABLE. */
  close(): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(new MigrationError('UNAVAILABLE', { operation: 'connect', detail: 'TRANSPORT_CLOSED' }));
    for (const connection of this.#all) connection.close();
    clearInterval(this.#rounds);
  }

  readonly #closeCold = (): void => {
    for (const connection of [...this.#idle]) {
      if (connection.isCold) connection.close();
      else connection.isCold = true;
    }
  };

  readonly #closed = (connection: Connection): void => {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  };

  #wait(signal: AbortSignal | undefined): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const settled = (): void => signal?.removeEventListener('abort', leave);
      const waiter: Waiter = {
        admit: (connection) => {
          settled();
          resolve(connection);
        },
        refuse: (error) => {
          settled();
          reject(error);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
