import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Act, perform } from './act.ts';
import { type Answer, ApiError, errorAnswer, forbidden, type Refusal, refused } from './api-error.ts';
import { answerEbs, type EbsCall, ebsCall, invalid, passQuota, throttled } from './ebs.ts';
import { answerEc2, endDryRun, idsIn } from './ec2.ts';
import type { Fault } from './fault.ts';
import type { Params } from './moto-call.ts';
import { type Claim, claimOf, refusalOf, type SignedRequest } from './signature.ts';
import { checkRole, forward, learnSession } from './sts.ts';
import type { LabKey, Place, RequestNote, World } from './world.ts';
import { printXml } from './xml.ts';

/** What goes back, and what is done to it on the way. */
export interface Outcome extends Answer {
  readonly fate?: 'reset' | 'truncated';
}

interface Call {
  readonly request: SignedRequest;
  readonly service: string;
  readonly action: string;
  readonly params: Params;
  readonly ebs: EbsCall | undefined;
  readonly key: LabKey;
  readonly place: Place;
}

const mostNotes = 20_000;

/** One signed request of AWS, from its credentials to its answer. Errors are answers too; only what the lab itself got wrong is thrown. */
export async function answerAws(world: World, request: SignedRequest): Promise<Outcome> {
  const claim = claimOf(request.headers);
  const service = typeof claim === 'string' ? 'ec2' : claim.service;
  const note = startNote(claim, request);
  try {
    const call = authenticated(world, request, claim);
    Object.assign(note, { account: call.place.account, region: call.place.region });
    const outcome = await answered(world, call);
    note.status = outcome.status;
    if (call.action !== 'GetSnapshotBlock') keepNote(world, note);
    return outcome;
  } catch (error) {
    const known = error instanceof ApiError ? error : new ApiError('InternalError', 500, error instanceof Error ? error.message : String(error));
    Object.assign(note, { status: known.status, code: known.code });
    keepNote(world, note);
    return errorAnswer(known, service, randomUUID());
  }
}

function keepNote(world: World, note: RequestNote): void {
  world.requests.push(note);
  if (world.requests.length > mostNotes) world.requests = world.requests.slice(mostNotes / 10);
}

function startNote(claim: Claim | Refusal, request: SignedRequest): RequestNote {
  const { service, region, accessKey } = typeof claim === 'string' ? { service: 'unknown', region: '', accessKey: '' } : claim;
  const { action, params } = actionOf(service, request);
  return { atMs: Date.now(), action: `${service}:${action}`, account: '', region, accessKey, isDryRun: params.DryRun === 'true', status: 0 };
}

function actionOf(service: string, request: SignedRequest): { readonly action: string; readonly params: Params; readonly ebs?: EbsCall | undefined } {
  const url = new URL(request.url, 'http://lab');
  const ebs = service === 'ebs' ? ebsCall(request.method, url) : undefined;
  if (service === 'ebs') return { action: ebs?.action ?? 'unknown', params: {}, ebs };
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return { action: target.split('.').at(-1) ?? '', params: {} };
  const params = Object.fromEntries(new URLSearchParams(request.method === 'POST' ? request.body.toString() : url.search));
  return { action: params.Action ?? '', params };
}

function authenticated(world: World, request: SignedRequest, claim: Claim | Refusal): Call {
  if (typeof claim === 'string') throw refused(claim, request.url.startsWith('/snapshots/') ? 'ebs' : 'ec2');
  const { service, region, accessKey } = claim;
  const key = world.saved.keys[accessKey];
  if (!key || key.state === 'revoked') throw refused(key ? 'revoked key' : 'unknown key', service);
  const refusal = refusalOf(request, claim, key, Date.now());
  if (refusal) throw refused(refusal, service);
  if (key.state === 'expired' || (key.untilMs !== undefined && key.untilMs < world.nowMs())) throw refused('expired key', service);
  const { action, params, ebs } = actionOf(service, request);
  if (key.denied.some((each) => each === `${service}:${action}` || each === `${service}:*`)) throw forbidden(service);
  return { request, service, action, params, ebs, key, place: { account: key.account, region } };
}

async function answered(world: World, call: Call): Promise<Outcome> {
  const { service, action, params, ebs } = call;
  if (service === 'ec2') endDryRun(params);
  const asked = { action, ids: ebs ? [ebs.snapshot, ebs.query.get('firstSnapshotId') ?? ''] : idsIn(params), ...(ebs && { block: ebs.block }) };
  const faults = world.faults.next(asked);
  for (const fault of faults) {
    if (fault.what === 'slow') await pause(fault.ms);
    if (fault.what === 'meanwhile') await perform(world, fault.act as unknown as Act);
    if (fault.what === 'reset') return { status: 0, headers: {}, body: '', fate: 'reset' };
  }
  passQuotas(world, call);
  for (const fault of faults) fail(fault, service);
  const answer = await answerOf(world, call, faults);
  if (faults.some(({ what }) => what === 'lost answer')) return { ...answer, fate: 'reset' };
  return faults.some(({ what }) => what === 'truncated body') ? { ...answer, fate: 'truncated' } : answer;
}

function passQuotas(world: World, { service, action, ebs, place }: Call): void {
  if (ebs) {
    passQuota(world, ebs, place);
    return;
  }
  const what = `${place.account}/${place.region}/${action}`;
  const nowMs = Date.now();
  world.counts.add(what, nowMs);
  const { throttle, quotas } = world.saved.settings;
  if (service === 'ec2' && throttle && !world.mayPass(what, quotas.ec2, nowMs)) throw new ApiError('RequestLimitExceeded', 503, 'Request limit exceeded.');
}

function fail(fault: Fault, service: string): void {
  const isEbs = service === 'ebs';
  switch (fault.what) {
    case 'error':
      throw new ApiError(fault.code, fault.status, 'fault of the lab', fault.reason);
    case 'throttle':
      throw isEbs ? throttled('ACCOUNT_THROTTLED') : new ApiError('RequestLimitExceeded', 503, 'Request limit exceeded.');
    case 'quota':
      throw isEbs
        ? new ApiError('ServiceQuotaExceededException', 402, 'A quota is used up.', 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED')
        : new ApiError('SnapshotLimitExceeded', 400, 'A quota is used up.');
    case 'token expired':
      throw invalid('INVALID_BLOCK_TOKEN', 'The block token has expired.');
    case 'key access revoked':
      throw new ApiError('AccessDeniedException', 403, 'The KMS key cannot be used.', 'DEPENDENCY_ACCESS_DENIED');
    case 'capacity':
      throw new ApiError('InsufficientInstanceCapacity', 500, 'Insufficient capacity.');
    case 'internal error':
      throw isEbs ? new ApiError('InternalServerException', 500, 'fault of the lab') : new ApiError('InternalError', 500, 'fault of the lab');
    default:
      return;
  }
}

async function answerOf(world: World, call: Call, faults: readonly Fault[]): Promise<Answer> {
  const { service, action, params, ebs, place, key, request } = call;
  if (service === 'ebs') {
    if (!ebs) throw new ApiError('UnknownOperationException', 404, 'The lab does not know this operation.');
    return answerEbs(world, ebs, place, faults);
  }
  if (service === 'ec2') {
    const xml = printXml(await answerEc2(world, place, params, faults));
    return { status: 200, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: xml };
  }
  if (action === 'AssumeRole') checkRole(world, params);
  const headers = Object.fromEntries(
    ['content-type', 'x-amz-target', 'x-amz-date'].flatMap((name) => (request.headers[name] ? [[name, String(request.headers[name])]] : [])),
  );
  const raw = await forward(world, place, key, service, { method: request.method, url: request.url, headers, body: request.body });
  if (action === 'AssumeRole') learnSession(world, params, raw);
  return { status: raw.status, headers: { 'content-type': raw.type }, body: raw.body };
}
