/** Set B of the format: seven envelope-only records. Written out here by hand, not by the code under test. */
import { createHash } from 'node:crypto';

export const setB = (): readonly string[] => {
  const lines: string[] = [];
  let prev = '0'.repeat(64);
  for (let i = 0; i < 7; i += 1) {
    const salt = Buffer.alloc(16, i).toString('base64url');
    const line = `{"actor":{"auth":"mtls","id":"svc:control-1","type":"service"},"event":"step.succeeded","event_id":"demo/vec/${i}","host":{"country":"FR","id":"h1"},"log":"ecluse.example/log/demo","prev":"${prev}","project":"demo","salt":"${salt}","seq":${i},"severity":"info","software":{"build":"sha256:${'ab'.repeat(32)}","name":"ecluse","version":"1.0.0"},"time":"2026-12-01T08:00:0${i}.000Z","v":1}`;
    lines.push(line);
    prev = createHash('sha256').update(line).digest('hex');
  }
  return lines;
};
