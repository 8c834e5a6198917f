import type { Asset } from '../model/estate.ts';

/** Everything that a source holds, so that nothing is forgotten. Pages are yielded as they come; the same call again goes on from `after`. */
export interface Estate {
  /** Scopes (account and region) that this source reaches, each read by itself. */
  scopes(signal?: AbortSignal): Promise<readonly EstateScope[]>;
  /** Assets of one kind in one scope, paged. */
  assets(scope: EstateScope, kind: string, signal?: AbortSignal): AsyncIterable<readonly Asset[]>;
  readonly kinds: readonly string[];
}

export interface EstateScope {
  readonly account: string;
  readonly region: string;
}
