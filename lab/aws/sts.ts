import { ApiError } from './api-error.ts';
import { keyOf, type Params, unsigned } from './moto-call.ts';
import type { LabKey, Place, World } from './world.ts';
import { all, parseXml } from './xml.ts';

export interface Raw {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** Hands a request of another service on to moto as somebody of the same account. */
export async function forward(world: World, place: Place, key: LabKey, service: string, { method, url, headers, body }: Raw): Promise<RawAnswer> {
  const accessKey = key.sessionToken === undefined ? await keyOf(world, place) : key.accessKey;
  const answer = await fetch(`${world.upstream}${url}`, {
    method,
    headers: { ...headers, authorization: unsigned(accessKey, place.region, service) },
    ...(method !== 'GET' && method !== 'HEAD' && { body: new Uint8Array(body) }),
  });
  return { status: answer.status, type: answer.headers.get('content-type') ?? 'text/xml', body: Buffer.from(await answer.arrayBuffer()) };
}

/** The role's own trust: where the lab lists roles, only those, and only with their external id. Moto lets everybody assume everything. */
export function checkRole({ saved }: World, params: Params): void {
  const { roles } = saved.settings;
  const role = roles?.find(({ arn }) => arn === params.RoleArn);
  if (roles === undefined || (role && (role.externalId ?? '') === (params.ExternalId ?? ''))) return;
  throw new ApiError('AccessDenied', 403, `Not authorized to perform: sts:AssumeRole on ${params.RoleArn}`);
}

/** Takes the keys of a new session into the ring: from now on their signatures are checked too. */
export function learnSession(world: World, params: Params, { status, body }: RawAnswer): void {
  if (status !== 200) return;
  const root = parseXml(body.toString());
  const text = (name: string): string => all(root, name)[0]?.text ?? '';
  const accessKey = text('AccessKeyId');
  world.saved.keys[accessKey] = {
    accessKey,
    secretKey: text('SecretAccessKey'),
    sessionToken: text('SessionToken'),
    account: params.RoleArn?.split(':')[4] ?? '',
    untilMs: Date.parse(text('Expiration')),
    state: 'active',
    denied: [],
  };
  world.save();
}
