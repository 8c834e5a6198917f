import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { scrub } from './scrub.ts';

export type { Logger } from 'pino';

const hidden = ['credentials', 'authorization', 'headers', 'key', 'secretAccessKey', 'sessionToken', 'password', 'token', 'apiKey'];

export interface LogOptions {
  /** `info` unless told; ECLUSE_LOG for people. */
  readonly level?: string | undefined;
  /** Stands in each line: project, role. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Standard error unless told: standard output belongs to the command's answer. */
  readonly destination?: DestinationStream;
}

/** JSON lines. Secrets are taken out twice: by path before serialising, and from the finished line. */
export function createLogger({ level = 'info', bindings = {}, destination }: LogOptions = {}): Logger {
  const options: LoggerOptions = {
    level,
    base: { pid: process.pid, ...bindings },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: hidden.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    hooks: { streamWrite: scrub },
  };
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** What Temporal's Runtime asks of a logger (`@temporalio/common`), by shape: this room does not know the SDK. */
export interface RuntimeLogger {
  log(level: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR', message: string, meta?: RuntimeMeta): void;
  trace(message: string, meta?: RuntimeMeta): void;
  debug(message: string, meta?: RuntimeMeta): void;
  info(message: string, meta?: RuntimeMeta): void;
  warn(message: string, meta?: RuntimeMeta): void;
  error(message: string, meta?: RuntimeMeta): void;
}
type RuntimeMeta = Readonly<Record<string | symbol, unknown>>;

/** Hands the SDK's own lines to `logger`, so that they pass the same redaction. */
export function runtimeLogger(logger: Logger): RuntimeLogger {
  const write = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string, meta: RuntimeMeta = {}): void => {
    const { error, ...rest } = meta;
    logger[level](error === undefined ? rest : { ...rest, err: error }, message);
  };
  return {
    log: (level, message, meta) => write(({ TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const)[level], message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}
