/** Suites run on compiled CommonJS: Jest's own ESM support still needs an experimental VM flag. */
const shared = {
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/support/patience.ts'],
  transform: { '^.+\\.m?ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }] },
};

/** Jest runs a project's set-up only when one of its suites was asked for: `jest test/unit` starts no server. */
const served = ['contract', 'integration', 'workflows'];

export default {
  projects: [
    { ...shared, displayName: 'plain', testMatch: [`<rootDir>/test/!(${served.join('|')})/**/*.test.ts`] },
    {
      ...shared,
      displayName: 'served',
      testMatch: served.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
};
