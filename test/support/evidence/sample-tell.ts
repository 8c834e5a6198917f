import type { LedgerDraft } from '../../../src/model/ledger-record.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { SampleEdits } from './sample-edits.ts';
import { type SampleLog, service } from './sample-log.ts';
import type { SampleBatch, SampleHistory } from './sample-objects.ts';
import { type SampleKeys, samplePlace } from './sample-policy.ts';

export type SampleKind = 'final' | 'interim' | 'rolled-back';

/** The story of one workload, told into a log. */
export interface Story {
  readonly log: SampleLog;
  readonly policy: Policy;
  readonly keys: SampleKeys;
  readonly edits: SampleEdits;
  /** With objects whose history is hard to follow; with `contradicted` ones a listing says that what was gone is there. */
  readonly hard?: 'settled' | 'contradicted' | undefined;
  /** Those that count. */
  readonly batches: SampleBatch[];
  readonly inventories: SampleHistory['inventories'][number][];
  run: number;
  pass: number;
  turn: number;
}

export type Said = Partial<LedgerDraft>;

const { project, workload } = samplePlace;
export const source = { provider: 'aws', region: 'eu-west-3', country: 'FR', endpoint: 's3.eu-west-3.example', resource_ref: 'records' };
export const target = { provider: 'outscale', region: 'eu-west-2', country: 'FR', endpoint: 'oos.eu-west-2.example', resource_ref: 'records' };
const refs = { workflow_id: 'project/demo/bucket/records-archive', run_id: '0b5e', activity_id: '1', attempt: 1 };
export const acceptedLosses = ['OBJECT_ARCHIVED', 'TAGS_NOT_CARRIED'];

export function step(story: Story, name: string, work: () => void = () => undefined): void {
  tell(story, 'step.started', name);
  work();
  tell(story, 'step.succeeded', name);
}

/** A record about the workload: its id is made of place and step. */
export function tell(story: Story, event: LedgerDraft['event'], name: string, said: Said = {}, more = ''): number {
  const [, phase = event] = event.split('.');
  const { run, pass, turn } = act(story, name);
  return story.log.append({
    event_id: `${project}/${workload}/${name}${more}/${phase}/${run}/${pass}/${turn}`,
    event,
    actor: service('control'),
    refs,
    unit: { kind: 'bucket', ref: workload },
    source,
    target,
    act: act(story, name),
    ...said,
  });
}

export const act = ({ run, pass, turn }: Story, name: string, only = turn): NonNullable<LedgerDraft['act']> => ({ name, run, pass, turn: only });
