import type { Policy, PolicyGate } from '../model/policy.ts';

const longestIntervalSeconds = 3600; // an hour of silence is the most that nobody outside notices
const shortestCoolingOffDays = 21; // SecNumCloud 19.4: the notice before an erasure
const fewestSeats = { loss: 1, cutover: 1, finalize: 2, discard: 2, gap: 1 } as const satisfies Record<PolicyGate, number>;
const policyGates = Object.keys(fewestSeats) as readonly PolicyGate[];
const attestedGates: readonly PolicyGate[] = ['cutover', 'finalize', 'discard'];

/** Everything that is wrong with a policy: where, and what to do. Empty: a log may be opened with it. */
export const policyProblems = (policy: Policy): readonly string[] => [...policyContradictions(policy), ...productionShortfalls(policy)];

/** What the minimum of `production` asks and the policy does not (docs/bundle-format.md, section 3). Empty for class `lab`. */
export function productionShortfalls(policy: Policy): readonly string[] {
  if (policy.class !== 'production') return [];
  const outside = new Set(policy.witnesses.map(({ org }) => org).filter((org) => org !== policy.operator));
  return said([
    [policy.checkpoint.every_seconds > longestIntervalSeconds, `checkpoint.every_seconds: at most ${longestIntervalSeconds} in production`],
    [policy.witness_quorum < 1, 'witness_quorum: at least 1 in production'],
    [
      policy.witness_quorum > outside.size,
      `witnesses: only ${outside.size} organisations other than the operator, and the quorum asks for ${policy.witness_quorum}`,
    ],
    ...policyGates.flatMap((gate) => gateShortfalls(policy, gate)),
    [policy.cooling_off_days < shortestCoolingOffDays, `cooling_off_days: at least ${shortestCoolingOffDays} in production`],
    [!policy.temporal.authorization, 'temporal.authorization: the Temporal server must check who may do what in production'],
  ]);
}

/** What cannot work in any class: an approval that nobody can give, a rule about somebody who is not there. */
export function policyContradictions(policy: Policy): readonly string[] {
  const organisations = new Set(policy.witnesses.map(({ org }) => org));
  return said([
    ...repeated(policy.approvers.map(({ id }) => id)).map((id): Finding => [true, `approvers: the id ${id} stands there twice`]),
    ...repeated(policy.approvers.map(({ key }) => key)).map((): Finding => [true, 'approvers: two have the same key, which could not tell them apart']),
    ...repeated(policy.witnesses.map(({ vkey }) => vkey)).map((): Finding => [true, 'witnesses: one stands there twice']),
    ...repeated(policy.timestamps.map(({ name }) => name)).map((name): Finding => [true, `timestamps: the name ${name} stands there twice`]),
    ...policy.approvers.flatMap(approverFaults),
    ...policy.deputies.flatMap((deputy, at) => deputyFaults(policy, deputy, at)),
    [policy.witness_quorum > organisations.size, `witness_quorum: ${policy.witness_quorum}, but the witnesses are of ${organisations.size} organisations`],
    ...policyGates.flatMap((gate) => gateFaults(policy, gate)),
  ]);
}

/** Whether it is so, and what is said of it then. */
type Finding = readonly [boolean, string];
const said = (findings: readonly Finding[]): readonly string[] => findings.filter(([isSo]) => isSo).map(([, sentence]) => sentence);

function gateShortfalls({ gates, controller }: Policy, gate: PolicyGate): readonly Finding[] {
  const { seats, witnessed, timestamp } = gates[gate];
  const isAttested = attestedGates.includes(gate);
  return [
    [seats.length < fewestSeats[gate], `gates.${gate}.seats: at least ${fewestSeats[gate]} in production`],
    [!seats.some(({ org }) => org === controller), `gates.${gate}.seats: one must be of the controller, ${controller}, in production`],
    [isAttested && !witnessed, `gates.${gate}.witnessed: must be true in production`],
    [isAttested && timestamp === 'none', `gates.${gate}.timestamp: must not be none in production`],
  ];
}

function approverFaults({ id, key, presence, valid_after, valid_before }: Policy['approvers'][number]): readonly Finding[] {
  return [
    [Date.parse(valid_after) >= Date.parse(valid_before), `approvers ${id}: valid_after is not before valid_before`],
    [presence !== 'none' && !key.startsWith('sk-'), `approvers ${id}: only a hardware key (sk-…) can show presence`],
  ];
}

function deputyFaults(policy: Policy, { id, of, from, until }: Policy['deputies'][number], at: number): readonly Finding[] {
  const [deputy, deputised] = [id, of].map((one) => policy.approvers.find((approver) => approver.id === one));
  return [
    [!deputy, `deputies[${at}].id: ${id} is no approver`],
    [!deputised, `deputies[${at}].of: ${of} is no approver`],
    [deputy !== undefined && deputised !== undefined && personOf(deputy) === personOf(deputised), `deputies[${at}]: ${id} and ${of} are one person`],
    [Date.parse(from) >= Date.parse(until), `deputies[${at}]: from is not before until`],
  ];
}

function gateFaults(policy: Policy, gate: PolicyGate): readonly Finding[] {
  const { seats, witnessed, timestamp } = policy.gates[gate];
  const candidates = seats.map((seat) => personsFor(policy, seat));
  const isEachFilled = candidates.every(({ size }) => size > 0);
  return [
    ...seats.map(
      (seat, at): Finding => [
        candidates[at]?.size === 0,
        `gates.${gate}.seats[${at}]: no approver has the role ${seat.role}${seat.org ? ` of ${seat.org}` : ''}`,
      ],
    ),
    [isEachFilled && !canSeatAll(candidates, new Set()), `gates.${gate}.seats: ${seats.length} persons are needed, and the approvers who fit are fewer`],
    [witnessed && policy.witness_quorum === 0, `gates.${gate}.witnessed: witness_quorum is 0, so nobody would cosign`],
    [timestamp !== 'none' && policy.timestamps.length === 0, `gates.${gate}.timestamp: timestamps names no authority`],
    [timestamp === 'qualified' && !policy.timestamps.some(({ qualified }) => qualified), `gates.${gate}.timestamp: no authority of timestamps is qualified`],
  ];
}

/** Who can take the seat: approvers of that role and organisation, and their deputies. */
function personsFor({ approvers, deputies }: Policy, seat: { readonly role: string; readonly org?: string | undefined }): ReadonlySet<string> {
  const holders = approvers.filter(({ org, roles }) => roles.includes(seat.role) && (seat.org ?? org) === org);
  const stands = deputies.filter(({ of }) => holders.some(({ id }) => id === of)).map(({ id }) => id);
  return new Set([...holders, ...approvers.filter(({ id }) => stands.includes(id))].map(personOf));
}

/** Each seat by another person. Seats are few, so trying all ways is enough. */
function canSeatAll([first, ...rest]: readonly ReadonlySet<string>[], taken: ReadonlySet<string>): boolean {
  if (!first) return true;
  return [...first].some((person) => !taken.has(person) && canSeatAll(rest, new Set([...taken, person])));
}

const personOf = ({ id, person }: Policy['approvers'][number]): string => person ?? id;
const repeated = (values: readonly string[]): readonly string[] => [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
