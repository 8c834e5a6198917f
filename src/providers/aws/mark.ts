/** The tag under which everything that we make on a source stands; its value is the mark: project, workload, step, pass and run. */
export const markTag = 'ecluse';
