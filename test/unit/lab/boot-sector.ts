/**
 * A disk of one MiB whose first sector boots in BIOS mode, prints `text` and what the second disk's first sector holds on the first serial port, and
 * waits; where the second disk begins with `P`, it powers the machine off instead. It takes no operating system to see that a VM really boots.
 */
export function bootSectorDisk(text: string): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  const [origin, packetAt, textAt, dataAt] = [0x7c00, 0x1a0, 0x100, 0x8000] as const;
  const low = (value: number): number => value & 0xff;
  const high = (value: number): number => value >> 8;
  const word = (value: number): readonly number[] => [low(value), high(value)];
  const print = 0x60;
  const call = (at: number): readonly number[] => [0xe8, ...word((print - (at + 3)) & 0xffff)];
  const start = [
    ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb], // segments 0, stack below this code
    ...[0xbe, ...word(origin + packetAt), 0xb4, 0x42, 0xb2, 0x81, 0xcd, 0x13], // read the second disk's first sector
    ...[0xbe, ...word(origin + textAt)],
  ];
  const first = [...start, ...call(start.length), 0xbe, ...word(dataAt)];
  const program = [
    ...first,
    ...call(first.length),
    ...[0x80, 0x3e, ...word(dataAt), 0x50, 0x75, 0x07], // does it begin with P?
    ...[0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef], // ACPI: off
    ...[0xf4, 0xeb, 0xfd], // wait for ever
  ];
  disk.set(program, 0);
  disk.set([0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5, 0xc3], print); // each byte up to a zero to port 0x3f8
  disk.write(`${text}\r\n`, textAt, 'latin1');
  disk.set([0x10, 0, 1, 0, ...word(dataAt), 0, 0], packetAt);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/** What `bootSectorDisk` prints from the second disk. */
export function textDisk(text: string): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  disk.write(`${text}\r\n`, 0, 'latin1');
  return disk;
}
