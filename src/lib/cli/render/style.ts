import {stripVTControlCharacters} from 'node:util'

/** Colours as functions of text, so that renderers stay pure: the caller decides whether there are any. */
export interface Style {
  readonly color: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
  /** One of twelve foregrounds that can be told apart; `index` may be any whole number >= 0. */
  nth(index: number, text: string): string
}

/** 256-colour codes, apart in hue and readable on dark and light. */
const PALETTE = [39, 208, 41, 170, 220, 51, 203, 111, 148, 141, 214, 80] as const

function paint(open: string, close: string): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001B[${open}m${text}\u001B[${close}m`)
}

const COLORED: Style = {
  color: true,
  bold: paint('1', '22'),
  dim: paint('2', '22'),
  red: paint('31', '39'),
  green: paint('32', '39'),
  yellow: paint('33', '39'),
  cyan: paint('36', '39'),
  nth: (index, text) => paint(`38;5;${PALETTE[index % PALETTE.length]}`, '39')(text),
}

const same = (text: string) => text

const PLAIN: Style = {
  color: false,
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  nth: (_index, text) => text,
}

export function styleOf(color: boolean): Style {
  return color ? COLORED : PLAIN
}

/** Colour is for terminals, unless NO_COLOR, TERM=dumb or the flag forbid it; FORCE_COLOR insists. */
export function wantsColor(
  stream: {readonly isTTY?: boolean},
  env: Readonly<Record<string, string | undefined>>,
  noColorFlag: boolean,
): boolean {
  if (noColorFlag || env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** The text without colours, for widths and for files. */
export function stripStyle(text: string): string {
  return stripVTControlCharacters(text)
}

/** Columns a text takes on a terminal; wide characters are not expected in what Shoal prints. */
export function widthOf(text: string): number {
  return [...stripStyle(text)].length
}
