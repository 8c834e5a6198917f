import { createPrivateKey, type KeyObject } from 'node:crypto';

/** 32 bytes that count up from `first`: the seeds of the format's vectors. */
export const countingSeed = (first: number): Buffer => Buffer.from(Array.from({ length: 32 }, (_, n) => first + n));

/** The Ed25519 private key of a seed. */
export const keyOfSeed = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });

export const vector = {
  logName: 'ecluse.example/log/demo',
  logKey: keyOfSeed(countingSeed(0x00)),
  logVkey: 'ecluse.example/log/demo+f51b17fe+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4',
  witnessName: 'witness.example/w1',
  witnessKey: keyOfSeed(countingSeed(0x20)),
  witnessVkey: 'witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X',
  /** 2026-12-01T08:00:15Z. */
  cosignedAtSeconds: 1_796_112_015,
  root7: 'fdb578ede015d07bdec1bb4ab8371d2d0013ed199d8b5207593c079f09a4ec56',
  note: `ecluse.example/log/demo
7
/bV47eAV0HvewbtKuDcdLQAT7Rmdi1IHWTwHnwmk7FY=

— ecluse.example/log/demo 9RsX/iRbpMw6T4UnbdpueVWGeDL5IOoHE5s1livcm0PjnRLB+9l6s4M5s1Moow4mp/YWAITjH7Xr6U67W6VLTlrQZQQ=
— witness.example/w1 IDJKvgAAAABrDn6PdUHrywoxLBKVvNQgkFEeMtHi7zYbinADt/xhUkK/bh7nSByakAwiToaiSQeCBLCeuZGJorUqzhUcl6htabcmCg==
`,
  path4of7: ['Ii2WYBodBDh4/sbWApJ7gx5BHK2+HNxTGi1C/vW0Te8=', 'khDSW72qTUCW297Y1l8dWiK0nG/uQvdL+zaClie8i0k=', 'hfhogB6JoZ1metGpEUlAN/raq0pH254RT6DzUk+FfbU='],
} as const;
