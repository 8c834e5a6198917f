import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { pricesText } from '../config/prices.ts';
import { systemCode } from '../config/system-code.ts';
import type { Config } from '../model/config.ts';
import type { CommandDefinition, Given } from './command.ts';
import { Failure } from './failure.ts';
import { commandWords } from './words.ts';

export const init: CommandDefinition = {
  name: 'init',
  summary: 'write ecluse.yaml and the reference key of a new project',
  details: 'Overwrites nothing. Credentials never stand in ecluse.yaml: the workers find them by profile.',
  options: [
    { flags: '--project <name>', summary: 'name of the project (default: migration)' },
    { flags: '--language <language>', summary: 'of what people read', choices: ['en', 'fr'] },
    { flags: '--timezone <zone>', summary: 'IANA name (default: Europe/Paris)' },
    { flags: '--source-endpoint <url>', summary: 'S3 endpoint of the source (default: AWS, by region)' },
    { flags: '--source-region <region>', summary: 'default: eu-west-3' },
    { flags: '--source-profile <profile>', summary: 'AWS profile that the workers use for the source' },
    { flags: '--target-endpoint <url>', summary: 'S3 endpoint of the target (default: OUTSCALE, by region)' },
    { flags: '--target-region <region>', summary: 'default: cloudgouv-eu-west-1' },
    { flags: '--target-profile <profile>', summary: 'AWS profile that the workers use for the target' },
  ],
  run: async (context, given) => {
    const path = context.files.config;
    await mkdir(dirname(path), { recursive: true });
    await writeNew(path, configText(given), 0o644);
    const config = await checked(path);
    const isKeyNew = await writeKey(config.referenceKey);
    await writeFile(config.prices, pricesText, { flag: 'wx' }).catch(keepOlder);
    const words = commandWords(config.language);
    const lines = [
      words.wrote(path),
      ...(isKeyNew ? [`${words.wrote(config.referenceKey)}`] : []),
      '',
      words.next,
      '  ecluse ledger init',
      '  ecluse inventory',
      '  ecluse plan',
    ];
    return { exit: 0, text: lines.join('\n'), json: { config: path, referenceKey: config.referenceKey, referenceKeyIsNew: isKeyNew } };
  },
};

/** A file that somebody edited stays. */
const keepOlder = (error: unknown): void => {
  if (systemCode(error) !== 'EEXIST') throw error;
};

/** What was typed may be wrong: then the file goes again and the problems are told. */
async function checked(path: string): Promise<Config> {
  try {
    return loadConfig(path);
  } catch (error) {
    await rm(path);
    throw error;
  }
}

/** 32 random bytes that link the record to the names. An older key is kept: a new one would cut that link. */
async function writeKey(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new Failure({
      code: 'FILE_EXISTS',
      doing: 'write a new ecluse.yaml',
      to: path,
      answer: 'it is there already',
      next: ['edit it, or choose another place with ECLUSE_CONFIG'],
      exit: 2,
      cause: error,
    });
  }
}

function configText(given: Given): string {
  const word = (option: string, fallback: string): string => quoted(given.text(option) ?? fallback);
  const store = (side: 'source' | 'target', region: string): string => {
    const its = given.text(`${side}Region`) ?? region;
    const endpoint = given.text(`${side}Endpoint`) ?? (side === 'target' ? `https://oos.${its}.outscale.com` : undefined);
    const profile = given.text(`${side}Profile`);
    return [
      `  ${side}:`,
      '    kind: s3',
      endpoint === undefined ? '    # endpoint: https://…   (absent: AWS itself, by region)' : `    endpoint: ${quoted(endpoint)}`,
      `    region: ${quoted(its)}`,
      profile === undefined ? '    # profile: …            (absent: the default chain of the AWS SDK)' : `    profile: ${quoted(profile)}`,
    ].join('\n');
  };
  return `# What names this project and its places. No credential stands here: the workers find them by profile.
v: 1
project: ${word('project', 'migration')}
# Language and time zone of what people read.
language: ${word('language', 'en')}
timezone: ${word('timezone', 'Europe/Paris')}
temporal:
  address: 127.0.0.1:7233
  namespace: default
# Lists of objects, journals and reports; shared by all workers of the project.
depot:
  folder: ./depot
# The append-only record of what was done. SQLite serves one host.
ledger:
  sqlite: ./ledger.db
# 32 bytes under which object names become references. Keep it: it links the record to the names.
referenceKey: ./reference.key
stores:
${store('source', 'eu-west-3')}
${store('target', 'cloudgouv-eu-west-1')}
# Clouds of virtual machines; keys of OUTSCALE come from OSC_ACCESS_KEY and OSC_SECRET_KEY.
# clouds:
#   aws: { kind: aws, regions: [eu-west-3] }
#   outscale: { kind: outscale, region: cloudgouv-eu-west-1, staging: { at: target, bucket: ecluse-staging } }
`;
}

/** As YAML text on one line, in quotes where it would be read as something else. */
const quoted = (text: string): string => stringify(text, { lineWidth: 0, blockQuote: false }).trimEnd();
