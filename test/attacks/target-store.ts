import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { drawSample } from '../../src/ledger/sample.ts';
import { sampleName } from '../support/evidence/sample-objects.ts';
import { bodyOf } from './object-attacks.ts';

/** What `rehash.py` answers, run as an auditor would: over the whole target, before and after an object was swapped. */
export interface Rehashed {
  readonly honest: readonly string[];
  readonly swapped: readonly string[];
  readonly victim: string;
}

const objects = Array.from({ length: 30 }, (_, n) => sampleName(n));

/** A target that lets everybody read: what rehash.py signs is another suite's. */
export async function rehash(bundle: string): Promise<Rehashed> {
  const drawn = await drawSample(bundle, { count: objects.length, seed: 'the auditor’s own' });
  const victim = drawn?.objects[0]?.ref;
  if (!drawn || !victim) throw new Error('nothing to draw from');
  let isSwapped = false;
  const server = createServer(({ url = '' }, response) => {
    const key = decodeURIComponent(url.replace(/^\/records\//, '').replace(/\?.*$/, ''));
    const ref = objects.find((object) => object.key === key)?.ref ?? '';
    const body = bodyOf(ref);
    // Same length: only its bytes tell.
    if (isSwapped && ref === victim) body.write('B');
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const named = { ...drawn, objects: drawn.objects.map((object) => ({ ...object, ...objects.find(({ ref }) => ref === object.ref) })) };
  const file = `${bundle}.drawn.json`;
  writeFileSync(file, JSON.stringify(named));
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const honest = await python(file, bundle, endpoint);
    isSwapped = true;
    return { honest, swapped: await python(file, bundle, endpoint), victim };
  } finally {
    server.close();
  }
}

function python(sample: string, bundle: string, endpoint: string): Promise<readonly string[]> {
  const args = ['-B', resolve('verifiers/rehash.py'), sample, '--bundle', bundle, '--endpoint', endpoint, '--region', 'eu-west-2'];
  const env = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'AUDITOR', AWS_SECRET_ACCESS_KEY: 'reads-only' };
  return new Promise((answer) => execFile('python3', args, { env }, (_, stdout, stderr) => answer(`${stdout}${stderr}`.trimEnd().split('\n'))));
}
