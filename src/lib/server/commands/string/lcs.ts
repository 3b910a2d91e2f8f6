import {requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {reading} from './define.js'

interface Match {
  readonly aFirst: number
  readonly aLast: number
  readonly bFirst: number
  readonly bLast: number
}

interface Options {
  readonly onlyLength: boolean
  readonly indexes: boolean
  readonly lengthMin: number
  readonly withLength: boolean
}

function parseOptions(argv: readonly string[]): Options {
  let onlyLength = false
  let indexes = false
  let lengthMin = 0
  let withLength = false
  for (let i = 3; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'idx') indexes = true
    else if (word === 'len') onlyLength = true
    else if (word === 'withmatchlen') withLength = true
    else if (word === 'minmatchlen' && i + 1 < argv.length) lengthMin = Math.max(0, requireInteger(argv[++i]!))
    else throw new ReplyError(SYNTAX_ERROR)
  }
  if (indexes && onlyLength) {
    throw new ReplyError('ERR If you want both the length and indexes, please just use IDX.')
  }
  return {indexes, lengthMin, onlyLength, withLength}
}

/** Lengths of the longest common subsequence of every pair of prefixes, row by row of `a`. */
function fillTable(a: string, b: string): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i++) {
    const code = a.charCodeAt(i - 1)
    for (let j = 1; j <= b.length; j++) {
      const at = i * width + j
      table[at] =
        code === b.charCodeAt(j - 1) ? table[at - width - 1]! + 1 : Math.max(table[at - width]!, table[at - 1]!)
    }
  }
  return table
}

/** Walks back from the ends: the subsequence, and its unbroken runs, last first. */
function traceBack(a: string, b: string, table: Uint32Array): {readonly text: string; readonly matches: Match[]} {
  const width = b.length + 1
  const characters: string[] = []
  const matches: Match[] = []
  let run: Match | undefined
  let i = a.length
  let j = b.length
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--
      j--
      characters.push(a[i]!)
      const extends_ = run !== undefined && run.aFirst === i + 1 && run.bFirst === j + 1
      if (run !== undefined && !extends_) matches.push(run)
      run = extends_ ? {...run!, aFirst: i, bFirst: j} : {aFirst: i, aLast: i, bFirst: j, bLast: j}
    } else if (table[(i - 1) * width + j]! > table[i * width + j - 1]!) {
      i--
    } else {
      j--
    }
  }
  if (run !== undefined) matches.push(run)
  return {matches, text: characters.reverse().join('')}
}

function lcs({db, reply, server}: CommandContext, argv: string[]): void {
  const a = db.get(argv[1]!) ?? ''
  const b = db.get(argv[2]!) ?? ''
  if (typeof a !== 'string' || typeof b !== 'string') {
    throw new ReplyError('ERR The specified keys must contain string values')
  }
  const options = parseOptions(argv)
  if ((a.length + 1) * (b.length + 1) * 4 > server.config.values.protoMaxBulkLen) {
    throw new ReplyError('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
  }
  const table = fillTable(a, b)
  const length = table[table.length - 1]!
  if (options.onlyLength) {
    reply.integer(length)
    return
  }
  const {matches, text} = traceBack(a, b, table)
  if (!options.indexes) {
    reply.bulk(text)
    return
  }
  const shown = matches.filter(({aFirst, aLast}) => aLast - aFirst + 1 >= options.lengthMin)
  reply.map(2)
  reply.bulk('matches')
  reply.array(shown.length)
  for (const {aFirst, aLast, bFirst, bLast} of shown) {
    reply.array(options.withLength ? 3 : 2)
    for (const position of [
      [aFirst, aLast],
      [bFirst, bLast],
    ] as const) {
      reply.array(2)
      reply.integer(position[0])
      reply.integer(position[1])
    }
    if (options.withLength) reply.integer(aLast - aFirst + 1)
  }
  reply.bulk('len')
  reply.integer(length)
}

export const lcsCommands: readonly Command[] = [
  reading('lcs', -3, '7.0.0', ['RO', 'access'], lcs, {fast: false, last: 1}),
]
