import { Transform } from 'node:stream';
import type { FaultAction } from './fault.ts';

/** A body on its way through the proxy, damaged as `action` says; undefined when this way is left alone. `cut` resets both connections. */
export function bodyFault(action: FaultAction | undefined, way: 'up' | 'down', cut: () => void): Transform | undefined {
  if (action === undefined || ('way' in action && action.way !== way)) return undefined;
  switch (action.kind) {
    case 'cut':
      return stopAfter(action.afterBytes, cut);
    case 'stall':
      return stopAfter(action.afterBytes, () => {});
    case 'flip':
      return flip(action.atByte);
    case 'meanwhile':
      return way === 'down' && action.when === 'during' ? pause(action.run) : undefined;
    case 'lose answer':
      return way === 'down' ? swallow(cut) : undefined;
    default:
      return undefined;
  }
}

/** Lets `afterBytes` through, then calls `stopped` and never asks for more. */
function stopAfter(afterBytes: number, stopped: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (passed + chunk.length < afterBytes) {
        passed += chunk.length;
        done(null, chunk);
        return;
      }
      this.push(chunk.subarray(0, afterBytes - passed));
      passed = afterBytes;
      // The reader takes what was pushed before the connection goes.
      setImmediate(stopped);
    },
    flush() {
      setImmediate(stopped);
    },
  });
}

function flip(atByte: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const at = atByte - passed;
      passed += chunk.length;
      const byte = chunk[at];
      if (byte === undefined) return done(null, chunk);
      const wrong = Buffer.from(chunk);
      wrong[at] = byte ^ 0xff;
      done(null, wrong);
    },
  });
}

function pause(run: () => Promise<void>): Transform {
  let isFirst = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isFirst) return done(null, chunk);
      isFirst = false;
      this.push(chunk);
      run().then(() => done(), done);
    },
  });
}

/** Reads the whole answer, so that the store has surely finished, and cuts instead of passing it on. */
function swallow(cut: () => void): Transform {
  return new Transform({
    transform(_chunk: Buffer, _encoding, done) {
      done();
    },
    flush() {
      cut();
    },
  });
}
/** An answer of `lengthBytes` made `byBytes` longer (zeros) or shorter. */
export function resized(lengthBytes: number, byBytes: number): Transform {
  let room = lengthBytes + Math.min(byBytes, 0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const kept = chunk.subarray(0, Math.max(0, room));
      room -= kept.length;
      done(null, kept);
    },
    flush(done) {
      done(null, byBytes > 0 ? Buffer.alloc(byBytes) : undefined);
    },
  });
}
