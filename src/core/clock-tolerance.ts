/** What the format grants between two clocks (docs/bundle-format.md §7): writers refuse, and verifiers fail, what stands further off. */
export const clockToleranceMs = 300_000;
