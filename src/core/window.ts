/** How far a list of shards is done, in order of dispatch. Carried over when a workflow continues as new. */
export interface WindowPosition {
  /** First shard that was not dispatched yet. */
  next: number;
  /** Dispatched once, must be dispatched again (their activity failed; after repair they are tried again). */
  owed: number[];
}

export interface WindowGate {
  /** False = start nothing more now (pause, continue-as-new, an order to stop): what runs is drained. */
  mayStart(): boolean;
  /** Resolves when `done` has settled or the gate may have changed its mind. */
  wait(done: () => boolean): Promise<void>;
  size(): number;
}

/**
 * Keeps up to `size` shards under way, in order, until all `shards` are done, the gate closes, or one fails. What is in flight is
 * always drained first: no shard is left running behind its successor. Returns false when the gate closed with shards still to do.
 */
export async function runWindow(shards: number, position: WindowPosition, work: (shard: number) => Promise<void>, gate: WindowGate): Promise<boolean> {
  const inFlight = new Set<number>();
  const failures: unknown[] = [];
  const launch = (shard: number): void => {
    inFlight.add(shard);
    work(shard)
      .catch((error: unknown) => {
        position.owed.push(shard);
        failures.push(error);
      })
      .finally(() => inFlight.delete(shard));
  };
  const left = (): boolean => position.owed.length > 0 || position.next < shards;
  // Both a freed place and a change of the gate wake the loop; with nothing in flight and nothing startable it ends.
  for (;;) {
    while (failures.length === 0 && gate.mayStart() && inFlight.size < gate.size() && left()) launch(position.owed.shift() ?? position.next++);
    if (inFlight.size === 0) break;
    const before = inFlight.size;
    await gate.wait(() => inFlight.size < before);
  }
  if (failures.length > 0) throw failures[0];
  return !left();
}
