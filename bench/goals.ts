/** What one client was measured at against rclone, medians of paired rounds. Above 1 is faster, or dearer. */
export interface Comparison {
  readonly place: 'lab' | 'null';
  readonly load: string;
  readonly row: string;
  readonly rateRatio: number;
  readonly cpuRatio: number;
}

export interface GoalResult {
  readonly goal: string;
  readonly verdict: 'PASS' | 'FAIL' | 'NOT MEASURED';
  readonly detail: string;
}

interface Goal {
  readonly place: 'lab' | 'null';
  readonly load: string;
  readonly sentence: string;
  readonly holds: (measured: Comparison) => boolean;
}

/** Where SHA-256 is slower than this on a core, hashing is the limit and the client's CPU is compared instead of its rate. */
export const fastHashMibPerSecond = 1000;

const judgedRow = 'ecluse without verification';

/** Judges the measured rows. What was not measured is said so and never passes. */
export function judge(measured: readonly Comparison[], hashMibPerSecond: number): readonly GoalResult[] {
  return goals(hashMibPerSecond).map((goal) => {
    const found = measured.find(({ place, load, row }) => place === goal.place && load === goal.load && row === judgedRow);
    if (!found) return { goal: goal.sentence, verdict: 'NOT MEASURED', detail: '' };
    const detail = `rate ${found.rateRatio.toFixed(2)} ×, CPU ${found.cpuRatio.toFixed(2)} ×`;
    return { goal: goal.sentence, verdict: goal.holds(found) ? 'PASS' : 'FAIL', detail };
  });
}

function goals(hashMibPerSecond: number): readonly Goal[] {
  const large: Pick<Goal, 'sentence' | 'holds'> =
    hashMibPerSecond >= fastHashMibPerSecond
      ? { sentence: 'between null stores, 1 GiB object: faster than rclone', holds: ({ rateRatio }) => rateRatio > 1 }
      : { sentence: 'between null stores, 1 GiB object, slow SHA-256 here: client CPU at most rclone’s', holds: ({ cpuRatio }) => cpuRatio <= 1 };
  return [
    { place: 'lab', load: 'small', sentence: 'between the lab’s stores, small objects: at least 0.95 × rclone', holds: ({ rateRatio }) => rateRatio >= 0.95 },
    { place: 'null', load: 'small', sentence: 'between null stores, small objects: faster than rclone', holds: ({ rateRatio }) => rateRatio > 1 },
    { place: 'null', load: 'large', ...large },
  ];
}
