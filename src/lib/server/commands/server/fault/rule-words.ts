import {requireInteger} from '../../../arguments.js'
import type {FaultDirection, FaultEffect, FaultPeer, FaultRule} from '../../../faults/rules.js'
import {ReplyError, SYNTAX_ERROR} from '../../../reply-error.js'

/** The words of a command line, one after the other. */
export class Words {
  private at: number

  constructor(
    private readonly argv: readonly string[],
    first: number,
  ) {
    this.at = first
  }

  get isAtEnd(): boolean {
    return this.at >= this.argv.length
  }

  /** @throws ReplyError if there is none */
  next(): string {
    const word = this.argv[this.at++]
    if (word === undefined) throw new ReplyError(SYNTAX_ERROR)
    return word
  }

  /** A whole number, not negative. */
  count(): number {
    const value = requireInteger(this.next())
    if (value < 0) throw new ReplyError('ERR value is out of range, must be positive')
    return value
  }

  /** Takes that word, in capitals, if it is the next. */
  takes(word: string): boolean {
    const isNext = this.argv[this.at]?.toUpperCase() === word
    if (isNext) this.at++
    return isNext
  }
}

export interface RuleTable {
  readonly rules: readonly FaultRule[]
  /** Unix milliseconds. */
  readonly madeMs: number | undefined
}

/** `count [rule ...] [AT unix-ms]`, and nothing after it. @throws ReplyError */
export function parseTable(words: Words): RuleTable {
  const count = words.count()
  const rules: FaultRule[] = []
  while (rules.length < count) rules.push(parseRule(words))
  const madeMs = words.takes('AT') ? words.count() : undefined
  if (!words.isAtEnd) throw new ReplyError(SYNTAX_ERROR)
  return {madeMs, rules}
}

/** `host port busport IN|OUT DROP|RESET|DELAY ms jitter-ms|LOSS probability [UNTIL unix-ms]` @throws ReplyError */
export function parseRule(words: Words): FaultRule {
  const peer: FaultPeer = {host: words.next(), port: words.count(), busPort: words.count()}
  const direction = parseDirection(words.next())
  const effect = parseEffect(words)
  return words.takes('UNTIL') ? {direction, effect, peer, untilMs: words.count()} : {direction, effect, peer}
}

function parseDirection(word: string): FaultDirection {
  const lower = word.toLowerCase()
  if (lower === 'in' || lower === 'out') return lower
  throw new ReplyError('ERR a direction is IN or OUT')
}

function parseEffect(words: Words): FaultEffect {
  const kind = words.next().toLowerCase()
  switch (kind) {
    case 'drop':
    case 'reset':
      return {kind}
    case 'delay':
      return {kind, ms: words.count(), jitterMs: words.count()}
    case 'loss':
      return {kind, probability: parseProbability(words.next())}
    default:
      throw new ReplyError('ERR a fault is DROP, RESET, DELAY or LOSS')
  }
}

function parseProbability(word: string): number {
  const value = Number(word)
  if (/^[\d.]+$/.test(word) && value >= 0 && value <= 1) return value
  throw new ReplyError('ERR a probability is a number from 0 to 1')
}

/** What `parseRule` reads. */
export function renderRule({direction, effect, peer, untilMs}: FaultRule): string[] {
  const words = [peer.host, String(peer.port), String(peer.busPort), direction.toUpperCase(), effect.kind.toUpperCase()]
  if (effect.kind === 'delay') words.push(String(effect.ms), String(effect.jitterMs))
  if (effect.kind === 'loss') words.push(String(effect.probability))
  if (untilMs !== undefined) words.push('UNTIL', String(untilMs))
  return words
}
