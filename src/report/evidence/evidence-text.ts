import { localTime } from '../../core/local-time.ts';
import type { Language } from '../../core/project-words.ts';
import { numberText, sizeText } from '../../core/sizes.ts';
import type { Place } from './workload-sums.ts';

const zone = 'Europe/Paris';

/** `2026-03-29 00:30 UTC · 01:30 Europe/Paris`: the day stands twice where the two differ by it. */
export function timeText(time: string): string {
  const [utc, local] = [localTime(time, 'UTC'), localTime(time, zone)];
  const isSameDay = utc.slice(0, 10) === local.slice(0, 10);
  return `${utc} UTC · ${isSameDay ? local.slice(11) : local} ${zone}`;
}

/** `8.6 MiB (9,006,000 B)`: rounded to be read, exact to be added up. */
export function bytesText(sizeBytes: bigint, language: Language): string {
  const short = sizeText(Number(sizeBytes), language);
  if (sizeBytes < 1024n) return short;
  const exact = new Intl.NumberFormat(language === 'fr' ? 'fr-FR' : 'en-GB').format(sizeBytes);
  return `${short} (${exact} ${language === 'fr' ? 'o' : 'B'})`;
}

export const countText = (count: number | undefined, language: Language): string => (count === undefined ? '' : numberText(count, language));

/** Provider, region, country, and what it is called there. */
export function placeText(place: Place | undefined, unknown: string): string {
  if (!place) return unknown;
  const { provider, region, country, resource_ref, endpoint, account_ref } = place;
  return [provider, region, country ?? unknown, resource_ref, account_ref, endpoint].filter((part) => part !== undefined && part !== '').join(' · ');
}
