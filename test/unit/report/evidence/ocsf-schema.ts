/**
 * What OCSF 1.8.0 says of the classes and objects that the export uses, as the published schema has it: which attributes a class knows
 * without a profile (only those that could be used here), which it requires, and the numbers of its enumerations. Written down from the
 * schema, not from our code: it is the judge.
 */
interface Shape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly atLeastOne?: readonly string[];
  readonly objects?: Readonly<Record<string, string>>;
  readonly numbers?: readonly string[];
}
interface EventClass extends Shape {
  readonly caption: string;
  readonly category: number;
  readonly categoryCaption: string;
  readonly activities: Readonly<Record<number, string>>;
}

const base = {
  required: ['time', 'severity_id', 'type_uid', 'category_uid', 'metadata', 'class_uid', 'activity_id'],
  optional: [
    'activity_name',
    'category_name',
    'class_name',
    'message',
    'severity',
    'status',
    'status_code',
    'status_detail',
    'status_id',
    'type_name',
    'unmapped',
  ],
  numbers: ['time', 'severity_id', 'type_uid', 'category_uid', 'class_uid', 'activity_id', 'status_id'],
} as const;
const withActor = { actor: 'actor', src_endpoint: 'network_endpoint', dst_endpoint: 'network_endpoint', metadata: 'metadata' } as const;

export const classes: Readonly<Record<number, EventClass>> = {
  6003: {
    caption: 'API Activity',
    category: 6,
    categoryCaption: 'Application Activity',
    activities: { 0: 'Unknown', 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete', 99: 'Other' },
    required: [...base.required, 'actor', 'api', 'src_endpoint'],
    optional: [...base.optional, 'dst_endpoint', 'resources'],
    objects: { ...withActor, api: 'api', resources: 'resource_details' },
    numbers: base.numbers,
  },
  6005: {
    caption: 'Datastore Activity',
    category: 6,
    categoryCaption: 'Application Activity',
    activities: {
      0: 'Unknown',
      1: 'Read',
      2: 'Update',
      3: 'Connect',
      4: 'Query',
      5: 'Write',
      6: 'Create',
      7: 'Delete',
      8: 'List',
      9: 'Encrypt',
      10: 'Decrypt',
      99: 'Other',
    },
    required: [...base.required, 'actor', 'src_endpoint'],
    optional: [...base.optional, 'dst_endpoint', 'database', 'databucket', 'table', 'type', 'type_id'],
    atLeastOne: ['database', 'databucket', 'table'],
    objects: { ...withActor, databucket: 'databucket' },
    numbers: [...base.numbers, 'type_id'],
  },
  3004: {
    caption: 'Entity Management',
    category: 3,
    categoryCaption: 'Identity & Access Management',
    activities: {
      0: 'Unknown',
      1: 'Create',
      2: 'Read',
      3: 'Update',
      4: 'Delete',
      5: 'Move',
      6: 'Enroll',
      7: 'Unenroll',
      8: 'Enable',
      9: 'Disable',
      10: 'Activate',
      11: 'Deactivate',
      12: 'Suspend',
      13: 'Resume',
      99: 'Other',
    },
    required: [...base.required, 'entity'],
    optional: [...base.optional, 'actor', 'src_endpoint'],
    objects: { ...withActor, entity: 'managed_entity' },
    numbers: base.numbers,
  },
  6008: {
    caption: 'Application Error',
    category: 6,
    categoryCaption: 'Application Activity',
    activities: { 0: 'Unknown', 1: 'General Error', 2: 'Translation Error', 99: 'Other' },
    required: base.required,
    optional: base.optional,
    objects: { metadata: 'metadata' },
    numbers: base.numbers,
  },
  6002: {
    caption: 'Application Lifecycle',
    category: 6,
    categoryCaption: 'Application Activity',
    activities: { 0: 'Unknown', 1: 'Install', 2: 'Remove', 3: 'Start', 4: 'Stop', 5: 'Restart', 6: 'Enable', 7: 'Disable', 8: 'Update', 99: 'Other' },
    required: [...base.required, 'app'],
    optional: base.optional,
    objects: { metadata: 'metadata', app: 'product' },
    numbers: base.numbers,
  },
};

const objects: Readonly<Record<string, Shape>> = {
  metadata: {
    required: ['product', 'version'],
    optional: ['correlation_uid', 'event_code', 'log_name', 'original_event_uid', 'original_time', 'sequence', 'uid'],
    objects: { product: 'product' },
    numbers: ['sequence'],
  },
  product: { required: [], optional: ['name', 'uid', 'vendor_name', 'version'], atLeastOne: ['name', 'uid'] },
  actor: {
    required: [],
    optional: ['app_name', 'app_uid', 'user'],
    atLeastOne: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
    objects: { user: 'user' },
  },
  user: {
    required: [],
    optional: ['name', 'org', 'type', 'type_id', 'uid'],
    atLeastOne: ['account', 'name', 'uid'],
    objects: { org: 'organization' },
    numbers: ['type_id'],
  },
  organization: { required: [], optional: ['name', 'uid'], atLeastOne: ['name', 'uid'] },
  api: { required: ['operation'], optional: ['service', 'version'], objects: { service: 'service' } },
  service: { required: [], optional: ['name', 'uid', 'version'], atLeastOne: ['name', 'uid'] },
  network_endpoint: {
    required: [],
    optional: ['hostname', 'location', 'name', 'svc_name', 'uid'],
    atLeastOne: ['ip', 'uid', 'name', 'hostname', 'svc_name', 'instance_uid', 'interface_uid', 'interface_name', 'domain'],
    objects: { location: 'location' },
  },
  location: { required: [], optional: ['city', 'country', 'region'], atLeastOne: ['city', 'country', 'postal_code', 'region'] },
  databucket: { required: ['type_id'], optional: ['name', 'type', 'uid'], atLeastOne: ['name', 'uid'], numbers: ['type_id'] },
  managed_entity: {
    required: [],
    optional: ['name', 'type', 'type_id', 'uid'],
    atLeastOne: ['name', 'uid', 'device', 'group', 'org', 'policy', 'user'],
    numbers: ['type_id'],
  },
  resource_details: { required: [], optional: ['name', 'type', 'uid'], atLeastOne: ['name', 'uid'] },
};

export const severities: Readonly<Record<number, string>> = {
  0: 'Unknown',
  1: 'Informational',
  2: 'Low',
  3: 'Medium',
  4: 'High',
  5: 'Critical',
  6: 'Fatal',
  99: 'Other',
};
export const statuses: Readonly<Record<number, string>> = { 0: 'Unknown', 1: 'Success', 2: 'Failure', 99: 'Other' };

/** Everything that the schema finds wrong with an event. */
export function faultsOf(event: Readonly<Record<string, unknown>>): string[] {
  const { class_uid, category_uid, activity_id, type_uid, severity_id, severity, status_id, status } = event as Readonly<Record<string, number>>;
  const known = classes[class_uid ?? -1];
  if (!known) return [`class ${class_uid}`];
  const activity = known.activities[activity_id ?? -1];
  const captions: readonly (readonly [unknown, unknown])[] = [
    [event.class_name, known.caption],
    [event.category_name, known.categoryCaption],
    [category_uid, known.category],
    [type_uid, (class_uid ?? 0) * 100 + (activity_id ?? 0)],
    [event.activity_name, activity_id === 99 ? event.activity_name : activity],
    [event.type_name, `${known.caption}: ${activity}`],
    [severity, severities[severity_id ?? -1]],
    [status, status_id === undefined ? undefined : statuses[status_id]],
  ];
  return [...captions.filter(([said, due]) => said !== due).map(([said, due]) => `${said} is not ${due}`), ...shapeFaults(known, event, known.caption)];
}

function shapeFaults(
  { required, optional, atLeastOne, objects: inner = {}, numbers = [] }: Shape,
  value: Readonly<Record<string, unknown>>,
  at: string,
): string[] {
  const names = Object.keys(value);
  return [
    ...required.filter((name) => !names.includes(name)).map((name) => `${at}.${name} is missing`),
    ...names.filter((name) => !required.includes(name) && !optional.includes(name)).map((name) => `${at}.${name} is unknown`),
    ...(atLeastOne && !atLeastOne.some((name) => names.includes(name)) ? [`${at}: none of ${atLeastOne.join(', ')}`] : []),
    ...names.flatMap((name) => {
      const [one, shape] = [value[name], objects[inner[name] ?? '']];
      if (name === 'unmapped') return [];
      if (shape) return [one].flat().flatMap((each) => shapeFaults(shape, each as Readonly<Record<string, unknown>>, `${at}.${name}`));
      if (numbers.includes(name)) return Number.isSafeInteger(one) ? [] : [`${at}.${name} is no integer`];
      return typeof one === 'string' ? [] : [`${at}.${name} is no text`];
    }),
  ];
}
