/** A value of DER (X.690): what a timestamp is written in. Only definite, shortest lengths; low tag numbers, which is all that CMS uses. */
export interface Der {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** Header and content. */
  readonly raw: Buffer;
  readonly content: Buffer;
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[number] EXPLICIT`, or IMPLICIT over a constructed type. */
export const contextTag = (number: number): number => 0xa0 + number;

/** Exactly one value. RangeError where the bytes are none, or more follows. */
export function readDer(bytes: Uint8Array): Der {
  const [value, ...more] = readAll(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (!value || more.length > 0) throw new RangeError('not one DER value');
  return value;
}

/** The values inside a constructed one, in order. RangeError where its tag is another, or its content no values. */
export function childrenOf(value: Der | undefined, tag: number): readonly Der[] {
  if (value?.tag !== tag) throw new RangeError(`no DER value of tag ${tag}`);
  return readAll(value.content);
}

/** The content of a primitive value. RangeError where its tag is another. */
export function contentOf(value: Der | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw new RangeError(`no DER value of tag ${tag}`);
  return value.content;
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content]);
}

/** A number that is not negative, from its bytes, the highest first. */
export function writeInteger(bytes: Uint8Array): Buffer {
  const shortest = unsigned(bytes);
  return writeDer(derTag.integer, (shortest[0] ?? 0x80) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

/** Without leading zeros: two writings of one number are then equal. */
export function unsigned(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  return Buffer.from(start < 0 ? [] : bytes.subarray(start));
}

/** `1.2.840.113549.1.7.2`. */
export function oidOf(value: Der | undefined): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contentOf(value, derTag.oid)) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
}

export function writeOid(text: string): Buffer {
  const [root = 0, second = 0, ...rest] = text.split('.').map(Number);
  return writeDer(derTag.oid, Buffer.from([root * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): readonly number[] {
  const digits = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 + (left % 128));
  return digits;
}

function readAll(bytes: Buffer): readonly Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes.subarray(at));
    const end = at + header.sizeBytes + header.lengthBytes;
    if (end > bytes.length) throw new RangeError('a DER value ends too early');
    values.push({ tag: header.tag, raw: bytes.subarray(at, end), content: bytes.subarray(at + header.sizeBytes, end) });
    at = end;
  }
  return values;
}

function readHeader(bytes: Buffer): { readonly tag: number; readonly sizeBytes: number; readonly lengthBytes: number } {
  const [tag = 0x1f, first = 0x80] = bytes;
  if ((tag & 0x1f) === 0x1f) throw new RangeError('a DER tag out of form');
  if (first < 0x80) return { tag, sizeBytes: 2, lengthBytes: first };
  const count = first - 0x80;
  // Four bytes are 4 GiB; zero would be BER's indefinite length.
  if (count < 1 || count > 4 || bytes.length < 2 + count) throw new RangeError('a DER length out of form');
  const length = bytes.readUIntBE(2, count);
  if (!lengthBytes(length).equals(bytes.subarray(1, 2 + count))) throw new RangeError('a DER length is not the shortest');
  return { tag, sizeBytes: 2 + count, lengthBytes: length };
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const shortest = unsigned(bytes);
  return Buffer.concat([Buffer.of(0x80 + shortest.length), shortest]);
}
