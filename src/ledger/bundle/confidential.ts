import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { MigrationError } from '../../core/migration-error.ts';

/** Encrypts for one holder of a key, and for nobody else: who writes a bundle cannot read it back. */
export interface Encryption {
  bytes(plain: Uint8Array): Promise<Uint8Array>;
  /** As much as comes, 64 KiB at a time. */
  stream(plain: AsyncIterable<Uint8Array | string>): Promise<AsyncIterable<Uint8Array>>;
}

/** To an age recipient (`age1…`). CONFIG_INVALID when it is none: found before anything is written. */
export async function encryptionTo(recipient: string): Promise<Encryption> {
  // age-encryption is an ES module only, and most exports need it not.
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
    await encrypter.encrypt('');
  } catch (cause) {
    throw new MigrationError('CONFIG_INVALID', { operation: 'export', detail: 'the recipient is not an age public key', cause });
  }
  return {
    bytes: (plain) => encrypter.encrypt(plain),
    stream: async (plain) =>
      (await encrypter.encrypt(Readable.toWeb(Readable.from(buffers(plain))) as ReadableStream<Uint8Array>)) as AsyncIterable<Uint8Array>,
  };
}

async function* buffers(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
