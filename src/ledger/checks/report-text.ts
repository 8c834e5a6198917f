import type { CheckReport } from './findings.ts';
import { checkNames, notProven, requirements } from './requirements.ts';
import type { BundleReport } from './verify-bundle.ts';

export type ReportLanguage = 'en' | 'fr' | 'both';
type Said = readonly [en: string, fr: string];

const lab: Said = ['LAB, NOT EVIDENCE', 'LABORATOIRE, SANS VALEUR DE PREUVE'];
const interim: Said = [
  'INTERIM: the migration was not over; what is under way is pending, and the closing rules were not applied',
  'INTERMÉDIAIRE : la migration n’était pas terminée ; ce qui est en cours est en attente, et les règles de clôture ne s’appliquent pas',
];
const headings = {
  requirements: ['Requirements', 'Exigences'],
  checks: ['Checks', 'Contrôles'],
  notProven: ['Not proven by a bundle', 'Ce qu’un dossier ne prouve pas'],
  fingerprints: ['Fingerprints of this bundle (compare with the controller’s paper)', 'Empreintes de ce dossier (à comparer au papier du responsable)'],
  records: ['records', 'enregistrements'],
  verdict: ['Verdict', 'Verdict'],
  pending: ['pending: workloads', 'en attente : charges'],
  acts: ['acts', 'actes'],
  withheld: ['confidential files withheld', 'fichiers confidentiels retenus'],
} as const satisfies Record<string, Said>;

const recordsShown = 8;

/** The answer for people: what it is, the requirements, the checks, and what is not proven. `table` sets columns. */
export function reportText(report: BundleReport, language: ReportLanguage, table: (rows: readonly (readonly string[])[]) => string): string {
  const say = ([en, fr]: Said): string => (language === 'both' ? (en === fr ? en : `${en} / ${fr}`) : language === 'fr' ? fr : en);
  const { pending, withheld } = report;
  const results = new Map(report.requirements.map((one) => [one.id, one]));
  const rows = requirements.flatMap(({ id, en, fr }) => {
    const { result = 'UNKNOWN', records = [] } = results.get(id) ?? {};
    const row = [id, result, language === 'fr' ? fr : en, listed(records)];
    return language === 'both' ? [row, ['', '', fr, '']] : [row];
  });
  const isOpen = pending.workloads > 0 || pending.acts > 0;
  return [
    ...(report.class === 'lab' ? [`*** ${lab.join(' / ')} ***`] : []),
    ...(report.kind === 'interim' ? [say(interim)] : []),
    `${report.project} · ${report.log} · ${report.size} ${say(headings.records)} · ${report.root}`,
    ...(isOpen ? [`${say(headings.pending)} ${pending.workloads}, ${say(headings.acts)} ${pending.acts}`] : []),
    ...(withheld > 0 ? [`${withheld} ${say(headings.withheld)}`] : []),
    `\n${say(headings.requirements)}`,
    table(rows),
    `\n${say(headings.checks)}`,
    table(report.checks.map((check) => checkRow(check, say(checkNames[check.id])))),
    `\n${say(headings.fingerprints)}`,
    table(Object.entries(report.fingerprints)),
    `\n${say(headings.notProven)}`,
    ...notProven.flatMap(({ en, fr }) => [...(language === 'fr' ? [] : [`- ${en}`]), ...(language === 'en' ? [] : [`- ${fr}`])]),
    `\n${say(headings.verdict)}: ${report.verdict}`,
  ].join('\n');
}

const checkRow = ({ id, result, detail }: CheckReport, name: string): readonly string[] => [id, result, name, detail];

const listed = (records: readonly number[]): string =>
  [...records.slice(0, recordsShown).map((seq) => `#${seq}`), ...(records.length > recordsShown ? ['…'] : [])].join(' ');
