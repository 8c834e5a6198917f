/** A finding about a virtual machine. A blocker stops before a byte moves; a warning is accepted by its owner at gate `loss`; advice only informs. */
export interface VmFinding {
  readonly level: 'blocker' | 'warning' | 'advice';
  readonly en: string;
  readonly fr: string;
  /** What a person can do, in one or two sentences. Shell for the guest stands in core/remedies.ts. */
  readonly advice: string;
}

export const vmFinding = (level: VmFinding['level'], en: string, fr: string, advice: string): VmFinding => ({ level, en, fr, advice });
