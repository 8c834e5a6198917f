import type { Language } from './project-words.ts';

const units = { en: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], fr: ['o', 'Kio', 'Mio', 'Gio', 'Tio', 'Pio'] } as const;

/** `1.5 GiB`, `1,5 Gio`. */
export function sizeText(sizeBytes: number, language: Language): string {
  const power = sizeBytes < 1024 ? 0 : Math.min(5, Math.floor(Math.log2(sizeBytes) / 10));
  const value = sizeBytes / 1024 ** power;
  return `${numberText(value, language, power === 0 || value >= 100 ? 0 : 1)} ${units[language][power] ?? ''}`;
}

/** `12,345`, `12 345`: grouped as the language does, with a narrow space that does not break. */
export const numberText = (value: number, language: Language, digits = 0): string =>
  new Intl.NumberFormat(language === 'fr' ? 'fr-FR' : 'en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
