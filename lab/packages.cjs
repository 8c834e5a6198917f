// Plain JavaScript without dependencies: it brings the dependencies.
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

/**
 * Brings `node_modules` to what package-lock.json says, by `npm ci`, and only when it differs: npm's own record of what it installed,
 * which it writes last, is compared with the lock, so an interrupted install and one that a person made are both judged rightly.
 * npm's settings (registry, proxy, certificates) hold. Nothing to do needs no network.
 * @param {string} clone
 * @param {(line: string) => void} say
 * @returns {{ problem: string, typeThis: string } | undefined}
 */
function bringPackages(clone, say) {
  if (!isInstalled(clone)) {
    say('installing the npm packages (half a minute)');
    const { status, error } = spawnSync('npm', ['ci', '--loglevel=error'], { cwd: clone, stdio: ['ignore', 2, 2], env: outsideEnvironment() });
    if (error) return { problem: `npm could not be started (${error.code}).`, typeThis: 'npx --yes npm@11 ci' };
    if (status !== 0) return { problem: 'npm ci failed: what it says stands above.', typeThis: 'npm ci' };
  }
  const { stdout } = spawnSync(ownNode(clone), ['--version'], { encoding: 'utf8' });
  if (stdout?.startsWith('v24.')) return undefined;
  // npm left the package without its binary: the script that fetches it did not run.
  return {
    problem: 'The project’s Node 24 is not there: npm was told to run no install scripts, not even that of "node".',
    typeThis: 'npm rebuild node --ignore-scripts=false',
  };
}

const ownNode = (clone) => `${clone}/node_modules/.bin/node`;

function isInstalled(clone) {
  try {
    const wanted = JSON.parse(readFileSync(`${clone}/package-lock.json`, 'utf8')).packages;
    const there = JSON.parse(readFileSync(`${clone}/node_modules/.package-lock.json`, 'utf8')).packages;
    const names = Object.keys(wanted).filter((name) => name !== '');
    // Packages for other systems are optional and stay away.
    return names.every((name) => (there[name] ? there[name].version === wanted[name].version : wanted[name].optional || wanted[name].peer));
  } catch {
    return false;
  }
}

/** Without our own .bin on PATH: npm ci takes it away under the feet of a Node that runs from there. */
function outsideEnvironment() {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.endsWith('node_modules/.bin'));
  return { ...process.env, PATH: path.join(':') };
}

module.exports = { bringPackages, ownNode };
