#!/usr/bin/env node
// Plain JavaScript of the oldest Node that might meet it: it only looks at the version, since an older Node cannot even read the rest.
const needed = [22, 19];
const running = process.versions.node.split('.').map(Number);
if (running[0] < needed[0] || (running[0] === needed[0] && running[1] < needed[1])) {
  process.stderr.write(
    'ecluse needs Node ' +
      needed.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'In a clone, `npm install` brings the right one and `npx ecluse` uses it.\n',
  );
  process.exit(2);
} else {
  import('./main.ts')
    .then((command) => command.main(process.argv.slice(2)))
    .then((code) => {
      process.exitCode = code;
    });
}
