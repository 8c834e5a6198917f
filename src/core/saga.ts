/** A step without undo says why. */
export interface NoUndo {
  readonly none: string;
}
export const none = (why: string): NoUndo => ({ none: why });

export interface Step<Run> {
  readonly name: string;
  readonly action: (run: Run) => Promise<void>;
  readonly undo: ((run: Run) => Promise<void>) | NoUndo;
}
export type StepTable<Run> = readonly Step<Run>[];

/** Names of the phase's steps that ended, and of those whose undo is owed. Carried over when a workflow continues as new. */
export interface SagaPosition {
  done: string[];
  owed: string[];
}
export const atStart = (): SagaPosition => ({ done: [], owed: [] });

/** What the runner needs from outside; it is pure itself. */
export interface SagaEffects {
  /** `pass`: not a failure (the workflow continues as new); `hold`: a person can mend it; `unwind`: undo this phase. */
  judge(error: unknown): 'pass' | 'hold' | 'unwind';
  entered(step: string): void;
  /** Waits for a person; answers whether to try the step again or to unwind. */
  held(step: string, error: unknown): Promise<'again' | 'unwind'>;
  unwinding(error: unknown): void;
  /** An undo failed. Waits for a person: again, or accept that it stays undone. */
  stuck(step: string, error: unknown): Promise<'again' | 'accept'>;
  /** Runs the undos where a cancellation cannot reach them. */
  shielded<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Runs the steps of one phase that `position` does not hold as done. Each undo is owed before its action starts, since a failed
 * action may have happened; so every undo accepts "never happened". On `unwind` the owed undos run in reverse and the phase is as
 * before it began. Resolves to the error that made it unwind, or to undefined when the phase is done.
 */
export async function runPhase<Run>(steps: StepTable<Run>, run: Run, position: SagaPosition, effects: SagaEffects): Promise<unknown | undefined> {
  for (const step of steps) {
    if (position.done.includes(step.name)) continue;
    const failure = await runStep(step, run, position, effects);
    if (failure === undefined) continue;
    effects.unwinding(failure.error);
    await effects.shielded(() => unwind(steps, run, position, effects));
    return failure.error;
  }
  return undefined;
}

async function runStep<Run>(step: Step<Run>, run: Run, position: SagaPosition, effects: SagaEffects): Promise<{ error: unknown } | undefined> {
  if (!position.owed.includes(step.name)) position.owed.push(step.name);
  for (;;) {
    effects.entered(step.name);
    try {
      await step.action(run);
      position.done.push(step.name);
      return undefined;
    } catch (error) {
      const judgement = effects.judge(error);
      if (judgement === 'pass') throw error;
      if (judgement === 'unwind' || (await effects.held(step.name, error)) === 'unwind') return { error };
    }
  }
}

async function unwind<Run>(steps: StepTable<Run>, run: Run, position: SagaPosition, effects: SagaEffects): Promise<void> {
  for (const step of [...steps].reverse()) {
    if (!position.owed.includes(step.name)) continue;
    if (typeof step.undo === 'function') await undo(step.name, step.undo, run, effects);
    position.owed = position.owed.filter((name) => name !== step.name);
    position.done = position.done.filter((name) => name !== step.name);
  }
}

async function undo<Run>(name: string, action: (run: Run) => Promise<void>, run: Run, effects: SagaEffects): Promise<void> {
  for (;;) {
    effects.entered(`undo ${name}`);
    try {
      await action(run);
      return;
    } catch (error) {
      if (effects.judge(error) === 'pass') throw error;
      if ((await effects.stuck(name, error)) === 'accept') return;
    }
  }
}
