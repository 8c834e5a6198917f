/** Takes an SSH message apart from its start (RFC 4251 §5). RangeError where it is shorter than it says, or longer than was read. */
export interface SshReader {
  bytes(length: number): Buffer;
  uint8(): number;
  uint32(): number;
  /** Length in four bytes, then the bytes. */
  string(): Buffer;
  text(): string;
  /** Nothing may be left. */
  end(): void;
}

export function sshReader(message: Buffer): SshReader {
  let at = 0;
  const bytes = (length: number): Buffer => {
    if (length > message.length - at) throw new RangeError('shorter than it says');
    at += length;
    return message.subarray(at - length, at);
  };
  const uint32 = (): number => bytes(4).readUInt32BE();
  const string = (): Buffer => bytes(uint32());
  return {
    bytes,
    uint8: () => bytes(1).readUInt8(),
    uint32,
    string,
    text: () => string().toString('latin1'),
    end: () => {
      if (at !== message.length) throw new RangeError('longer than it says');
    },
  };
}

export function sshString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A positive mpint of at most 32 bytes, padded in front to 32: half of an ECDSA signature on P-256. RangeError for any other form. */
export function fixedMpint(mpint: Buffer): Buffer {
  const isPadded = mpint[0] === 0;
  const isMinimal = mpint.length > 0 && (isPadded ? (mpint[1] ?? 0) >= 0x80 : (mpint[0] ?? 0) < 0x80);
  const digits = isPadded ? mpint.subarray(1) : mpint;
  if (!isMinimal || digits.length > 32) throw new RangeError('not a positive integer of 32 bytes');
  return Buffer.concat([Buffer.alloc(32 - digits.length), digits]);
}
