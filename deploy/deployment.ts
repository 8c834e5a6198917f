/** What `npm run deploy:init` makes. The secrets here and in docker-compose.yml are the same list (a test compares). */

/** A file to make, relative to the project's folder. Secrets are 0600: only their owner, and the containers that run as it, read them. */
export interface DeploymentFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

/** Who owns the files and runs in the containers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Containers never run as root: where root makes the files, they are given to this user, as in the Dockerfile. */
export const containerOwner: Owner = { uid: 10_001, gid: 10_001 };

/** Folders that hold the files, and nobody else's business. `ledger`: the signing keys and the policy, seen by the ledger worker's container alone. */
export const deploymentFolders = ['deploy/secrets', 'deploy/secrets/ledger', 'deploy/project'] as const;

/** Every file of a new deployment. `random(n)`: n fresh random bytes. */
export function deploymentFiles(owner: Owner, random: (sizeBytes: number) => Buffer): readonly DeploymentFile[] {
  return [
    // base64url stands in the server's configuration template between quotes: it needs no escape there.
    { path: 'deploy/secrets/postgres.password', mode: 0o600, text: random(32).toString('base64url') },
    { path: 'deploy/secrets/reference.key', mode: 0o600, text: `${random(32).toString('base64')}\n` },
    { path: 'deploy/secrets/control.credentials', mode: 0o600, text: credentials('lists buckets, reads and writes their configuration and policies') },
    { path: 'deploy/secrets/transfer.credentials', mode: 0o600, text: credentials('reads source objects, writes and reads target objects') },
    { path: 'deploy/project/ecluse.yaml', mode: 0o600, text: configuration },
    { path: '.env', mode: 0o644, text: environment(owner) },
  ];
}

const credentials = (work: string): string => `# AWS shared credentials of this worker, which ${work}.
# The rights it needs: ecluse permissions --source|--target NAME --for PHASE
# The profiles are those that deploy/project/ecluse.yaml names. Remove the # and fill in.
#[source]
#aws_access_key_id =
#aws_secret_access_key =

#[target]
#aws_access_key_id =
#aws_secret_access_key =
`;

const configuration = `# Read by the workers and by the ecluse command, inside the containers. No credential ever stands here.
v: 1
project: my-project
language: en
timezone: Europe/Paris
temporal:
  address: temporal:7233
  namespace: ecluse
  ui: http://127.0.0.1:8080
depot:
  folder: /var/lib/ecluse/depot
ledger:
  sqlite: /var/lib/ecluse/ledger/ledger.db
  # deploy/secrets/ledger, which the ledger worker alone sees. Made by: docker compose run --rm --no-deps ledger ledger init
  keys: /var/lib/ecluse/signer/keys
  policy: /var/lib/ecluse/signer/policy.json
  # Where the policy's outsiders answer (docs/evidence.md):
  # witnesses: [{ name: witness.example/w1, url: https://… }]
  # timestamps: [{ name: authority, url: https://… }]
  # recipient: age1…
  # clock: ntp.example
referenceKey: /run/secrets/reference.key
stores:
  source:
    kind: s3
    region: eu-west-3
    profile: source
  target:
    kind: s3
    endpoint: https://oos.eu-west-2.outscale.com
    region: eu-west-2
    profile: target
`;

const environment = ({ uid, gid }: Owner): string => `# Read by Docker Compose. No secret stands here.
# The owner of deploy/secrets; every container runs as it.
ECLUSE_UID=${uid}
ECLUSE_GID=${gid}
`;
