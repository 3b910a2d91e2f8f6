import {formatId, ID_MAX, ID_MIN} from '../../../protocol/stream-id.js'
import {requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {Stream} from '../../values/stream/stream.js'
import type {Trim} from '../../values/stream/trim.js'
import {type GivenId, requireGivenId, requireId} from './ids.js'

/** What an approximate trim without LIMIT looks at: so many nodes, and bounds for odd settings. */
const NODES_PER_TRIM = 100
const DEFAULT_LIMIT = 10_000
const DEFAULT_LIMIT_MAX = 1_000_000

export interface AddOptions {
  readonly trim: Trim | undefined
  readonly noMkStream: boolean
  /** Undefined for `*`. */
  readonly id: GivenId | undefined
  /** Index in argv of the first field. */
  readonly fieldsAt: number
}

/**
 * The words of XADD up to and with the id, or all of XTRIM after the key.
 *
 * @throws ReplyError in the order in which redis-server finds fault
 */
export class TrimOptionsReader {
  private strategy: 'maxlen' | 'minid' | undefined
  private isApproximate = false
  private maxLength = 0
  private minId = ID_MIN
  private limit: number | undefined
  private thresholdAt = 0
  private at = 2

  constructor(
    private readonly server: Server,
    private readonly argv: readonly string[],
  ) {}

  readAdd(): AddOptions {
    const {argv} = this
    let noMkStream = false
    let id: GivenId | undefined
    for (; this.at < argv.length; this.at++) {
      const word = argv[this.at]!
      if (word === '*') break
      if (this.takesOption(word)) continue
      if (word.toLowerCase() === 'nomkstream') {
        noMkStream = true
        continue
      }
      id = requireGivenId(word)
      break
    }
    return {fieldsAt: this.at + 1, id, noMkStream, trim: this.finish()}
  }

  readTrim(): Trim {
    for (; this.at < this.argv.length; this.at++) {
      if (!this.takesOption(this.argv[this.at]!)) throw new ReplyError(SYNTAX_ERROR)
    }
    const trim = this.finish()
    if (trim === undefined) throw new ReplyError('ERR syntax error, XTRIM must be called with MAXLEN or MINID')
    return trim
  }

  /** The command with what an approximate trim has come to in place of what it was asked for: nodes of others end elsewhere. */
  exact(stream: Stream): string[] {
    const {argv, strategy, thresholdAt} = this
    const words = [...argv]
    if (!this.isApproximate) return words
    words[thresholdAt - 1] = '='
    if (strategy === 'maxlen') words[thresholdAt] = String(stream.length)
    else words[thresholdAt] = formatId(stream.length > 0 ? stream.firstId : ID_MAX)
    return words
  }

  private takesOption(word: string): boolean {
    if (this.at + 1 >= this.argv.length || word.length < 5 || word.length > 6) return false
    const option = word.toLowerCase()
    if (option === 'maxlen' || option === 'minid') {
      if (this.strategy !== undefined) {
        throw new ReplyError('ERR syntax error, MAXLEN and MINID options at the same time are not compatible')
      }
      this.takeThreshold(option)
    } else if (option === 'limit') {
      this.limit = requireInteger(this.argv[++this.at]!)
      if (this.limit < 0) throw new ReplyError('ERR The LIMIT argument must be >= 0.')
    } else {
      return false
    }
    return true
  }

  private takeThreshold(option: 'maxlen' | 'minid'): void {
    const {argv} = this
    const next = argv[this.at + 1]!
    if (this.at + 2 < argv.length && (next === '~' || next === '=')) {
      this.isApproximate = next === '~'
      this.at++
    }
    const threshold = argv[++this.at]!
    this.thresholdAt = this.at
    if (option === 'maxlen') {
      this.maxLength = requireInteger(threshold)
      if (this.maxLength < 0) throw new ReplyError('ERR The MAXLEN argument must be >= 0.')
    } else {
      this.minId = requireId(threshold)
    }
    this.strategy = option
  }

  private finish(): Trim | undefined {
    const {isApproximate, limit, maxLength, minId, strategy} = this
    if (strategy === undefined) {
      if (limit) {
        throw new ReplyError('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy')
      }
      return undefined
    }
    // What a primary has done already is not to be judged.
    if (limit !== undefined && !isApproximate && !this.server.state.isApplying) {
      throw new ReplyError('ERR syntax error, LIMIT cannot be used without the special ~ option')
    }
    return {
      isApproximate,
      limit: isApproximate ? (limit ?? this.defaultLimit()) : 0,
      maxLength: strategy === 'maxlen' ? maxLength : undefined,
      minId,
    }
  }

  private defaultLimit(): number {
    const {streamNodeMaxEntries} = this.server.config.values
    return Math.min(NODES_PER_TRIM * streamNodeMaxEntries || DEFAULT_LIMIT, DEFAULT_LIMIT_MAX)
  }
}
