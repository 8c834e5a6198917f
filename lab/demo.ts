import { hireConsultant } from './demo/consultant.ts';
import { sampleByHand } from './demo/evidence.ts';
import { machineName, makeMachine } from './demo/machine-estate.ts';
import { closeMachineRecord, cutOver, finalizeMachine, planMachine, rehearse, replicate, takeMachineBack } from './demo/machine-passage.ts';
import { openMeter } from './demo/meter.ts';
import { assess, changeAndCutOver, compareIndependently, copyThroughDeath, finalize, openStage, seed, showRecord, takeBack } from './demo/passage.ts';
import { openTeller } from './demo/terminal.ts';
import { down, up } from './lab.ts';
import { LabError, reasonOf } from './lab-error.ts';

const machineCase = 'aws-to-outscale';

const cases = [
  { flag: '', minutes: '2', what: 'a bucket moved end to end, a worker killed on the way, every object verified' },
  { flag: '--rollback', minutes: '2.5', what: 'the same, then all of it taken back: source untouched, target as before' },
  { flag: `--case ${machineCase}`, minutes: '4', what: 'a virtual machine of two disks, from AWS to OUTSCALE down to its boot (stand-ins of both)' },
  { flag: `--case ${machineCase} --rollback`, minutes: '4', what: 'the same, then the way back' },
];

const usage = `npm run demo [-- OPTION]

  ${cases.map(({ flag, minutes, what }) => `${flag.padEnd(34)} ${what} (about ${minutes} minutes)`).join('\n  ')}
  ${'--stop'.padEnd(34)} stop the lab at the end, also on a terminal
  ${'--list'.padEnd(34)} the cases and their minutes
  ${'--help'.padEnd(34)} this text`;

/** `npm run demo`: the product's main job on a lab of real servers. 0 done, 1 failed, 2 usage. */
async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf('--case');
  const named = at < 0 ? undefined : (args[at + 1] ?? '');
  const others = at < 0 ? args : args.toSpliced(at, 2);
  const unknown =
    named !== undefined && named !== machineCase ? `--case ${named}` : others.find((arg) => !['--rollback', '--list', '--stop', '--help'].includes(arg));
  if (unknown !== undefined || args.includes('--help')) {
    process.stdout.write(`${unknown === undefined ? '' : `there is no option ${unknown}\n\n`}${usage}\n`);
    return unknown === undefined ? 0 : 2;
  }
  if (args.includes('--list')) {
    for (const { flag, minutes, what } of cases) process.stdout.write(`npm run demo${flag ? ` -- ${flag}` : ''}\t${minutes} min\t${what}\n`);
    return 0;
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort(new LabError('Interrupted.')));
  const leavesUp = Boolean(process.stdout.isTTY) && !args.includes('--stop');
  try {
    const played = named === machineCase ? playMachine : play;
    await played(args.includes('--rollback'), interrupt.signal, leavesUp);
    if (!leavesUp) await down();
    return 0;
  } catch (error) {
    process.stderr.write(`\n${interrupt.signal.aborted ? 'Interrupted: the lab is stopped; the next run works.' : reasonOf(error)}\n`);
    await down();
    return 1;
  }
}

async function play(withRollback: boolean, signal: AbortSignal, leavesUp: boolean): Promise<void> {
  const teller = openTeller((line) => process.stdout.write(`${line}\n`));
  teller.step('A lab on this machine: Temporal, two object stores, workers');
  const project = `demo-${new Date().toISOString().replaceAll(/\D/g, '').slice(2, 14)}`;
  const { stores } = await up({ workers: false, signal, say: teller.fact });
  const meter = await openMeter(stores.source.endpoint);
  try {
    const lab = await up({ workers: true, project, outsiders: true, sourceEndpoint: meter.endpoint, signal, say: teller.fact });
    const page = `${lab.temporal.ui}/namespaces/default/workflows/project%2F${project}`;
    teller.fact(`watch it: ${page}`);
    const stage = openStage(lab, meter, teller, signal);
    await seed(lab, teller);
    await assess(stage);
    await copyThroughDeath(stage);
    await changeAndCutOver(stage);
    await compareIndependently(stage);
    await (withRollback ? takeBack(stage) : finalize(stage));
    await showRecord(stage);
    if (!withRollback) await sampleByHand(stage);
    teller.step(`Done in ${Math.round(teller.elapsedSeconds())} s.`);
    if (!leavesUp) return;
    await up({ workers: true, signal });
    teller.fact(`The lab stays up. Watch it: ${page}`);
    teller.fact(`Use it:  cd ${lab.folder} && npx ecluse status`);
    teller.fact('Stop it: npx ecluse lab down');
  } finally {
    await meter.stop();
  }
}

async function playMachine(withRollback: boolean, signal: AbortSignal, leavesUp: boolean): Promise<void> {
  const teller = openTeller((line) => process.stdout.write(`${line}\n`));
  teller.step('A lab on this machine: Temporal, object stores, stand-ins of AWS and OUTSCALE, workers');
  const project = `vm-${new Date().toISOString().replaceAll(/\D/g, '').slice(2, 14)}`;
  const lab = await up({ workers: true, machines: true, project, outsiders: true, signal, say: teller.fact });
  const page = `${lab.temporal.ui}/namespaces/default/workflows/project%2F${project}`;
  teller.fact(`watch it: ${page}`);
  const machine = await makeMachine(lab, teller);
  const scene = { lab, teller, signal, machine, workload: machineName, consultant: hireConsultant(machineName, lab.folder, teller, signal) };
  await planMachine(scene);
  await replicate(scene);
  await rehearse(scene);
  // The killed worker comes back, so that there is one to be killed again.
  await cutOver({ ...scene, lab: await up({ workers: true, machines: true, signal }) });
  await (withRollback ? takeMachineBack(scene) : finalizeMachine(scene));
  await closeMachineRecord(scene);
  teller.step(`Done in ${Math.round(teller.elapsedSeconds())} s.`);
  if (leavesUp) teller.fact(`The lab stays up. Watch it: ${page}; stop it: npx ecluse lab down`);
}

if (process.argv[1] === import.meta.filename) {
  void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
