/** The columns and filters of the Temporal UI's list. Registered before the first workflow: an unknown one blocks a workflow for ever. */
export const searchAttributes = {
  EcluseProject: 'Keyword',
  EcluseWave: 'Int',
  EcluseWorkload: 'Keyword',
  EcluseState: 'Keyword',
  EcluseCondition: 'Keyword',
  EcluseWaitingFor: 'Keyword',
  EcluseVerdict: 'Keyword',
} as const;
