import type { Attack } from './attack.ts';
import { gateAttacks } from './gate-attacks.ts';
import { historyAttacks } from './history-attacks.ts';
import { objectAttacks } from './object-attacks.ts';
import { outsiderAttacks } from './outsider-attacks.ts';

/** Every attack that the design names, and those that the work on it added. docs/attacks.md shows them with their results. */
export const attacks: readonly Attack[] = [...outsiderAttacks, ...historyAttacks, ...gateAttacks, ...objectAttacks];
