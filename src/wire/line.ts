import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';

/** What the connections of one origin share. */
export interface Line {
  readonly origin: string;
  /** Of an https origin. */
  readonly secureContext: SecureContext | undefined;
  /** The newest TLS session, so that the next handshake is a short one. */
  session: Buffer | undefined;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly progressTimeoutMs: number;
}

const readBytes = 64 * 1024; // one buffer a socket, which the kernel fills; a hash takes as much in one step
const keepAliveProbeMs = 60_000;

/** A socket that is connecting. What arrives is given to `take`, each time in the same buffer. */
export function openSocket(line: Line, take: (count: number, buffer: Buffer) => void): Socket {
  const { protocol, hostname, port } = new URL(line.origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const callback = (count: number, buffer: Uint8Array): boolean => {
    take(count, buffer as Buffer);
    return true;
  };
  const onread = { buffer: Buffer.allocUnsafeSlow(readBytes), callback };
  const common = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveProbeMs, onread };
  if (protocol === 'http:') return connectPlain({ ...common, port: Number(port || 80) });
  const { secureContext, session } = line;
  const names = { servername: isIP(host) === 0 ? host : '', ALPNProtocols: ['http/1.1'] };
  const tls = { ...common, ...names, port: Number(port || 443), ...(secureContext ? { secureContext } : {}), ...(session ? { session } : {}) };
  const socket = connectTls(tls);
  socket.on('session', (newest) => {
    line.session = newest;
  });
  return socket;
}
