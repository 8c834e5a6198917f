// `npm run demo`, `npm test` and their kin start here, on a clone with nothing installed and any Node that can read this:
// look at the machine, bring the packages, then run the command under the project's own Node. Prints to stderr, so that a
// command's own output stays clean.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const clone = dirname(dirname(fileURLToPath(import.meta.url)));

/** `shows`: the floor is printed; the others only speak when something is wrong. */
const commands = {
  demo: { file: 'lab/demo.ts', shows: true },
  test: { file: 'lab/test.ts', shows: true },
  check: { file: 'lab/check.ts', shows: false },
  bench: { file: 'bench/main.ts', shows: true },
  ecluse: { file: 'src/cli/ecluse.mjs', shows: false },
  docs: { file: 'lab/docs.ts', shows: false },
  'bench:memory': { file: 'bench/memory.ts', shows: true },
  'bench:ledger': { file: 'bench/ledger-append.ts', shows: true },
  'bench:disk': { file: 'bench/disk.ts', shows: true },
  'deploy:init': { file: 'deploy/init.ts', shows: false },
};

const say = (line) => process.stderr.write(`${line}\n`);

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (!command) {
    say(`usage: node lab/start.mjs ${Object.keys(commands).join('|')} [arguments]`);
    return 2;
  }
  // Loaded only now, and one by one: an older Node gets the answer of the first that it can still read.
  const { readFloor, readGround } = await import('./floor.cjs');
  if (!stands(command.shows ? readFloor(clone) : readGround(), command.shows)) return 1;
  const { bringPackages, ownNode } = await import('./packages.cjs');
  const missing = bringPackages(clone, say);
  if (missing) {
    say(`${missing.problem}\n  Type: ${missing.typeThis}`);
    return 1;
  }
  return run(ownNode(clone), [`${clone}/${command.file}`, ...args]);
}

/** Prints the floor, or what is wrong with it. */
function stands(floor, shows) {
  for (const { name, found, typeThis } of floor) {
    if (typeThis) say(`  ${name.padEnd(8)} ${found}\n           Type: ${typeThis}`);
    else if (shows) say(`  ${name.padEnd(8)} ${found}`);
  }
  return floor.every(({ typeThis }) => !typeThis);
}

/** Hands signals on and takes the child's end for ours. A Ctrl-C reaches the child from the terminal too: twice is as once. */
function run(node, args) {
  const env = { ...process.env, PATH: `${clone}/node_modules/.bin:${process.env.PATH ?? ''}` };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(`${args[0]} could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      if (!signal) return resolve(code ?? 1);
      for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(each);
      process.kill(process.pid, signal);
    });
  });
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
