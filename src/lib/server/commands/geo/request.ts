import {requireInteger} from '../../arguments.js'
import {decodePosition, type Position} from '../../geo/geohash.js'
import type {Shape} from '../../geo/shape.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {requireBox, requirePosition, requireRadius} from './arguments.js'

/** Which of the searching commands it is: what stands before the options, and which of them it takes. */
export interface SearchSyntax {
  readonly center: 'position' | 'member' | 'option'
  /** STORE and STOREDIST name keys. */
  readonly storesByOption: boolean
  /** The result goes to argv[1]. */
  readonly stores: boolean
}

/** How far options come behind what says where to search: GEORADIUS key longitude latitude radius unit. */
const OPTIONS_AT = {member: 5, option: 2, position: 6} as const

export interface SearchRequest {
  /** Undefined if there is nothing to search. */
  readonly shape: Shape | undefined
  readonly sort: 'asc' | 'desc' | undefined
  /** 0 = all. */
  readonly count: number
  /** The first that are found will do. */
  readonly any: boolean
  readonly withDistance: boolean
  readonly withHash: boolean
  readonly withPosition: boolean
  readonly storeKey: string | undefined
  readonly storesDistance: boolean
}

type Measure = {readonly unitMeters: number} & (
  | {readonly kind: 'circle'; readonly radius: number}
  | {readonly kind: 'box'; readonly width: number; readonly height: number}
)

function positionOf(zset: SortedSet, member: string): Position {
  const score = zset.scoreOf(member)
  if (score === undefined) throw new ReplyError('ERR could not decode requested zset member')
  return decodePosition(score)
}

/** Reads the words of one command, in the order in which Redis checks them. */
export class SearchParser {
  private center: Position | undefined = undefined
  private measure: Measure | undefined = undefined
  /** The centre is the position of a member: it is unknown where there is no sorted set. */
  private hasMember = false
  private hasPosition = false
  private sort: 'asc' | 'desc' | undefined = undefined
  private count = 0
  private any = false
  private withDistance = false
  private withHash = false
  private withPosition = false
  private storeKey: string | undefined = undefined
  private storesDistance = false

  constructor(
    private readonly argv: readonly string[],
    private readonly syntax: SearchSyntax,
    private readonly zset: SortedSet | undefined,
  ) {}

  /** @throws ReplyError */
  parse(): SearchRequest {
    const {argv, syntax} = this
    this.parseFixed()
    const optionsAt = OPTIONS_AT[syntax.center] + (syntax.stores ? 1 : 0)
    if (syntax.stores) this.storeKey = argv[1]!
    for (let i = optionsAt; i < argv.length; i++) i += this.option(i)
    this.check()
    const {center, measure} = this
    const {any, count, sort, storeKey, storesDistance, withDistance, withHash, withPosition} = this
    const shape = center !== undefined && measure !== undefined ? {...measure, center} : undefined
    return {any, count, shape, sort, storeKey, storesDistance, withDistance, withHash, withPosition}
  }

  private parseFixed(): void {
    const {argv, syntax, zset} = this
    if (syntax.center === 'position') {
      this.center = requirePosition(argv, 2)
      this.measure = {kind: 'circle', ...requireRadius(argv, 4)}
    } else if (syntax.center === 'member' && zset !== undefined) {
      this.center = positionOf(zset, argv[2]!)
      this.measure = {kind: 'circle', ...requireRadius(argv, 3)}
    }
  }

  /** @returns how many arguments behind the word belong to it */
  private option(at: number): number {
    const word = this.argv[at]!.toLowerCase()
    switch (word) {
      case 'withdist':
        this.withDistance = true
        return 0
      case 'withhash':
        this.withHash = true
        return 0
      case 'withcoord':
        this.withPosition = true
        return 0
      case 'any':
        this.any = true
        return 0
      case 'asc':
      case 'desc':
        this.sort = word
        return 0
      case 'count':
        this.count = this.parseCount(at + 1)
        return 1
      case 'store':
      case 'storedist':
        return this.storeOption(word, at)
      default:
        return this.areaOption(word, at)
    }
  }

  /** The argument at `last` must be there. @throws ReplyError */
  private need(last: number): void {
    if (last >= this.argv.length) throw new ReplyError(SYNTAX_ERROR)
  }

  private parseCount(at: number): number {
    this.need(at)
    const count = requireInteger(this.argv[at]!)
    if (count <= 0) throw new ReplyError('ERR COUNT must be > 0')
    return count
  }

  private storeOption(word: 'store' | 'storedist', at: number): number {
    const {stores, storesByOption} = this.syntax
    if (stores && word === 'storedist') {
      this.storesDistance = true
      return 0
    }
    if (!storesByOption) throw new ReplyError(SYNTAX_ERROR)
    this.need(at + 1)
    this.storeKey = this.argv[at + 1]!
    this.storesDistance = word === 'storedist'
    return 1
  }

  private areaOption(word: string, at: number): number {
    const {argv, measure, zset} = this
    if (this.syntax.center !== 'option') throw new ReplyError(SYNTAX_ERROR)
    if (word === 'frommember' && !this.hasPosition) {
      this.need(at + 1)
      if (zset !== undefined) this.center = positionOf(zset, argv[at + 1]!)
      this.hasMember = true
      return 1
    }
    if (word === 'fromlonlat' && !this.hasMember) {
      this.need(at + 2)
      this.center = requirePosition(argv, at + 1)
      this.hasPosition = true
      return 2
    }
    if (word === 'byradius' && measure?.kind !== 'box') {
      this.need(at + 2)
      this.measure = {kind: 'circle', ...requireRadius(argv, at + 1)}
      return 2
    }
    if (word === 'bybox' && measure?.kind !== 'circle') {
      this.need(at + 3)
      this.measure = {kind: 'box', ...requireBox(argv, at + 1)}
      return 3
    }
    throw new ReplyError(SYNTAX_ERROR)
  }

  /** What goes together with what. @throws ReplyError */
  private check(): void {
    const {argv, syntax} = this
    if (this.storeKey !== undefined && (this.withDistance || this.withHash || this.withPosition)) {
      const name = syntax.stores ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS'
      throw new ReplyError(`ERR ${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`)
    }
    if (syntax.center === 'option') {
      if (!this.hasMember && !this.hasPosition) {
        throw new ReplyError(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${argv[0]}`)
      }
      if (this.measure === undefined) {
        throw new ReplyError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${argv[0]}`)
      }
    }
    if (this.any && this.count === 0) throw new ReplyError('ERR the ANY argument requires COUNT argument')
  }
}
