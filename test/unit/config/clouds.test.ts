import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, loadPlan } from '../../../src/config/load.ts';
import { loadPrices, pricesText } from '../../../src/config/prices.ts';
import { goodConfig, lines, problemsOf, written } from './yaml-project.ts';

const clouds = `clouds:
  aws: { kind: aws, regions: [eu-west-3] }
  outscale: { kind: outscale, region: eu-west-2, staging: { at: target, bucket: images } }
`;
const configProblems = (text: string): string[] => lines(problemsOf(() => loadConfig(written('ecluse.yaml', `${goodConfig}${text}`))));

describe('the clouds of ecluse.yaml', () => {
  it('are none by default, and have rates that leave room for the customer', () => {
    expect(loadConfig(written('ecluse.yaml', goodConfig)).clouds).toEqual({});
    const file = written('ecluse.yaml', `${goodConfig}${clouds}`);
    expect(loadConfig(file)).toMatchObject({
      clouds: {
        aws: { regions: ['eu-west-3'], accounts: [], rates: { blocks: 500, lists: 25, calls: 5 } },
        outscale: { staging: { at: 'target', bucket: 'images' }, rates: { calls: 5 }, importHours: 24 },
      },
      prices: join(dirname(file), 'prices.yaml'),
    });
  });

  it.each([
    ['aws: { kind: aws }', '9:8 clouds.aws.regions is missing'],
    ['aws: { kind: aws, regions: [] }', '9:30 clouds.aws.regions is below what is allowed: at least 1 entries'],
    ['aws: { kind: azure, regions: [a] }', '9:16 clouds.aws.kind must be one of: aws, outscale'],
    ['aws: { kind: aws, regions: [a], accounts: [{ role: admin }] }', expect.stringMatching(/clouds\.aws\.accounts\[0\]\.role arn:aws:iam::<account>:role/)],
    ["aws: { kind: aws, regions: [a], endpoints: { ec2: 'http://example.org' } }", expect.stringMatching(/endpoints\.ec2 plain http is only for this machine/)],
    ['aws: { kind: aws, regions: [a], rates: { bloks: 5 } }', expect.stringMatching(/clouds\.aws\.rates\.bloks is not a known key/)],
    ['osc: { kind: outscale, region: r }', '9:8 clouds.osc.staging is missing'],
    ['osc: { kind: outscale, region: r, staging: { at: targte, bucket: images } }', expect.stringMatching(/clouds\.osc\.staging\.at is no store of this file/)],
    [
      'osc: { kind: outscale, region: r, staging: { at: target, bucket: images }, importHours: 200 }',
      expect.stringMatching(/importHours is above what is allowed/),
    ],
  ])('%s is a problem with a place', (cloud, expected) => expect(configProblems(`clouds:\n  ${cloud}\n`)).toEqual([expected]));

  it('never hold a secret that is shown', () => {
    const canary = 'wJalrXUtnFEMI-CANARY';
    expect(JSON.stringify(configProblems(`clouds:\n  aws: { kind: aws, regions: [a], secretKey: ${canary} }\n`))).not.toContain(canary);
  });
});

describe('prices.yaml', () => {
  const priceProblems = (text: string): string[] => lines(problemsOf(() => loadPrices(written('prices.yaml', text))));

  it('need not be there, and as first written loads', () => {
    expect(loadPrices('/nowhere/prices.yaml')).toBeUndefined();
    expect(loadPrices(written('prices.yaml', pricesText))).toMatchObject({ currency: 'USD', prices: { readBlock: { per: 1000 } }, rates: {} });
  });

  it('tells all its problems at once', () => {
    const text = `v: 1
currency: euros
asOf: yesterday
source: a page
prices:
  readBlock: { per: 0, price: -1 }
  readBlok: { per: 1, price: 1 }
rates: { networkMebibytes: fast }
`;
    expect(priceProblems(text)).toEqual([
      expect.stringMatching(/^2:11 currency three capital letters/),
      expect.stringMatching(/^3:7 asOf /),
      expect.stringMatching(/^6:21 prices\.readBlock\.per /),
      expect.stringMatching(/^6:31 prices\.readBlock\.price /),
      '7:3 prices.readBlok is not a known key',
      '8:28 rates.networkMebibytes is not a number',
    ]);
  });
});

const entry = (
  name: string,
  more: { readonly source?: string; readonly target?: string; readonly instance?: string; readonly rest?: string } = {},
): string => `      - name: ${name}
        kind: vm
        source: { at: ${more.source ?? 'aws'}, instance: ${more.instance ?? 'i-0123456789abcdef0'} }
        target:
          at: ${more.target ?? 'outscale'}
          subregion: eu-west-2a
          type: tinav6.c2r8p2
          bootMode: uefi
          network:
            net: { range: 10.0.0.0/16 }
            subnet: { id: subnet-12345678 }
            securityGroups: [{ name: web, description: web }]
${more.rest ?? ''}`;
const planOf = (...entries: readonly string[]): string => `v: 1\nwaves:\n  - wave: 1\n    workloads:\n${entries.join('')}`;

describe('a machine of plan.yaml', () => {
  const config = () => loadConfig(written('ecluse.yaml', `${goodConfig}${clouds}`));
  const planProblems = (text: string) => problemsOf(() => loadPlan(written('plan.yaml', text), config()));

  it('is read with its defaults', () => {
    expect(loadPlan(written('plan.yaml', planOf(entry('web'))), config()).waves[0]?.workloads[0]).toMatchObject({
      source: { withoutDisks: [] },
      target: { volumeType: 'gp2', disks: {} },
      driversDeclared: false,
      rehearsal: { required: true, keepHours: 24, rules: [] },
      bootCheck: { expect: ['login:'], timeoutMinutes: 20 },
      stopMinutes: 15,
      deltaEveryMinutes: 240,
    });
  });

  it('names clouds of ecluse.yaml of the right kind, not stores', () => {
    const problems = planProblems(planOf(entry('web', { source: 'outscale', target: 'target' })));
    expect(lines(problems)).toEqual([
      '7:23 waves[0].workloads[0].source.at is no cloud of kind aws in ecluse.yaml',
      '9:15 waves[0].workloads[0].target.at is no cloud of kind outscale in ecluse.yaml',
    ]);
    expect(problems.map(({ advice }) => advice)).toEqual(['Clouds of kind aws there: aws.', 'Clouds of kind outscale there: outscale.']);
    const none = problemsOf(() => loadPlan(written('plan.yaml', planOf(entry('web'))), loadConfig(written('ecluse.yaml', goodConfig))));
    expect(none.map(({ advice }) => advice)).toEqual(expect.arrayContaining(['It has none of kind aws yet: add one under `clouds`.']));
  });

  it('moves once', () => {
    expect(lines(planProblems(planOf(entry('web'), entry('mail'))))).toEqual([
      expect.stringMatching(/^\d+:\d+ waves\[0\]\.workloads\[1\]\.source\.instance instance "i-0123456789abcdef0" stands already on line 7$/),
    ]);
  });

  it('says that it is one', () => {
    expect(lines(planProblems(planOf(entry('web')).replace('        kind: vm\n', '')))).toEqual([
      expect.stringMatching(/waves\[0\]\.workloads\[0\]\.kind is missing$/),
    ]);
  });

  it.each([
    [entry('web', { instance: 'vol-1' }), /source\.instance an instance id such as/],
    [entry('web', { rest: '        bootCheck: { expect: [] }\n' }), /bootCheck\.expect /],
    [entry('web', { rest: '        rehearsal: { keepHours: 1000 }\n' }), /rehearsal\.keepHours is above what is allowed/],
    [entry('web', { rest: '        stopMinuets: 3\n' }), /stopMinuets is not a known key/],
    [entry('web').replace('10.0.0.0/16', 'everything'), /target\.network\.net/],
  ])('has problems with a place', (text, expected) => expect(lines(planProblems(planOf(text))).join('\n')).toMatch(expected));
});
