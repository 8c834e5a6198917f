/** How an object was asked for: stores differ in where they count tags, and a version's tags are a right of their own. */
export interface CountedAnswer {
  readonly method: 'HEAD' | 'GET' | 'GET range';
  readonly isVersion: boolean;
}

/** What the absence of `x-amz-tagging-count` means in this bucket: S3 leaves it out both for an object without tags and for a caller without the right. */
export interface TagCounts {
  /** 0 when the answer's silence means so; undefined while it may mean anything, so that tags must be asked for. */
  read(answer: CountedAnswer, count: number | undefined): number | undefined;
  /** Tags were read: the right is there. */
  allowed(isVersion: boolean): void;
  /** Tags were denied: perhaps rights differ from object to object, so silence means nothing here any more. */
  denied(): void;
}

/**
 * Learns from this bucket's own answers: silence means "no tags" once the same kind of answer has told a count (`isDocumented`: AWS, which promises
 * to) and a reading of tags has succeeded. Until then, so also in a bucket of another store where nothing has tags, each object is asked.
 * A wrong 0 (rights that end at a prefix) loses nothing: the last pass reads the tags of every object again on the frozen source, where a denial
 * holds the workload and a tag that was missed is carried, before anything is cut over.
 */
export function createTagCounts(isDocumented: boolean): TagCounts {
  const told = new Set<string>();
  const readable = new Set<boolean>();
  let isDenied = false;
  return {
    read({ method, isVersion }, count) {
      const kind = `${method} ${isVersion}`;
      if (count !== undefined) told.add(kind);
      const speaks = (isDocumented && method !== 'GET range') || told.has(kind);
      return count ?? (speaks && readable.has(isVersion) && !isDenied ? 0 : undefined);
    },
    allowed: (isVersion) => void readable.add(isVersion),
    denied: () => {
      isDenied = true;
    },
  };
}
