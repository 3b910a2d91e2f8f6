import {ACL_CATEGORIES, type Command} from '../commands/command.js'
import {everyCommand} from '../info/statistics.js'
import {ABSENT_COMMANDS} from './absent-commands.js'
import {needsOf} from './needs.js'

/** A command or subcommand as access rules see it. */
export interface RuledCommand {
  /** Its place in a selector's table of what is allowed. */
  readonly id: number
  /** `config|get` for a subcommand. */
  readonly fullName: string
  /** One bit per category, in the order of ACL_CATEGORIES. */
  readonly categories: number
  readonly isSubcommand: boolean
  /** The ids of its subcommands. */
  readonly subcommandIds: readonly number[]
  /** Absent in this node. */
  readonly command: Command | undefined
}

/**
 * Commands that Redis 7.0 has not, each allowed with one of like power. Rules may name them, and are worded by the other:
 * a file of users that is saved here must load in a redis-server, which refuses names that it does not know.
 */
const ALLOWED_WITH: Readonly<Record<string, string>> = {
  'cluster|cancelslotmigrations': 'cluster|setslot',
  'cluster|getslotmigrations': 'cluster|nodes',
  'cluster|migrateslots': 'cluster|setslot',
  'cluster|syncslots': 'cluster|setslot',
  'crdt.config': 'cluster',
  'crdt.config|drop': 'cluster|reset',
  'crdt.config|get': 'cluster|nodes',
  'crdt.config|help': 'cluster|help',
  'crdt.config|set': 'cluster|reset',
  'crdt.config|version': 'cluster|nodes',
  'shoal.fault': 'debug',
}

/** With what those of active-active databases are allowed, which are added to a table that has its ids. */
const ADOPTED_WITH = 'debug'

/**
 * Every command rules may name: those of the node, and those of Redis 7.0 which it lacks.
 *
 * The latter count too, because an ACL file written for redis-server must load here and mean the same, and because
 * Redis words a user's rules by how much of each category he may run.
 */
export class CommandIds {
  /** By id, in the order of names; a container right before its subcommands. */
  readonly all: readonly RuledCommand[]
  private readonly byName = new Map<string, RuledCommand>()

  constructor(table: ReadonlyMap<string, Command>) {
    const known = new Map<string, {readonly categories: readonly string[]; readonly command: Command | undefined}>()
    for (const [fullName, categories] of Object.entries(ABSENT_COMMANDS)) {
      known.set(fullName, {categories: categories.split(' '), command: undefined})
    }
    const more: Command[] = []
    for (const command of everyCommand(table)) {
      if (Object.hasOwn(ALLOWED_WITH, command.fullName)) more.push(command)
      else known.set(command.fullName, {categories: command.acl, command})
    }
    const names = [...known.keys()].sort()
    const subcommandIds = groupSubcommands(names)
    this.all = names.map((fullName, id) => {
      const {categories, command} = known.get(fullName)!
      const ruled: RuledCommand = {
        categories: categories.reduce((bits, name) => bits | categoryBit(name), 0),
        command,
        fullName,
        id,
        isSubcommand: fullName.includes('|'),
        subcommandIds: subcommandIds.get(fullName) ?? [],
      }
      this.byName.set(fullName, ruled)
      if (command !== undefined) {
        command.aclId = id
        command.aclNeeds = needsOf(command)
      }
      return ruled
    })
    for (const command of more) {
      const ruled = this.byName.get(ALLOWED_WITH[command.fullName]!)!
      this.byName.set(command.fullName, ruled)
      command.aclId = ruled.id
      command.aclNeeds = needsOf(command)
    }
  }

  /** A command that came into the table later. */
  adopt(command: Command): void {
    const ruled = this.byName.get(ADOPTED_WITH)!
    for (const one of [command, ...(command.subcommands?.values() ?? [])]) {
      this.byName.set(one.fullName, ruled)
      one.aclId = ruled.id
      one.aclNeeds = needsOf(one)
    }
  }

  /** @param name - `get`, `config|get`, in any case */
  find(name: string): RuledCommand | undefined {
    return this.byName.get(name.toLowerCase())
  }
}

/** The ids of subcommands by the name of their container; an id is a place in `names`. */
function groupSubcommands(names: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const [id, name] of names.entries()) {
    const bar = name.indexOf('|')
    if (bar < 0) continue
    const group = groups.get(name.slice(0, bar))
    if (group === undefined) groups.set(name.slice(0, bar), [id])
    else group.push(id)
  }
  return groups
}

/** @param name - without `@`, in any case. @returns 0 if there is no such category */
export function categoryBit(name: string): number {
  const index = ACL_CATEGORIES.indexOf(name.toLowerCase())
  return index < 0 ? 0 : 1 << index
}
