/** Buffers by size class, used again once given back. What is kept beside what is in use never exceeds the limit. */
export interface BufferPool {
  /** At least that long; holds old bytes. */
  acquire(sizeClass: number): Buffer;
  /** Only when no socket can write into it any more. */
  giveBack(buffer: Buffer): void;
}

const smallestClass = 16 * 1024;
const none = Buffer.alloc(0);

export function createBufferPool(limitBytes: number): BufferPool {
  const kept = new Map<number, Buffer[]>();
  let keptBytes = 0;
  let usedBytes = 0;

  function evict(): void {
    for (const [sizeClass, buffers] of kept) {
      while (keptBytes + usedBytes > limitBytes && buffers.pop()) keptBytes -= sizeClass;
    }
  }

  return {
    acquire: (sizeClass) => {
      if (sizeClass === 0) return none;
      usedBytes += sizeClass;
      const buffer = kept.get(sizeClass)?.pop();
      if (buffer) keptBytes -= sizeClass;
      if (keptBytes + usedBytes > limitBytes) evict(); // a change of sizes lets old classes go
      return buffer ?? Buffer.allocUnsafeSlow(sizeClass);
    },
    giveBack: (buffer) => {
      usedBytes -= buffer.length;
      if (buffer.length === 0 || keptBytes + usedBytes + buffer.length > limitBytes) return;
      const buffers = kept.get(buffer.length);
      if (buffers) buffers.push(buffer);
      else kept.set(buffer.length, [buffer]);
      keptBytes += buffer.length;
    },
  };
}

/** Powers of two and their halves between (16, 24, 32, 48 KiB …): at most a third of a buffer is unused, and sizes share buffers. */
export function sizeClassOf(sizeBytes: number): number {
  if (sizeBytes === 0) return 0;
  let sizeClass = smallestClass;
  while (sizeClass < sizeBytes) {
    if (sizeClass * 1.5 >= sizeBytes) return sizeClass * 1.5;
    sizeClass *= 2;
  }
  return sizeClass;
}
