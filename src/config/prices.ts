import { existsSync } from 'node:fs';
import { Prices } from '../model/prices.ts';
import { ConfigError } from './config-error.ts';
import { schemaProblems } from './schema-problems.ts';
import { readYaml } from './yaml-file.ts';

/** `prices.yaml`; undefined where there is none: then no sum is given. ConfigError with all its problems at once. */
export function loadPrices(file: string): Prices | undefined {
  if (!existsSync(file)) return undefined;
  const yaml = readYaml(file);
  const result = Prices.safeParse(yaml.value);
  const problems = [...yaml.problems, ...(result.success ? [] : schemaProblems(Prices, yaml, result.error.issues))];
  if (!result.success || problems.length > 0) throw new ConfigError(file, problems);
  return result.data;
}

/** A first `prices.yaml`: what a vendor publishes, to be looked up again. */
export const pricesText = `# Prices for "ecluse assess": look them up for your region and contract, and write when you did. Without a price no sum is given.
v: 1
currency: USD
asOf: 2026-11-24
source: Amazon EBS pricing, EBS direct APIs (public page)
prices:
  readBlock: { per: 1000, price: 0.003 }
  # listBlocks: { per: 1000, price: … }
  # egressGib: { per: 1, price: … }
# rates:
#   networkMebibytes: …   # from the source's network to the workers and the target: measure it
#   targetMebibytes: …    # what the target's object store takes
`;
