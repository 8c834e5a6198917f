import { ApiError } from './api-error.ts';
import type { Place, World } from './world.ts';
import { type Element, parseXml, textAt } from './xml.ts';

/** The account that moto gives to every key that it did not make itself. */
export const usualAccount = '123456789012';

/** Parameters of the query protocol, in their order. */
export type Params = Readonly<Record<string, string>>;

/**
 * Asks moto's EC2 as somebody of that account: moto takes any signature and reads region and service from it. Throws what moto refuses as it names it.
 */
export async function askMoto(world: World, place: Place, params: Params): Promise<Element> {
  return post(world, await keyOf(world, place), place.region, 'ec2', { Version: '2016-11-15', ...params });
}

/** The access key under which moto sees that account. In another than moto's own than moto's own one must first have assumed a role there; such keys live as long as moto. */
export async function keyOf(world: World, { account, region }: Place): Promise<string> {
  if (account === usualAccount) return 'lab';
  const key = Object.values(world.saved.keys).find((each) => each.account === account && each.sessionToken !== undefined);
  if (key) return key.accessKey;
  const answer = await post(world, 'lab', region, 'sts', {
    Version: '2011-06-15',
    Action: 'AssumeRole',
    RoleArn: `arn:aws:iam::${account}:role/lab`,
    RoleSessionName: 'lab',
  });
  const credentials = 'AssumeRoleResult/Credentials';
  const accessKey = textAt(answer, `${credentials}/AccessKeyId`);
  world.saved.keys[accessKey] = {
    accessKey,
    secretKey: textAt(answer, `${credentials}/SecretAccessKey`),
    sessionToken: textAt(answer, `${credentials}/SessionToken`),
    account,
    state: 'active',
    denied: [],
  };
  world.save();
  return accessKey;
}

/** What moto reads of a signature: who, where and which service. */
export const unsigned = (accessKey: string, region: string, service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${accessKey}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

async function post(world: World, accessKey: string, region: string, service: string, params: Params): Promise<Element> {
  const headers = { authorization: unsigned(accessKey, region, service) };
  const answer = await fetch(`${world.upstream}/`, { method: 'POST', headers, body: new URLSearchParams(params) });
  const text = await answer.text();
  if (!text.trimStart().startsWith('<') || text.trimStart().startsWith('<!')) throw new ApiError('InternalError', 500, 'moto failed at this request.');
  const root = parseXml(text);
  if (answer.ok) return root;
  const error = root.name === 'Response' ? 'Errors/Error' : 'Error';
  throw new ApiError(textAt(root, `${error}/Code`) || 'InternalError', answer.status, textAt(root, `${error}/Message`));
}

/** `Name.1`, `Name.2`, …: the values of a list in their order. */
export function listIn(params: Params, name: string): readonly string[] {
  return Object.entries(params)
    .filter(([key]) => key.startsWith(`${name}.`) && /^\d+$/.test(key.slice(name.length + 1)))
    .map(([, value]) => value);
}

/** The parameters whose names begin so: a structure handed on whole. */
export function paramsUnder(params: Params, prefix: string): Params {
  return Object.fromEntries(Object.entries(params).filter(([key]) => key.startsWith(`${prefix}.`)));
}

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

export function filtersIn(params: Params): readonly Filter[] {
  const filters: Filter[] = [];
  for (let n = 1; params[`Filter.${n}.Name`] !== undefined; n += 1)
    filters.push({ name: params[`Filter.${n}.Name`] ?? '', values: listIn(params, `Filter.${n}.Value`) });
  return filters;
}

/** The same parameters under other filters. */
export function withFilters(params: Params, filters: readonly Filter[]): Params {
  const rest = Object.entries(params).filter(([key]) => !key.startsWith('Filter.'));
  const added = filters.flatMap(({ name, values }, at) => [
    [`Filter.${at + 1}.Name`, name],
    ...values.map((value, n) => [`Filter.${at + 1}.Value.${n + 1}`, value]),
  ]);
  return Object.fromEntries([...rest, ...added]) as Params;
}
