import type { Language } from '../core/project-words.ts';
import { sizeText } from '../core/sizes.ts';
import { html, type Markup } from './html.ts';
import type { Batch } from './report-data.ts';

/** Bytes per second in slices of equal length, and how many bytes there were by the end of each slice. */
export interface Throughput {
  readonly startMs: number;
  readonly sliceMs: number;
  readonly ratesBytesPerSecond: readonly number[];
  readonly totalsBytes: readonly number[];
}

const slices = 80;

/** Undefined when nothing was verified yet. A slice is at least one second: a shorter one would tell of the clock, not of the copy. */
export function throughput(batches: readonly Batch[]): Throughput | undefined {
  if (batches.length === 0) return undefined;
  const spans = batches.map(({ from, to, sizeBytes }) => ({ from: Date.parse(from), to: Date.parse(to), sizeBytes }));
  const startMs = spans.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const endMs = spans.reduce((most, { to }) => Math.max(most, to), 0);
  const sliceMs = Math.max(1000, Math.ceil((endMs - startMs) / slices));
  const count = Math.max(1, Math.ceil((endMs - startMs) / sliceMs));
  const bytes = new Array<number>(count).fill(0);
  for (const { from, to, sizeBytes } of spans) {
    const first = Math.min(count - 1, Math.floor((from - startMs) / sliceMs));
    const last = Math.min(count - 1, Math.max(first, Math.ceil((to - startMs) / sliceMs) - 1));
    for (let i = first; i <= last; i++) {
      const overlapMs = Math.min(to, startMs + (i + 1) * sliceMs) - Math.max(from, startMs + i * sliceMs);
      bytes[i] = (bytes[i] ?? 0) + sizeBytes * (to > from ? overlapMs / (to - from) : 1 / (last - first + 1));
    }
  }
  let sum = 0;
  return { startMs, sliceMs, ratesBytesPerSecond: bytes.map((each) => (each * 1000) / sliceMs), totalsBytes: bytes.map((each) => (sum += each)) };
}

const width = 720;
const height = 220;
const left = 88;
const right = 12;
const top = 14;
const bottom = 34;

/** Bars of bytes per second over a line of bytes in total, each on its own scale, as one SVG image. */
export function throughputPlot(
  { startMs, sliceMs, ratesBytesPerSecond, totalsBytes }: Throughput,
  language: Language,
  clock: (time: string) => string,
  title: string,
): Markup {
  const most = niceCeiling(Math.max(1, ...ratesBytesPerSecond));
  const total = totalsBytes.at(-1) || 1;
  const inner = { width: width - left - right, height: height - top - bottom };
  const step = inner.width / ratesBytesPerSecond.length;
  const y = (share: number): number => round(top + inner.height * (1 - share));
  const points = totalsBytes.map((each, i) => `${round(left + (i + 1) * step)},${y(each / total)}`).join(' ');
  const times = [0, 0.5, 1].map((share) => ({
    x: round(left + inner.width * share),
    text: clock(new Date(startMs + share * sliceMs * ratesBytesPerSecond.length).toISOString()),
    share,
  }));
  return html`<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${height}" class="plot"><title>${title}</title>
${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y(share)}" y2="${y(share)}"/><text class="tick" x="${left - 8}" y="${y(share) + 4}" text-anchor="end">${sizeText(most * share, language)}/s</text>`)}
${ratesBytesPerSecond.map((rate, i) => html`<rect class="bar" x="${round(left + i * step)}" y="${y(rate / most)}" width="${round(Math.max(0.5, step - (step > 3 ? 1 : 0)))}" height="${round((inner.height * rate) / most)}"/>`)}
<polyline class="total" points="${left},${y(0)} ${points}"/>
${times.map(({ x, text, share }) => html`<text class="tick" x="${x}" y="${height - 10}" text-anchor="${share === 0 ? 'start' : share === 1 ? 'end' : 'middle'}">${text}</text>`)}
</svg>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** A round number of its own unit, a little above, so that the ticks read well. */
function niceCeiling(value: number): number {
  const unit = 1024 ** Math.floor(Math.log(value) / Math.log(1024));
  const steps = [1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 60, 80, 100, 120, 160, 200, 240, 320, 400, 600, 800, 1024];
  return unit * (steps.find((step) => step >= value / unit) ?? 1024);
}
