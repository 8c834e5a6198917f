/** What the lab could not do, for a person: one sentence, and the one command that mends it where there is one. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly typeThis: string | undefined;

  constructor(sentence: string, typeThis?: string) {
    super(typeThis ? `${sentence}\n  Type: ${typeThis}` : sentence);
    this.typeThis = typeThis;
  }
}

/** What reached us, as text. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
