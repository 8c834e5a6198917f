import type { Config } from '../model/config.ts';
import type { ConfigProblem } from './config-error.ts';
import { nearest } from './nearest.ts';
import type { YamlFile, YamlPath } from './yaml-file.ts';

interface PlaceSeen {
  readonly path: YamlPath;
  readonly at: string | undefined;
  readonly bucket: string | undefined;
}

interface WorkloadSeen {
  readonly path: YamlPath;
  readonly name: string | undefined;
  readonly isMachine: boolean;
  /** Of a machine. */
  readonly instance: string | undefined;
  readonly source: PlaceSeen;
  readonly target: PlaceSeen;
}

/** What a schema cannot say: names and targets that stand twice, stores that ecluse.yaml lacks. Works on a plan with other faults too. */
export function planProblems(yaml: YamlFile, config: Config): ConfigProblem[] {
  const workloads = workloadsIn(yaml.value);
  const buckets = workloads.filter(({ isMachine }) => !isMachine);
  const machines = workloads.filter(({ isMachine }) => isMachine);
  return [
    ...twice(yaml, wavesIn(yaml.value), 'wave', 'Put its workloads into one entry.'),
    ...twice(
      yaml,
      workloads.map(({ path, name }) => ({ path: [...path, 'name'], value: name })),
      'workload',
      'Give each workload a name of its own.',
    ),
    ...buckets.flatMap(({ source, target }) => [source, target].flatMap((place) => unknownStore(yaml, place, config))),
    ...machines.flatMap(({ source, target }) => [...unknownCloud(yaml, source, 'aws', config), ...unknownCloud(yaml, target, 'outscale', config)]),
    ...twice(
      yaml,
      machines.map(({ path, instance }) => ({ path: [...path, 'source', 'instance'], value: instance })),
      'instance',
      'A machine moves once.',
    ),
    ...sharedPlaces(yaml, buckets, config),
  ];
}

/** The store of the depot must be one of `stores`; the Temporal address is host:port. */
export function configProblems(yaml: YamlFile): ConfigProblem[] {
  const stores = Object.keys(record(record(yaml.value).stores));
  const at = text(record(record(yaml.value).depot).at);
  const address = text(record(record(yaml.value).temporal).address);
  return [
    ...(at === undefined || stores.includes(at) ? [] : [yaml.problem(['depot', 'at'], 'is no store of this file', storeAdvice(at, stores))]),
    ...Object.entries(record(record(yaml.value).clouds)).flatMap(([name, cloud]) => {
      const staging = text(record(record(cloud).staging).at);
      const isKnown = staging === undefined || stores.includes(staging);
      return isKnown ? [] : [yaml.problem(['clouds', name, 'staging', 'at'], 'is no store of this file', storeAdvice(staging, stores))];
    }),
    ...(address === undefined || /^(\[[0-9a-fA-F:]+\]|[^\s/:]+):\d{1,5}$/.test(address)
      ? []
      : [yaml.problem(['temporal', 'address'], 'is not host:port', 'Write it without a scheme: 127.0.0.1:7233.')]),
  ];
}

function unknownStore(yaml: YamlFile, { path, at }: PlaceSeen, config: Config): ConfigProblem[] {
  const known = Object.keys(config.stores);
  return at === undefined || known.includes(at) ? [] : [yaml.problem([...path, 'at'], 'is no store of ecluse.yaml', storeAdvice(at, known))];
}

function unknownCloud(yaml: YamlFile, { path, at }: PlaceSeen, kind: 'aws' | 'outscale', config: Config): ConfigProblem[] {
  if (at === undefined || config.clouds[at]?.kind === kind) return [];
  const known = Object.keys(config.clouds).filter((name) => config.clouds[name]?.kind === kind);
  const advice = known.length > 0 ? `Clouds of kind ${kind} there: ${known.join(', ')}.` : `It has none of kind ${kind} yet: add one under \`clouds\`.`;
  return [yaml.problem([...path, 'at'], `is no cloud of kind ${kind} in ecluse.yaml`, advice)];
}

function storeAdvice(at: string, known: readonly string[]): string {
  const guess = nearest(at, known);
  return guess ? `Did you mean "${guess}"?` : known.length > 0 ? `Stores there: ${known.join(', ')}.` : 'It names no store yet: add one under `stores`.';
}

function twice(yaml: YamlFile, seen: readonly { path: YamlPath; value: string | number | undefined }[], noun: string, advice: string): ConfigProblem[] {
  const first = new Map<string | number, YamlPath>();
  return seen.flatMap(({ path, value }) => {
    const before = value === undefined ? undefined : first.get(value);
    if (value !== undefined && !before) first.set(value, path);
    return before ? [yaml.problem(path, `${noun} ${JSON.stringify(value)} stands already on line ${yaml.problem(before, '', '').line}`, advice)] : [];
  });
}

/** Two workloads that write the same bucket would merge; one that writes what another reads would feed it. */
function sharedPlaces(yaml: YamlFile, workloads: readonly WorkloadSeen[], config: Config): ConfigProblem[] {
  const sources = new Map<string, YamlPath>();
  const targets = new Map<string, YamlPath>();
  for (const { source } of workloads) {
    const key = placeKey(source, config);
    if (key) sources.set(key, source.path);
  }
  return workloads.flatMap(({ target }) => {
    const key = placeKey(target, config);
    if (!key) return [];
    const other = targets.get(key);
    targets.set(key, other ?? target.path);
    const read = sources.get(key);
    const line = (path: YamlPath): number => yaml.problem(path, '', '').line;
    if (read)
      return [
        yaml.problem([...target.path, 'bucket'], `is the source on line ${line(read)}: it would be written while it is read`, 'Choose another target bucket.'),
      ];
    return other
      ? [
          yaml.problem(
            [...target.path, 'bucket'],
            `is already the target on line ${line(other)}: two workloads would merge there`,
            'Give each workload a target of its own.',
          ),
        ]
      : [];
  });
}

/** The bucket itself, whatever name its store has in ecluse.yaml. */
function placeKey({ at, bucket }: PlaceSeen, config: Config): string | undefined {
  const store = at === undefined ? undefined : config.stores[at];
  return store && bucket !== undefined ? `${store.endpoint?.replace(/\/+$/, '') ?? 'aws'} ${bucket}` : undefined;
}

function wavesIn(value: unknown): { path: YamlPath; value: number | undefined }[] {
  return list(record(value).waves).map((wave, i) => ({
    path: ['waves', i, 'wave'],
    value: typeof record(wave).wave === 'number' ? Number(record(wave).wave) : undefined,
  }));
}

function workloadsIn(value: unknown): WorkloadSeen[] {
  return list(record(value).waves).flatMap((wave, i) =>
    list(record(wave).workloads).map((workload, j) => {
      const path = ['waves', i, 'workloads', j];
      const place = (side: 'source' | 'target'): PlaceSeen => {
        const { at, bucket } = record(record(workload)[side]);
        return { path: [...path, side], at: text(at), bucket: text(bucket) };
      };
      const { name, kind, source } = record(workload);
      const instance = text(record(source).instance);
      // One whose kind is missing is told so, and judged as what it looks like.
      const isMachine = text(kind) === 'vm' || (kind === undefined && instance !== undefined);
      return { path, name: text(name), isMachine, instance, source: place('source'), target: place('target') };
    }),
  );
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
