import type { GuestFindingCode } from '../../core/guest-findings.ts';

/** A finding before its level, which the table of core gives. `detail`: printable ASCII, one line. */
export interface Found {
  readonly id: GuestFindingCode;
  readonly detail: string;
  readonly count?: number;
}
