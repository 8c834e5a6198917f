import { describe, expect, it } from '@jest/globals';
import { explain } from '../../../src/cli/explain.ts';
import { failureJson, failureText } from '../../../src/cli/failure.ts';
import { textTable } from '../../../src/cli/text-table.ts';
import { commandWords } from '../../../src/cli/words.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { errorCodes } from '../../../src/core/error-codes.ts';
import { errorSentence, whoActs } from '../../../src/core/error-words.ts';
import { MigrationError } from '../../../src/core/migration-error.ts';

const en = commandWords('en');
const fr = commandWords('fr');

describe('a failure', () => {
  it('says what was being done, from where, to where, what came back', () => {
    const { facts } = explain(
      new MigrationError('PERMISSION_DENIED', { operation: 'PutObject', source: 'source/photos', target: 'target/photos', detail: '403 AccessDenied' }),
      fr,
    );
    expect(failureText(facts, fr.labels)).toBe(`ecluse: PERMISSION_DENIED
  action   PutObject
  depuis   source/photos
  vers     target/photos
  réponse  Les identifiants sont connus mais il leur manque un droit nécessaire à cette étape. (403 AccessDenied)`);
  });

  it('lists every problem of a file, each on its line', () => {
    const problem = (line: number) => ({ file: 'plan.yaml', line, column: 3, path: 'waves[0]', problem: 'is missing', advice: 'Write a list here.' });
    const failure = explain(new ConfigError('plan.yaml', [problem(9), problem(2)]), en);
    expect(failure.exit).toBe(2);
    expect(failureText(failure.facts, en.labels)).toBe(`ecluse: CONFIG_INVALID
  doing   read plan.yaml
  answer  plan.yaml:2:3 waves[0]: is missing. Write a list here.
          plan.yaml:9:3 waves[0]: is missing. Write a list here.`);
  });

  it('that nobody foresaw shows neither its text nor its stack', () => {
    const { facts } = explain(new TypeError('https://user:secret@host/?sig=CANARY'), en);
    expect(failureText(facts, en.labels) + JSON.stringify(failureJson(facts))).not.toMatch(/CANARY|secret|\bat\b .*:\d/);
    expect(facts).toMatchObject({ code: 'UNEXPECTED', next: ['ECLUSE_DEBUG=1 shows what it was'] });
  });
});

describe('error sentences', () => {
  it('stand in both languages, and say whose turn it is', () => {
    for (const code of Object.keys(errorCodes)) {
      expect(errorSentence(code, 'fr')).not.toBe(errorSentence(code, 'en'));
      expect(whoActs(code, 'fr')).not.toBe(whoActs(code, 'en'));
    }
    expect(errorSentence('SOMETHING_ELSE', 'fr')).toBe('SOMETHING_ELSE');
  });
});

describe('a text table', () => {
  it('lines up by signs, not bytes, and lets nothing steer the terminal', () => {
    expect(
      textTable([
        ['état', 'x'],
        ['\u001b[31mré\u202e', 'yy'],
      ]),
    ).toBe('état    x\n[31mré  yy');
  });
});
