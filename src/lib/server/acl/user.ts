import {splitWords} from '../config/syntax.js'
import type {CommandIds} from './command-ids.js'
import {describeSelector} from './describe.js'
import {BAD_HASH, NO_SUCH_PASSWORD, RuleError} from './rule-error.js'
import {Selector} from './selector.js'
import {sha256} from './sha256.js'

/** What the rules about users depend on besides the rules. */
export interface UserSurroundings {
  readonly ids: CommandIds
  /** acl-pubsub-default is `allchannels`. */
  readonly allChannelsByDefault: () => boolean
}

const HASH = /^[0-9a-f]{64}$/

/** One user: how he logs in, and what he may do. The same object for all his clients, changed in place. */
export class User {
  readonly name: string
  isEnabled = false
  /** Any password will do. */
  noPassword = false
  /** What a rule said about DUMP payloads; undefined before any did. */
  sanitizesPayload: boolean | undefined = undefined
  /** SHA-256, hex. */
  passwords: string[] = []
  /** Never empty: the root first. */
  selectors: Selector[]
  private readonly surroundings: UserSurroundings

  constructor(name: string, surroundings: UserSurroundings) {
    this.name = name
    this.surroundings = surroundings
    this.selectors = [this.newSelector()]
  }

  get root(): Selector {
    return this.selectors[0]!
  }

  /** Nothing is ever to be checked for his clients. */
  get allowsAll(): boolean {
    return this.root.allowsAll
  }

  private newSelector(): Selector {
    return new Selector(this.surroundings.ids, this.surroundings.allChannelsByDefault())
  }

  copyFrom(other: User): void {
    this.isEnabled = other.isEnabled
    this.noPassword = other.noPassword
    this.sanitizesPayload = other.sanitizesPayload
    this.passwords = [...other.passwords]
    this.selectors = other.selectors.map((selector) => selector.copy())
  }

  accepts(password: string): boolean {
    if (!this.isEnabled) return false
    return this.noPassword || this.passwords.some((hash) => isSame(hash, sha256(password)))
  }

  /** @throws {@link RuleError}; a refused rule changes nothing */
  apply(rule: string): void {
    if (rule === '') return
    switch (rule.toLowerCase()) {
      case 'on':
        this.isEnabled = true
        return
      case 'off':
        this.isEnabled = false
        return
      case 'nopass':
        this.noPassword = true
        this.passwords = []
        return
      case 'resetpass':
        this.noPassword = false
        this.passwords = []
        return
      case 'sanitize-payload':
        this.sanitizesPayload = true
        return
      case 'skip-sanitize-payload':
        this.sanitizesPayload = false
        return
      case 'clearselectors':
        this.selectors.length = 1
        return
      case 'reset':
        this.reset()
        return
    }
    const sign = rule[0]!
    if (sign === '>' || sign === '#') this.addPassword(hashOf(rule))
    else if (sign === '<' || sign === '!') this.removePassword(hashOf(rule))
    else if (sign === '(' && rule.endsWith(')')) this.addSelector(rule.slice(1, -1))
    else this.root.apply(rule)
  }

  private reset(): void {
    this.isEnabled = false
    this.noPassword = false
    this.sanitizesPayload = true
    this.passwords = []
    this.selectors = [this.newSelector()]
  }

  private addPassword(hash: string): void {
    if (!this.passwords.includes(hash)) this.passwords.push(hash)
    this.noPassword = false
  }

  private removePassword(hash: string): void {
    if (!this.passwords.includes(hash)) throw new RuleError(NO_SUCH_PASSWORD)
    this.passwords = this.passwords.filter((one) => one !== hash)
  }

  private addSelector(rules: string): void {
    const selector = this.newSelector()
    for (const rule of splitWords(rules) ?? []) selector.apply(rule)
    this.selectors.push(selector)
  }

  /** The words ACL GETUSER shows as flags. */
  get flags(): string[] {
    const flags = [this.isEnabled ? 'on' : 'off']
    if (this.noPassword) flags.push('nopass')
    if (this.sanitizesPayload !== undefined)
      flags.push(this.sanitizesPayload ? 'sanitize-payload' : 'skip-sanitize-payload')
    return flags
  }

  /** All rules on one line, as in ACL LIST and in files; without the name. */
  describe(): string {
    const {ids} = this.surroundings
    const selectors = this.selectors.map((selector, index) => {
      const rules = describeSelector(selector, ids)
      return index === 0 ? rules : `(${rules})`
    })
    return [...this.flags, ...this.passwords.map((hash) => `#${hash}`), ...selectors].join(' ')
  }
}

/** Of `>password`, `<password`, `#hash` or `!hash`. */
function hashOf(rule: string): string {
  const given = rule.slice(1)
  if (rule[0] === '>' || rule[0] === '<') return sha256(given)
  if (!HASH.test(given)) throw new RuleError(BAD_HASH)
  return given
}

/** Compares two hashes without telling by its duration where they differ. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return difference === 0
}

/** The rules of one user, of which some belong together: `(+get` `~a)` is one. */
export type MergedRules =
  | {readonly rules: readonly string[]}
  /** Never closed. */
  | {readonly unmatched: string}

export function mergeSelectors(words: readonly string[]): MergedRules {
  const rules: string[] = []
  let open: string | undefined
  let first = ''
  for (const word of words) {
    // One that opens anew before it was closed: what came before is dropped, as in Redis.
    if (word.startsWith('(') && !word.endsWith(')')) {
      open = word
      first = word
    } else if (open === undefined) {
      rules.push(word)
    } else {
      open += ` ${word}`
      if (!word.endsWith(')')) continue
      rules.push(open)
      open = undefined
    }
  }
  return open === undefined ? {rules} : {unmatched: first}
}
