import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { deploymentFiles } from '../../../deploy/deployment.ts';
import { searchAttributes } from '../../../src/core/search-attributes.ts';
import { compose, root, service, text } from './compose-file.ts';

const file = compose();
const services = Object.entries(file.services);
const workers = ['control', 'transfer', 'ledger'] as const;
const made = deploymentFiles({ uid: 1, gid: 1 }, (sizeBytes) => Buffer.alloc(sizeBytes)).map(({ path }) => path);

describe.each(['docker-compose.yml', 'deploy/public.yml'])('%s by the Compose Specification', (path) => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(text('test/support/compose-spec.json')) as object);

  it('is valid', () => {
    validate(compose(path));
    expect(validate.errors).toBeNull();
  });

  it('would not be valid with an unknown key', () => {
    expect(validate({ ...compose(path), services: { ui: { imagee: 'x' } } })).toBe(false);
  });
});

describe('images', () => {
  it.each(services)('%s is pinned to a full version', (_name, { image }) => {
    expect(image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?(@sha256:[0-9a-f]{64})?$/);
    expect(image).not.toContain('auto-setup');
  });

  it('has the server and its tools of one version, and our image of this version', () => {
    expect(service('schema').image.split(':')[1]).toBe(service('temporal').image.split(':')[1]);
    expect(service('namespace').image).toBe(service('schema').image);
    for (const name of workers) expect(service(name).image).toBe(`ecluse:${(JSON.parse(text('package.json')) as { version: string }).version}`);
  });
});

describe('order', () => {
  it.each([
    ['schema', 'postgresql', 'service_healthy'],
    ['temporal', 'schema', 'service_completed_successfully'],
    ['namespace', 'temporal', 'service_healthy'],
    ['ui', 'namespace', 'service_completed_successfully'],
    ...workers.map((name) => [name, 'namespace', 'service_completed_successfully'] as const),
  ])('%s waits for %s', (later, earlier, condition) => {
    expect(service(later).depends_on?.[earlier]).toEqual({ condition });
  });

  it('ends the jobs and keeps the rest running', () => {
    for (const name of ['schema', 'namespace', 'ecluse']) expect(service(name).restart).toBe('no');
    for (const name of ['postgresql', 'temporal', 'ui', ...workers]) expect(service(name).restart).toBe('unless-stopped');
  });

  it('gives workers more time to stop than the 60 s of their forced shutdown', () => {
    for (const name of workers) expect(Number.parseInt(service(name).stop_grace_period ?? '0', 10)).toBeGreaterThan(60);
  });

  it('checks the health of everything that keeps running', () => {
    for (const name of ['postgresql', 'temporal', 'ui']) expect(service(name).healthcheck?.test?.[0]).toBe('CMD');
    for (const name of workers) expect({ build: service(name).build, check: service(name).healthcheck }).toEqual({ build: '.', check: undefined });
    expect(text('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });
});

describe('every container', () => {
  it.each(services)('%s runs without rights', (_name, { user, read_only, cap_drop, security_opt, mem_limit, init }) => {
    expect(user).toMatch(/^\$\{ECLUSE_UID:\?.+\}:\$\{ECLUSE_GID:\?.+\}$/);
    expect({ read_only, cap_drop, security_opt, init }).toEqual({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], init: true });
    expect(mem_limit).toMatch(/^\d+[mg]$/);
  });

  it('listens on 127.0.0.1 only', () => {
    const ports = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(ports).toEqual(['temporal 127.0.0.1:7233:7233', 'ui 127.0.0.1:8080:8080']);
  });

  it('writes to named volumes and to nothing of the host, but the command to the project and the ledger worker to its keys', () => {
    const binds = { './deploy/project': 'ecluse', './deploy/secrets/ledger': 'ledger' };
    for (const [name, { volumes = [] }] of services)
      for (const volume of volumes) {
        if (typeof volume === 'string') expect(Object.keys(file.volumes)).toContain(volume.split(':')[0]);
        else if (volume.type === 'bind') expect(volume.read_only ?? false).toBe(binds[volume.source as keyof typeof binds] !== name);
        else expect(Object.keys(file.volumes)).toContain(volume.source);
      }
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.flatMap((volume) => (typeof volume !== 'string' && volume.type === 'bind' ? [volume.source] : [])),
    );
    expect([...new Set(sources)].sort()).toEqual(Object.keys(binds));
  });

  it('sees the signing keys only where they sign', () => {
    const who = services.filter(([, { volumes = [] }]) => JSON.stringify(volumes).includes('./deploy/secrets/ledger')).map(([name]) => name);
    expect(who).toEqual(['ledger']);
  });

  it('is one host to a ledger on SQLite, and one name each in the Temporal UI', () => {
    for (const name of workers) expect([service(name).environment.ECLUSE_HOST, service(name).hostname]).toEqual(['ecluse', name]);
  });

  it('takes its configuration from files that are here', () => {
    for (const { file: path } of Object.values(file.configs)) expect(existsSync(join(root, path))).toBe(true);
    const used = services.flatMap(([, { configs = [] }]) => configs.map(({ source }) => source));
    expect([...new Set(used)].sort()).toEqual(Object.keys(file.configs).sort());
  });
});

describe('networks', () => {
  it('let nothing in or out of the database and of Temporal', () => {
    expect([file.networks.database, file.networks.temporal]).toEqual([{ internal: true }, { internal: true }]);
    expect(file.networks.loopback?.driver_opts).toEqual({ 'com.docker.network.bridge.enable_ip_masquerade': 'false' });
  });

  it.each([
    ['database', ['postgresql', 'schema', 'temporal']],
    ['temporal', ['control', 'ecluse', 'ledger', 'namespace', 'temporal', 'transfer', 'ui']],
    ['loopback', ['temporal', 'ui']],
    ['clouds', ['control', 'transfer']],
    ['outsiders', ['ledger']],
  ])('%s joins only whom it must', (network, members) => {
    expect(
      services
        .filter(([, { networks }]) => networks.includes(network))
        .map(([name]) => name)
        .sort(),
    ).toEqual(members);
  });
});

describe('secrets', () => {
  it('are files, exactly those that deploy:init makes', () => {
    const paths = Object.values(file.secrets).map(({ file: path }) => path.replace('./', ''));
    expect(paths.sort()).toEqual(made.filter((path) => path.startsWith('deploy/secrets/')).sort());
  });

  it.each([
    ['postgresql', ['postgres.password']],
    ['schema', ['postgres.password']],
    ['temporal', ['postgres.password']],
    ['namespace', undefined],
    ['ui', undefined],
    ['control', ['control.credentials']],
    ['transfer', ['transfer.credentials', 'reference.key']],
    ['ledger', undefined],
    ['ecluse', undefined],
  ])('%s gets its own and no more', (name, secrets) => {
    expect(service(name).secrets).toEqual(secrets);
  });

  it('lets a worker find no other credential than its own', () => {
    const files = workers.map((name) => service(name).environment.AWS_SHARED_CREDENTIALS_FILE);
    expect(files).toEqual(['/run/secrets/control.credentials', '/run/secrets/transfer.credentials', '/dev/null']);
    for (const name of [...workers, 'ecluse']) {
      const { AWS_EC2_METADATA_DISABLED, AWS_CONFIG_FILE, ...rest } = service(name).environment;
      expect({ AWS_EC2_METADATA_DISABLED, AWS_CONFIG_FILE }).toEqual({ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' });
      expect(Object.keys(rest).filter((key) => /KEY|SECRET|TOKEN|PASSWORD/.test(key))).toEqual([]);
    }
  });

  it('stand in no environment', () => {
    for (const [, { environment = {} }] of services)
      for (const [key, value] of Object.entries(environment))
        if (/PASS|PWD|SECRET|TOKEN/.test(key)) expect([key, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\/run\/secrets\//)]);
  });
});

describe('Temporal', () => {
  it('has its shards fixed before the first start', () => {
    expect(service('temporal').environment.NUM_HISTORY_SHARDS).toBe('512');
  });

  it('registers exactly the search attributes of the workflows', () => {
    const pairs = service('namespace').environment.SEARCH_ATTRIBUTES?.split(/\s+/) ?? [];
    expect(Object.fromEntries(pairs.map((pair) => pair.split('=')))).toEqual(searchAttributes);
  });

  it('keeps closed workflows for a year, in the namespace of the workers and of the UI', () => {
    expect(service('namespace').environment.RETENTION).toBe('365d');
    const { TEMPORAL_NAMESPACE } = service('namespace').environment;
    for (const name of [...workers, 'ecluse']) expect(service(name).environment.TEMPORAL_NAMESPACE).toBe(TEMPORAL_NAMESPACE);
    expect(service('ui').environment.TEMPORAL_DEFAULT_NAMESPACE).toBe(TEMPORAL_NAMESPACE);
  });

  it('shows managers a UI that writes nothing and calls nobody', () => {
    expect(service('ui').environment).toMatchObject({ TEMPORAL_DISABLE_WRITE_ACTIONS: 'true', TEMPORAL_DISABLE_NEWS_FETCH: 'true' });
  });
});

describe('deploy/public.yml', () => {
  const open = compose('deploy/public.yml');

  it('opens the UI only, with TLS and login, and nothing without its variables', () => {
    expect(Object.keys(open.services)).toEqual(['ui']);
    expect(open.services.ui?.environment).toMatchObject({
      TEMPORAL_AUTH_ENABLED: 'true',
      TEMPORAL_UI_SERVER_TLS_CERT: '/run/secrets/ui.crt',
      TEMPORAL_UI_SERVER_TLS_KEY: '/run/secrets/ui.key',
      TEMPORAL_AUTH_PROVIDER_URL: expect.stringMatching(/:\?/),
      TEMPORAL_AUTH_CLIENT_ID: expect.stringMatching(/:\?/),
    });
    expect(open.services.ui?.ports).toEqual([expect.stringMatching(/^\$\{ECLUSE_BIND:\?.+\}:443:8080$/)]);
  });
});
