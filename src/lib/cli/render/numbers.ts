const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** A unit is 1024 of the one below. */
function scale(bytes: number): {value: number; unit: number} {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return {value, unit}
}

/** `812 B`, `1.4 MB`, `23 GB`: two figures or three. */
export function renderBytes(bytes: number): string {
  const {unit, value} = scale(bytes)
  return `${value.toFixed(unit === 0 || value >= 10 ? 0 : 1)} ${UNITS[unit]}`
}

/** `1,008`: groups of three, for people. */
export function renderCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 slot`, `2 slots`, `3 primaries`. */
export function renderAmount(count: number, one: string, many = `${one}s`): string {
  return `${renderCount(count)} ${count === 1 ? one : many}`
}

/** `14.91GB`: as rladmin writes memory, without a space. */
export function renderRam(bytes: number): string {
  const {unit, value} = scale(bytes)
  return `${unit === 0 ? value : value.toFixed(2)}${UNITS[unit]}`
}
