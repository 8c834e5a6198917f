import {
  allHandlersFinished,
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PassPlace } from '../activities/control.ts';
import { errorCodes } from '../core/error-codes.ts';
import { projectWorkflowId } from '../core/ids.ts';
import { isLegalMove } from '../core/lifecycle.ts';
import { doneShare } from '../core/progress.ts';
import type { SagaEffects } from '../core/saga.ts';
import { type TimelineWords, timelineWords } from '../core/timeline-words.ts';
import type { WindowGate } from '../core/window.ts';
import { workloadDetails } from '../core/workload-page.ts';
import type { WorkloadState, WorkloadStatus } from '../model/status.ts';
import { codeOf, failure, reasonOf } from './failures.ts';
import { type Instruction, instruct, workloadReport, workloadStatus } from './messages.ts';
import { type Hands, handsOf } from './policies.ts';
import type { WorkloadInput, WorkloadMemory } from './workload-state.ts';

/** One workload's migration as its workflow sees it: what it must not forget, what people told it, and how it waits. */
export class WorkloadRun<Input extends WorkloadInput, State extends WorkloadMemory> {
  readonly input: Input;
  readonly state: State;
  readonly hands: Hands;
  /** Beside the bars of the UI's timeline, in the project's language. */
  readonly timeline: TimelineWords;
  private passStarted = Date.now();
  private shown = '';

  constructor(input: Input, state: State) {
    this.input = input;
    this.state = state;
    this.hands = handsOf(input.project, input.patience);
    this.timeline = timelineWords(input.language);
    this.tellPage();
    setHandler(workloadStatus, () => this.state.status, { description: 'State, condition and progress of this workload' });
    setHandler(instruct, (instruction) => this.obey(instruction), { description: 'From the project: approvals, orders, pause and resume' });
  }

  get place(): PassPlace {
    return { project: this.input.project, workload: this.input.entry.name, run: this.state.run, pass: this.state.pass, turn: this.state.turn };
  }

  /** Input of most activities: which pass of which workload, and its entry in the plan. */
  get task(): { place: PassPlace; entry: Input['entry'] } {
    return { place: this.place, entry: this.input.entry };
  }

  async moveTo(state: WorkloadState): Promise<void> {
    this.arriveAt(state);
    await this.show({});
  }

  /** As moveTo, but told with what comes next: a wait, or the end. */
  arriveAt(state: WorkloadState): void {
    if (!isLegalMove(this.state.status.state, state)) throw new Error(`no way from ${this.state.status.state} to ${state}`);
    this.note({ state, condition: 'moving' }, ['reason', 'waitingFor', 'gate', 'step']);
  }

  /** Changes the status; tells the project and the UI. `drop` names fields that no longer hold. */
  async show(change: Partial<WorkloadStatus>, drop: readonly ('reason' | 'waitingFor' | 'gate' | 'step' | 'predictedEnd')[] = []): Promise<void> {
    this.note(change, drop);
    const { status } = this.state;
    const attributes = {
      EcluseState: [status.state],
      EcluseCondition: [status.condition],
      EcluseVerdict: [status.verdict],
      EcluseWaitingFor: status.waitingFor ? [status.waitingFor] : [],
    };
    const shown = JSON.stringify(attributes);
    if (shown !== this.shown) upsertSearchAttributes(attributes);
    this.shown = shown;
    try {
      await getExternalWorkflowHandle(projectWorkflowId(this.input.project)).signal(workloadReport, status);
    } catch (error) {
      // The project's workflow has ended or was never there: this workload goes on, and its own page tells the same.
      if (isCancellation(error)) throw error;
      log.warn('the project workflow could not be told', { workload: status.workload });
    }
  }

  note(change: Partial<WorkloadStatus>, drop: readonly (keyof WorkloadStatus)[] = []): void {
    const kept = Object.fromEntries(Object.entries(this.state.status).filter(([field]) => !drop.includes(field as keyof WorkloadStatus)));
    this.state.status = { ...(kept as unknown as WorkloadStatus), ...change, updatedAt: new Date().toISOString(), sequence: this.state.status.sequence + 1 };
    this.tellPage();
  }

  /** Costs no event: the UI reads it by a query, so the workload's own page is never behind. */
  private tellPage(): void {
    setCurrentDetails(workloadDetails(this.state.status, this.input.language, this.input.timezone));
  }

  /** Adds to the progress of the pass; reports at each tenth of the way, so that a workload sends few signals. */
  async advance(step: Partial<WorkloadStatus['progress']>): Promise<void> {
    const before = this.state.status.progress;
    const sum = (field: keyof typeof before): number => before[field] + (step[field] ?? 0);
    const progress = {
      totalObjects: sum('totalObjects'),
      totalBytes: sum('totalBytes'),
      copiedObjects: sum('copiedObjects'),
      copiedBytes: sum('copiedBytes'),
      verifiedObjects: sum('verifiedObjects'),
      verifiedBytes: sum('verifiedBytes'),
      failedObjects: sum('failedObjects'),
    };
    const done = doneShare(progress);
    const predictedEnd = done > 0.02 ? new Date(Date.now() + ((Date.now() - this.passStarted) * (1 - done)) / done).toISOString() : undefined;
    this.note({ progress, ...(predictedEnd ? { predictedEnd } : {}) });
    const tenth = Math.floor(done * 10);
    // The last tenth is told with the end of the pass.
    if (tenth <= this.state.reportedTenth || tenth === 10) return;
    this.state.reportedTenth = tenth;
    await this.show({});
  }

  startProgress(totalObjects: number, totalBytes: number): void {
    this.passStarted = Date.now();
    this.state.reportedTenth = 0;
    this.note(
      {
        pass: this.state.pass,
        progress: { totalObjects, totalBytes, copiedObjects: 0, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 },
      },
      ['predictedEnd'],
    );
  }

  /** Waits until `ready`, telling everybody for what; wakes for continue-as-new by itself. False when `timeoutMs` passed first. */
  async waitFor(waitingFor: string, ready: () => boolean, timeoutMs?: number, change: Partial<WorkloadStatus> = {}): Promise<boolean> {
    const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    if (!ready()) {
      await this.show({ condition: 'waiting', waitingFor, ...change });
      const awake = (): boolean => ready() || this.mustContinue;
      if (deadline === undefined) await condition(awake);
      else if (!(await condition(awake, Math.max(deadline - Date.now(), 1), { summary: this.timeline.nextDelta }))) return false;
      if (!ready()) await this.continueAsNew();
    }
    // Told with whatever comes next: each word to the project costs events in both histories. Also where the answer was there at once: the
    // run before may have shown the gate and continued as new, and no order is taken while a gate is shown.
    this.note({ condition: 'moving' }, ['waitingFor', 'gate']);
    return true;
  }

  /** Outside of a phase there is nothing to unwind: every failure holds until a person mends it. */
  async mended<T>(step: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (this.effects.judge(error) === 'pass' || isCancellation(error)) throw error;
        await this.effects.held(step, error);
      }
    }
  }

  get mustContinue(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength > (this.input.continueAfterEvents ?? Number.POSITIVE_INFINITY);
  }

  /** An order to go back that is not being carried out yet: on the way back itself it stops nothing. */
  get isOrderedBack(): boolean {
    return this.state.order?.order === 'rollback' && this.state.phase?.name !== 'rollback';
  }

  /** What keeps a window from starting more shards: a pause, an order to go back, a history that is long enough. */
  readonly windowGate: WindowGate = {
    mayStart: () => !this.state.paused && !this.isOrderedBack && !this.mustContinue,
    size: () => this.input.window,
    wait: async (done) => {
      const open = this.windowGate.mayStart();
      // Not cancellable: what is in flight is cancelled by its own scope and must settle before anything else happens.
      await CancellationScope.nonCancellable(() => condition(() => done() || this.windowGate.mayStart() !== open));
    },
  };

  /** Called when a window was drained before its end: waits out a pause, goes back on order, or continues as new. */
  async settle(): Promise<void> {
    if (this.isOrderedBack) throw failure('ORDERED_BACK', 'by order');
    if (this.mustContinue) await this.continueAsNew();
    if (!this.state.paused) return;
    await this.show({ condition: 'paused', waitingFor: 'resume' });
    await condition(() => !this.state.paused || this.isOrderedBack);
    await this.show({ condition: 'moving' }, ['waitingFor']);
  }

  async continueAsNew(): Promise<never> {
    await condition(allHandlersFinished);
    return continueAsNew({ ...this.input, carried: this.state });
  }

  readonly effects: SagaEffects = {
    judge: (error) => {
      if (error instanceof ContinueAsNew) return 'pass';
      if (isCancellation(error)) return 'unwind';
      const code = codeOf(error);
      // No code: a defect in workflow code. It fails the workflow task, which is retried by a mended worker.
      if (code === undefined) return 'pass';
      return errorCodes[code].follows === 'unwind' ? 'unwind' : 'hold';
    },
    entered: (step) => this.note({ step }),
    held: async (step, error) => {
      await this.waitForPerson('held', step, error);
      // What failed at its vendor stays there under its mark: the next try is another.
      if (this.state.makes !== undefined && codeOf(error) === 'IMPORT_FAILED') this.state.makes += 1;
      if (this.state.answer === 'accept' && codeOf(error) === 'DELETE_GUARD') this.state.deletionAccepted = this.state.pass;
      delete this.state.answer;
      this.state.turn += 1;
      if (this.isOrderedBack) return 'unwind';
      await this.show({ condition: 'moving' }, ['reason', 'waitingFor']);
      return 'again';
    },
    unwinding: (error) =>
      this.note({ condition: 'unwinding', reason: this.isOrderedBack ? reasonOf(failure('ORDERED_BACK', 'by order')) : reasonOf(error) }, [
        'waitingFor',
        'gate',
      ]),
    stuck: async (step, error) => {
      await this.waitForPerson('stuck', step, error);
      const answer = this.state.answer ?? 'again';
      delete this.state.answer;
      await this.hands.local.recordResolution({ ...this.task, step, answer });
      return answer;
    },
    shielded: (work) => CancellationScope.nonCancellable(work),
  };

  private async waitForPerson(how: 'held' | 'stuck', step: string, error: unknown): Promise<void> {
    delete this.state.answer;
    const reason = reasonOf(error);
    await this.show({ condition: how, step, reason, waitingFor: `${errorCodes[reason.code].who}: ${reason.code}` });
    await condition(() => this.state.answer !== undefined || (how === 'held' && this.isOrderedBack));
  }

  private obey(instruction: Instruction): void {
    const { state } = this;
    switch (instruction.kind) {
      case 'approved':
        state.approved[instruction.gate] = { scope: instruction.scope, by: instruction.by, ...(instruction.isSigned ? { isSigned: true } : {}) };
        break;
      case 'rejected':
        state.rejected = { scope: instruction.scope, by: instruction.by };
        break;
      case 'pause':
        state.paused = true;
        break;
      case 'resume':
        state.paused = false;
        state.answer = 'again';
        break;
      case 'order':
        state.order = { order: instruction.order, by: instruction.by, ...(instruction.frozenByHand ? { frozenByHand: true } : {}) };
        break;
      case 'resolve':
        state.answer = instruction.how === 'retry' ? 'again' : 'accept';
        break;
      case 'reconfigure':
        // Read at each use: an edit never changes what is in flight, and a changed gate field lapses its approval by its digest.
        Object.assign(this.input, { entry: instruction.entry, window: instruction.window });
        break;
    }
  }
}
