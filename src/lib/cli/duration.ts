const UNIT_MS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, '': 1000}

/**
 * Reads `500ms`, `5s`, `2m`, `1h`; a bare number means seconds.
 *
 * @returns milliseconds, > 0; undefined if the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text.trim())
  if (!match) return undefined
  const ms = Math.round(Number(match[1]) * (UNIT_MS[match[2] as string] as number))
  return ms > 0 && Number.isSafeInteger(ms) ? ms : undefined
}

/** `850 ms`, `4.2 s`, `3m 20s`, `2h 05m`: as many digits as help. */
export function renderDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(seconds / 3600)}h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}m`
}
