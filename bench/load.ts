/** What is copied: `count` objects of `sizeBytes`. Small ones are judged by objects a second, the others by MiB a second. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly sizeBytes: number;
  readonly unit: 'objects/s' | 'MiB/s';
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const loads: readonly Load[] = [
  { name: 'small', title: '5,000 × 16 KiB', count: 5000, sizeBytes: 16 * KiB, unit: 'objects/s' },
  { name: 'medium', title: '200 × 8 MiB', count: 200, sizeBytes: 8 * MiB, unit: 'MiB/s' },
  { name: 'large', title: '1 × 1 GiB', count: 1, sizeBytes: 1024 * MiB, unit: 'MiB/s' },
];

/** The bucket under which a null store makes the load up. */
export const madeUpBucket = (load: Pick<Load, 'count' | 'sizeBytes'>): string => `n${load.count}-s${load.sizeBytes}`;

export function rateOf(load: Load, seconds: number): number {
  return load.unit === 'objects/s' ? load.count / seconds : (load.count * load.sizeBytes) / MiB / seconds;
}
