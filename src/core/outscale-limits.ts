/** As `VolumeType` of ports/machine-target. */
type VolumeType = 'standard' | 'gp2' | 'io1';

const gibibyte = 1_073_741_824;

/** What OUTSCALE publishes of its volumes and machines (facts: targets §8), so that an assessment says so before a byte moves. */
export const outscaleLimits = {
  volumeGibibytes: 14_901,
  /** Of an io1 volume; the others begin at 1. */
  provisionedGibibytes: 4,
  iops: 13_000,
  iopsPerGibibyte: 300,
  /** Of one machine, its root among them. */
  volumesPerMachine: 40,
  /** A Windows guest: processor generation, virtual cores, memory. */
  windows: { generation: 3, cores: 2, memoryGibibytes: 4 },
} as const;

/** The API counts in whole GiB: what does not fit is rounded up. */
export const gibibytesOf = (sizeBytes: number): number => Math.ceil(sizeBytes / gibibyte);
export const bytesOf = (gibibytes: number): number => gibibytes * gibibyte;

/** The API's name of the n-th disk, root first: `/dev/sda1`, `/dev/xvdb` … `/dev/xvdz`, then `/dev/xvdba` … Guests see other names. */
export function targetDevice(index: number): string {
  if (index === 0) return '/dev/sda1';
  if (index <= 25) return `/dev/xvd${letter(index)}`;
  const beyond = index - 26;
  return `/dev/xvd${letter(1 + Math.floor(beyond / 26))}${letter(beyond % 26)}`;
}

const letter = (index: number): string => String.fromCharCode('a'.charCodeAt(0) + index);

export interface WantedVolume {
  readonly sizeBytes: number;
  readonly volumeType: VolumeType;
  readonly iops?: number;
}

export type VolumeProblem = 'too large' | 'too small' | 'iops missing' | 'iops not provisioned' | 'too many iops' | 'too many iops for its size';

/** Everything that the API would refuse of one volume; empty = nothing. */
export function volumeProblems({ sizeBytes, volumeType, iops }: WantedVolume): readonly VolumeProblem[] {
  const gibibytes = gibibytesOf(sizeBytes);
  const problems: VolumeProblem[] = [];
  if (gibibytes > outscaleLimits.volumeGibibytes) problems.push('too large');
  if (gibibytes < (volumeType === 'io1' ? outscaleLimits.provisionedGibibytes : 1)) problems.push('too small');
  if (volumeType === 'io1' && iops === undefined) problems.push('iops missing');
  if (volumeType !== 'io1' && iops !== undefined) problems.push('iops not provisioned');
  if (iops !== undefined && iops > outscaleLimits.iops) problems.push('too many iops');
  if (iops !== undefined && iops > gibibytes * outscaleLimits.iopsPerGibibyte) problems.push('too many iops for its size');
  return problems;
}

export interface TinaType {
  readonly generation: number;
  readonly cores: number;
  readonly memoryGibibytes: number;
}

/** `tinav5.c4r8p2`: generation 5, 4 cores, 8 GiB. Undefined for the names of other clouds, which the API takes too and converts. */
export function tinaType(type: string): TinaType | undefined {
  const [, generation, cores, memory] = /^tinav(\d{1,2})\.c(\d{1,3})r(\d{1,4})(?:p[123])?$/.exec(type) ?? [];
  return memory === undefined ? undefined : { generation: Number(generation), cores: Number(cores), memoryGibibytes: Number(memory) };
}

/** Whether a Windows guest may run on that type; unknown for a type that does not say. */
export function fitsWindows(type: string): boolean | 'unknown' {
  const known = tinaType(type);
  if (!known) return 'unknown';
  const { generation, cores, memoryGibibytes } = outscaleLimits.windows;
  return known.generation >= generation && known.cores >= cores && known.memoryGibibytes >= memoryGibibytes;
}
