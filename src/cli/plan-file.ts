import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { PlannedMachine } from '../core/plan-machine.ts';
import type { Digest } from '../model/digest.ts';
import type { Plan } from '../model/plan.ts';

/** What `ecluse plan` decides: the rest are the schema's defaults, which need not be written. */
export interface PlannedBucket {
  readonly source: { readonly at: string; readonly bucket: string };
  readonly target: { readonly at: string; readonly bucket: string };
}

const sealLine = /^# seal: ([0-9a-f]{64})\n/m;

/** The text of a new plan.yaml: one wave, in the order given. Its seal tells later whether somebody edited it. */
export function planText(buckets: readonly PlannedBucket[], machines: readonly PlannedMachine[] = []): string {
  const names = workloadNames(buckets.map(({ source }) => source.bucket));
  const moved = buckets.map(({ source, target }, i) => ({
    name: names[i] ?? '',
    kind: 'bucket',
    source,
    target,
    into: 'new',
    versions: 'latest',
    freeze: 'policy',
  }));
  const workloads = [...machines, ...moved];
  const body = stringify({ v: 1, window: 16, parallelWorkloads: 4, waves: [{ wave: 1, workloads }] }, { lineWidth: 0 });
  return `${preamble}# seal: ${digestOf(body)}\n${body}`;
}

const preamble = `# The plan of this migration: made by "ecluse plan", to be edited and reviewed. Every key is explained in docs/first-migration.md.
# Waves run in the order of their numbers. After an edit: "ecluse plan diff", then "ecluse plan apply".
# The seal lets "ecluse plan" see that nobody edited the file; it may stay or go.
`;

/** True when the text is exactly what \`ecluse plan\` wrote: it may be written anew. */
export function isUnedited(text: string): boolean {
  const seal = sealLine.exec(text);
  return seal?.index === preamble.length && text.startsWith(preamble) && seal[1] === digestOf(text.slice(seal.index + seal[0].length));
}

/** Labels made of bucket names: what ids may hold, each once. */
export function workloadNames(buckets: readonly string[]): string[] {
  const taken = new Set<string>();
  return buckets.map((bucket) => {
    const base =
      bucket
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 58) || 'bucket';
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return name;
  });
}

/** The plan as it stands in the depot: defaults filled in, keys in the schema's order, so that the same plan has the same digest. */
export const planBytes = (plan: Plan): Buffer => Buffer.from(JSON.stringify(plan));
export const planDigest = (plan: Plan): Digest => createHash('sha256').update(planBytes(plan)).digest('hex');

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
