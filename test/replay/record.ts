import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { findPart } from '../../lab/parts.ts';
import { projectWorkflowId, workloadWorkflowId } from '../../src/core/ids.ts';
import { createMemoryStore, type MemoryStore } from '../support/memory-store.ts';
import { accessTo, runVariable, sharedServers } from '../support/run.ts';
import { endRun, openRun, startServers } from '../support/run-servers.ts';
import { disconnect, type Stage, type StageOptions, withStage } from '../workflows/stage.ts';

/**
 * Records the histories of a few passages with the present version, on a real server: `node test/replay/record.ts`. They are evidence of
 * what a landed version did: see README.md for when this may run.
 */
const folder = path.join(import.meta.dirname, 'histories');

interface Passage {
  readonly options: StageOptions;
  /** Plays it; `keep` writes a history as it stands. */
  readonly play: (stage: Stage, keep: (name: string, workload?: string) => void) => Promise<void>;
}

const source = (objects: number): MemoryStore => {
  const store = createMemoryStore();
  for (let n = 0; n < objects; n++) store.seed(`k/${n}`, `object ${n}`);
  store.seed('a//b', 'asks for an acceptance');
  return store;
};

async function toCutover(stage: Stage): Promise<void> {
  await stage.approve('loss');
  await stage.untilState('ready for cutover', 'waiting');
  stage.source.bucket.remove('k/0', {});
  stage.source.seed('k/new', 'new');
  await stage.cutOver();
}

async function discard(stage: Stage): Promise<void> {
  await stage.approve('discard');
  await stage.until(({ waitingFor }) => waitingFor?.startsWith('order discard') === true);
  await stage.order('discard');
  await stage.handle.result();
}

const once = (name: string, code: string): NonNullable<StageOptions['faults']> => {
  let isFaulty = true;
  return {
    before: (call) => {
      if (call.name !== name || !isFaulty) return;
      isFaulty = false;
      throw ApplicationFailure.nonRetryable('planted', code);
    },
  };
};

const passages: readonly Passage[] = [
  {
    options: { source: source(8), shardObjects: 3 },
    play: async (stage, keep) => {
      await toCutover(stage);
      await stage.approve('finalize');
      await stage.order('finalize');
      await stage.handle.result();
      keep('finalized-project');
      keep('finalized-bucket', 'w0');
    },
  },
  {
    options: { source: source(8), shardObjects: 3 },
    play: async (stage, keep) => {
      await toCutover(stage);
      await stage.order('rollback');
      await discard(stage);
      keep('rolled-back-and-discarded-bucket', 'w0');
    },
  },
  {
    options: { source: source(4), faults: once('copyShard', 'PERMISSION_DENIED') },
    play: async (stage, keep) => {
      await stage.approve('loss');
      await stage.until(({ condition }) => condition === 'held');
      await stage.resume();
      await stage.pause();
      await stage.until(({ condition }) => condition === 'paused');
      await stage.resume();
      await stage.untilState('ready for cutover', 'waiting');
      keep('held-and-paused-bucket', 'w0');
      keep('running-project');
    },
  },
  {
    options: { source: source(4), faults: once('verifyShard', 'TARGET_INVALID') },
    play: async (stage, keep) => {
      await stage.approve('loss');
      await stage.until(({ waitingFor }) => waitingFor?.startsWith('resume') === true);
      await stage.resume();
      await stage.untilState('ready for cutover', 'waiting');
      keep('unwound-and-restarted-bucket', 'w0');
    },
  },
  {
    options: { source: source(30), shardObjects: 3, window: 2, continueAfterEvents: 60 },
    play: async (stage, keep) => {
      await toCutover(stage);
      keep('continued-bucket', 'w0');
    },
  },
];

async function record(): Promise<void> {
  const run = await openRun();
  process.env[runVariable] = run;
  try {
    await startServers(run, new AbortController().signal);
    const temporal = await findPart('temporal');
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) rmSync(path.join(folder, name));
    for (const { options, play } of passages) {
      await withStage(options, (stage) =>
        play(stage, (name, workload) => {
          const id = workload ? workloadWorkflowId(stage.project, 'bucket', workload) : projectWorkflowId(stage.project);
          write(name, historyOf(temporal, id));
        }),
      );
    }
  } finally {
    await disconnect();
    await endRun(run);
  }
}

function historyOf(temporal: string, workflowId: string): readonly unknown[] {
  const { address, namespace } = accessTo(sharedServers().temporal);
  const args = ['workflow', 'show', '--workflow-id', workflowId, '--address', address, '--namespace', namespace, '--output', 'json'];
  const { events } = JSON.parse(execFileSync(temporal, args, { maxBuffer: 2 ** 28 }).toString(), nameless) as { events: unknown[] };
  return events;
}

/** Without what tells of the machine that recorded: its name, also in names of queues, and paths in stacks. */
const nameless = (name: string, value: unknown): unknown =>
  name === 'identity' ? 'recorder' : name === 'stackTrace' ? '' : typeof value === 'string' ? value.replaceAll(hostname(), 'recorder') : value;

/** One event a line, so that a difference can be read. */
function write(name: string, events: readonly unknown[]): void {
  writeFileSync(path.join(folder, `${name}.json`), `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`);
  process.stdout.write(`${name}: ${events.length} events\n`);
}

void record().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(`${String(error)}\n`);
});
