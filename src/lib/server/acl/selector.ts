import {type CommandIds, categoryBit, type RuledCommand} from './command-ids.js'
import {MAY_READ, MAY_WRITE} from './needs.js'
import {
  AFTER_ALL_CHANNELS,
  AFTER_ALL_KEYS,
  BAD_SYNTAX,
  RULE_OF_SUBCOMMAND,
  RuleError,
  UNKNOWN_NAME,
} from './rule-error.js'

const MAY_BOTH = MAY_READ | MAY_WRITE

export interface KeyPattern {
  readonly glob: string
  /** What the glob demands if that is a beginning alone: `app:` for `app:*`. */
  readonly prefix: string | undefined
  /** OR of MAY_..., not 0. */
  permissions: number
}

function prefixOf(glob: string): string | undefined {
  return /^[^*?[\\]*\*$/.test(glob) ? glob.slice(0, -1) : undefined
}

/** Redis refuses blanks and NUL in names and patterns, since rules are separated by blanks. */
export function hasBlank(text: string): boolean {
  return /[\t-\r \0]/.test(text)
}

/**
 * One set of permissions: commands, keys, channels. A user has one, the root, and any number of further ones; a command
 * is allowed if any single one allows all of it.
 */
export class Selector {
  allKeys = false
  allChannels: boolean
  /** Every command, without looking at `allowed`; gone as soon as one is taken away. */
  allCommands = false
  /** Rules begin at `+@all`: commands that come to exist later are allowed. */
  allowsLater = false
  keys: KeyPattern[] = []
  channels: string[] = []
  /** By id: 1 = allowed. */
  readonly allowed: Uint8Array
  /** By id: the first arguments with which a command is allowed that is not allowed as such. */
  readonly firstArguments = new Map<number, string[]>()
  private readonly ids: CommandIds

  constructor(ids: CommandIds, allChannels: boolean) {
    this.ids = ids
    this.allChannels = allChannels
    this.allowed = new Uint8Array(ids.all.length)
  }

  copy(): Selector {
    const copy = new Selector(this.ids, this.allChannels)
    copy.allKeys = this.allKeys
    copy.allCommands = this.allCommands
    copy.allowsLater = this.allowsLater
    copy.keys = this.keys.map((pattern) => ({...pattern}))
    copy.channels = [...this.channels]
    copy.allowed.set(this.allowed)
    for (const [id, names] of this.firstArguments) copy.firstArguments.set(id, [...names])
    return copy
  }

  /** Nothing is left to check for who has this selector. */
  get allowsAll(): boolean {
    return this.allCommands && this.allKeys && this.allChannels
  }

  /** @throws {@link RuleError} and has changed nothing */
  apply(rule: string): void {
    switch (rule.toLowerCase()) {
      case 'allkeys':
      case '~*':
        this.setAllKeys(true)
        return
      case 'resetkeys':
        this.setAllKeys(false)
        return
      case 'allchannels':
      case '&*':
        this.setAllChannels(true)
        return
      case 'resetchannels':
        this.setAllChannels(false)
        return
      case 'allcommands':
      case '+@all':
        this.setAllCommands(true)
        return
      case 'nocommands':
      case '-@all':
        this.setAllCommands(false)
        return
    }
    const [sign, next] = rule
    if (sign === '~' || sign === '%') this.addKeys(rule)
    else if (sign === '&') this.addChannels(rule.slice(1))
    else if ((sign === '+' || sign === '-') && next === '@') this.setCategory(rule.slice(2), sign === '+')
    else if (sign === '+') this.allow(rule.slice(1))
    else if (sign === '-') this.setCommand(this.requireCommand(rule.slice(1)), false)
    else throw new RuleError(BAD_SYNTAX)
  }

  private setAllKeys(value: boolean): void {
    this.allKeys = value
    this.keys = []
  }

  private setAllChannels(value: boolean): void {
    this.allChannels = value
    this.channels = []
  }

  setAllCommands(value: boolean): void {
    this.allCommands = value
    this.allowsLater = value
    this.allowed.fill(value ? 1 : 0)
    this.firstArguments.clear()
  }

  /** `~glob`, `%R~glob`, `%W~glob`, `%RW~glob`. */
  private addKeys(rule: string): void {
    if (this.allKeys) throw new RuleError(AFTER_ALL_KEYS)
    let permissions = MAY_BOTH
    let at = 1
    if (rule[0] === '%') {
      permissions = 0
      for (; at < rule.length && rule[at] !== '~'; at++) {
        const bit = rule[at]!.toUpperCase() === 'R' ? MAY_READ : rule[at]!.toUpperCase() === 'W' ? MAY_WRITE : 0
        if (bit === 0 || (permissions & bit) !== 0) throw new RuleError(BAD_SYNTAX)
        permissions |= bit
      }
      if (permissions === 0) throw new RuleError(BAD_SYNTAX)
      at++
    }
    const glob = rule.slice(at)
    if (hasBlank(glob)) throw new RuleError(BAD_SYNTAX)
    const known = this.keys.find((pattern) => pattern.glob === glob)
    if (known === undefined) this.keys.push({glob, permissions, prefix: prefixOf(glob)})
    else known.permissions |= permissions
  }

  private addChannels(glob: string): void {
    if (this.allChannels) throw new RuleError(AFTER_ALL_CHANNELS)
    if (hasBlank(glob)) throw new RuleError(BAD_SYNTAX)
    if (!this.channels.includes(glob)) this.channels.push(glob)
  }

  private requireCommand(name: string): RuledCommand {
    const command = this.ids.find(name)
    if (command === undefined) throw new RuleError(UNKNOWN_NAME)
    return command
  }

  /** `get`, `config|get`, or `select|0`: the last allows a first argument of a command without subcommands. */
  private allow(name: string): void {
    const bar = name.lastIndexOf('|')
    if (bar < 0) {
      this.setCommand(this.requireCommand(name), true)
      return
    }
    const command = this.requireCommand(name.slice(0, bar))
    const first = name.slice(bar + 1)
    if (command.isSubcommand) throw new RuleError(RULE_OF_SUBCOMMAND)
    if (first === '') throw new RuleError(BAD_SYNTAX)
    if (command.subcommandIds.length > 0) {
      this.setCommand(this.requireCommand(name), true)
      return
    }
    const known = this.firstArguments.get(command.id)
    if (known === undefined) this.firstArguments.set(command.id, [first])
    else if (!known.some((one) => one.toLowerCase() === first.toLowerCase())) known.push(first)
  }

  /** A container with all its subcommands. */
  setCommand({id, subcommandIds}: RuledCommand, value: boolean): void {
    this.allowed[id] = value ? 1 : 0
    for (const sub of subcommandIds) this.allowed[sub] = value ? 1 : 0
    this.firstArguments.delete(id)
    if (!value) this.allCommands = false
  }

  private setCategory(name: string, value: boolean): void {
    const bit = categoryBit(name)
    if (bit === 0) throw new RuleError(UNKNOWN_NAME)
    this.setCategoryBit(bit, value)
  }

  setCategoryBit(bit: number, value: boolean): void {
    for (const command of this.ids.all) if ((command.categories & bit) !== 0) this.setCommand(command, value)
  }
}
