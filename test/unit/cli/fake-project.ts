import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandDefinition, Given } from '../../../src/cli/command.ts';
import { execute } from '../../../src/cli/execute.ts';
import { Failure } from '../../../src/cli/failure.ts';
import type { ErrandKind, Errands, PendingWork, ProjectClient, RecordedWorkload } from '../../../src/cli/project-client.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { openMemoryDepot } from '../../../src/depot/memory.ts';
import type { ProjectStatus, WorkloadStatus } from '../../../src/model/status.ts';
import type { Depot } from '../../../src/ports/depot.ts';
import type { Approval, Approved } from '../../../src/workflows/messages.ts';
import type { ProjectInput } from '../../../src/workflows/project.ts';

export const configText = `v: 1
project: demo
timezone: UTC
depot: { folder: ./depot }
ledger: { sqlite: ./ledger.db }
stores:
  source: { kind: s3, endpoint: http://127.0.0.1:8333, region: eu-west-1 }
  target: { kind: s3, endpoint: http://127.0.0.1:8334, region: eu-west-2 }
`;
export const planYaml = `v: 1
waves:
  - wave: 2
    workloads:
      - { name: logs, kind: bucket, source: { at: source, bucket: logs }, target: { at: target, bucket: logs } }
  - wave: 1
    workloads:
      - { name: photos, kind: bucket, source: { at: source, bucket: photos }, target: { at: target, bucket: photos } }
`;

/** What the command's clock says. */
export const commandTime = new Date('2026-01-02T03:04:05.000Z');

type Answers = { readonly [Kind in ErrandKind]?: (input: Errands[Kind][0]) => Errands[Kind][1] | Promise<Errands[Kind][1]> };

/** A project in memory: what it was told, and what it answers. Its duties are those of the port, without Temporal. */
export class FakeProject implements ProjectClient {
  readonly told: { readonly kind: string; readonly input: unknown }[] = [];
  workloads: WorkloadStatus[] = [];
  planDigest: string | undefined;
  answers: Answers = {};
  pending: PendingWork[] = [];
  listed: RecordedWorkload[] = [];
  polling = { control: 1, transfer: 1, ledger: 1 };
  unregistered: string[] = [];
  isRunning = true;
  /** Seats of the gate that an approval leaves free. */
  missing: Approved['missing'] = [];
  /** What the ledger role says of an approval; its seats that are free then. */
  admits: ((approval: Approval) => Promise<Approved['missing']>) | undefined;
  /** Thrown by every call of that kind. */
  failing: Readonly<Record<string, Failure>> = {};
  isClosed = false;

  start(input: ProjectInput): Promise<'started' | 'runs already'> {
    this.take('start', input);
    return Promise.resolve(this.isRunning ? 'runs already' : 'started');
  }
  async status(): Promise<ProjectStatus> {
    this.take('status', undefined);
    return {
      project: 'demo',
      condition: this.workloads.every(({ condition }) => condition === 'done') ? 'done' : 'moving',
      workloads: this.workloads,
      ...(this.planDigest ? { planDigest: this.planDigest } : {}),
    };
  }
  approve = async (input: Approval): Promise<Approved> => {
    const status = await this.update('approve', input);
    return { ...status, missing: this.admits ? await this.admits(input) : this.missing };
  };
  reject = (input: { workload: string }): Promise<WorkloadStatus> => this.update('reject', input);
  order = (input: { workload: string }): Promise<WorkloadStatus> => this.update('order', input);
  resolve = (input: { workload: string }): Promise<WorkloadStatus> => this.update('resolve', input);
  pause = (input: unknown): Promise<ProjectStatus> => this.whole('pause', input);
  resume = (input: unknown): Promise<ProjectStatus> => this.whole('resume', input);
  applyPlan = (input: unknown): Promise<ProjectStatus> => this.whole('applyPlan', input);
  async errand<Kind extends ErrandKind>(kind: Kind, input: Errands[Kind][0], name: string = kind): Promise<Errands[Kind][1]> {
    this.take(name, input);
    const answer = this.answers[kind];
    if (!answer) throw noWorker(name);
    return answer(input);
  }
  async pendingWork(): Promise<readonly PendingWork[]> {
    return this.pending;
  }
  async recorded(): Promise<readonly RecordedWorkload[]> {
    return this.listed;
  }
  async pollers(): Promise<{ control: number; transfer: number; ledger: number }> {
    return this.polling;
  }
  async missingSearchAttributes(): Promise<readonly string[]> {
    return this.unregistered;
  }
  async close(): Promise<void> {
    this.isClosed = true;
  }

  ordersTold(kind: string): unknown[] {
    return this.told.filter((each) => each.kind === kind).map(({ input }) => input);
  }

  private take(kind: string, input: unknown): void {
    this.told.push({ kind, input });
    const failure = this.failing[kind];
    if (failure) throw failure;
  }
  private async update(kind: string, input: { workload: string }): Promise<WorkloadStatus> {
    this.take(kind, input);
    const found = this.workloads.find(({ workload }) => workload === input.workload);
    if (!found) throw refused(`there is no workload ${input.workload}`);
    return found;
  }
  private async whole(kind: string, input: unknown): Promise<ProjectStatus> {
    this.take(kind, input);
    return this.status();
  }
}

export const noWorker = (doing: string): Failure => new Failure({ code: 'NO_WORKER', doing, answer: 'no worker answered', next: [] });
export const refused = (answer: string): Failure => new Failure({ code: 'REFUSED', doing: 'send the order', answer, next: [] });

export interface Ran {
  readonly exit: number;
  readonly answer: string;
  readonly remarks: string;
  readonly json: unknown;
}

export interface Stage {
  readonly folder: string;
  readonly project: FakeProject;
  readonly depot: Depot;
  readonly env?: Readonly<Record<string, string>>;
  /** What a person at the terminal answers; absent = no person. */
  readonly person?: boolean;
  /** What happens in the world while the command waits. */
  readonly onWait?: () => void;
}

/** A folder with ecluse.yaml and plan.yaml, a project and a depot in memory. */
export function stage(overrides: Partial<Stage> & { config?: string; plan?: string } = {}): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-cli-'));
  writeFileSync(join(folder, 'ecluse.yaml'), overrides.config ?? configText);
  writeFileSync(join(folder, 'plan.yaml'), overrides.plan ?? planYaml);
  return { folder, project: new FakeProject(), depot: openMemoryDepot(), ...overrides };
}

/** Runs a command as main.ts does, but for the parser. With `json` the answer is parsed. */
export async function run(
  { folder, project, depot, env = {}, person, onWait }: Stage,
  definition: CommandDefinition,
  args: readonly string[] = [],
  options: Record<string, unknown> = {},
): Promise<Ran> {
  let answer = '';
  let remarks = '';
  const note = (text: string): void => {
    remarks += `${text}\n`;
  };
  const terminal: Terminal = {
    isInteractive: person !== undefined,
    progress: () => undefined,
    say: note,
    redraw: note,
    confirm: async (question) => {
      note(question);
      return person === true;
    },
  };
  const exit = await execute({
    definition,
    given: new Given(args, options),
    isJson: options.json === true,
    env,
    folder,
    terminal,
    clock: { now: () => commandTime, wait: async () => onWait?.() },
    connect: async () => project,
    openDepot: async () => ({ depot, close: async () => undefined }),
    answer: (text) => {
      answer += `${text}
`;
    },
    remark: note,
  });
  return { exit, answer, remarks, json: options.json === true ? JSON.parse(answer) : undefined };
}
