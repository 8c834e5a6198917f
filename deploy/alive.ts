/**
 * Loaded before a worker (`node --import`). Touches a file every ten seconds for the image's health check:
 * the file is fresh exactly as long as the event loop turns, which is what heartbeats to Temporal need too.
 * Whether the worker polls is seen in the Temporal UI; losing the server is no reason to be unhealthy, since the SDK reconnects.
 */
import { writeFileSync } from 'node:fs';

const file = process.env.ECLUSE_ALIVE_FILE ?? '/tmp/ecluse-alive';
const everyMs = 10_000; // a sixth of the age that the health check allows

const touch = (): void => {
  try {
    writeFileSync(file, '');
  } catch {
    // A full /tmp makes the container unhealthy; it must not end a worker that copies.
  }
};

touch();
setInterval(touch, everyMs).unref();
