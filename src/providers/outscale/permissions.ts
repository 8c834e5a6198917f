import { operationsOf, type Phase } from './operations.ts';

/** An EIM policy: no version, and `Resource` is always everything, for EIM knows no narrower one for the API. */
export interface EimPolicy {
  readonly Statement: readonly { readonly Effect: 'Allow'; readonly Action: readonly string[]; readonly Resource: readonly ['*'] }[];
}

/** The least that the user of the workers needs in that phase. Made from the actions that the adapter declares, so that it says neither more nor less. */
export const policyFor = ({ phase }: { readonly phase: Phase }): EimPolicy => ({
  Statement: [{ Effect: 'Allow', Action: operationsOf(phase).map((operation) => `api:${operation}`), Resource: ['*'] }],
});
