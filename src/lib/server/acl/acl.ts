import {type Client, SPECIAL_RESTRICTED} from '../client.js'
import type {Command} from '../commands/command.js'
import {clientLine} from '../commands/server/client-line.js'
import {FatalConfigError} from '../config/load.js'
import type {Server} from '../server.js'
import {CommandIds} from './command-ids.js'
import {AclFileError, readUsers, refusalOf} from './load.js'
import {AclLog, type LogEntry} from './log.js'
import {type Denial, deniedTo, maySubscribe} from './permissions.js'
import {hasBlank} from './selector.js'
import {mergeSelectors, User, type UserSurroundings} from './user.js'

const DEFAULT_USER = 'default'

const BOTH_SOURCES =
  'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.'

/**
 * The users of one node and what they may do.
 *
 * A client whose user may do everything bears no mark, so that the dispatcher never comes here for it; `mark` keeps the
 * marks true whenever users change.
 */
export class Acl {
  readonly ids: CommandIds
  readonly log = new AclLog()
  /** The same object for ever, whatever files say: clients begin with it. */
  readonly defaultUser: User
  readonly surroundings: UserSurroundings
  private readonly server: Server
  private users = new Map<string, User>()

  constructor(server: Server) {
    this.server = server
    this.ids = new CommandIds(server.commands)
    this.surroundings = {
      allChannelsByDefault: () => server.config.values.aclPubsubDefault === 'allchannels',
      ids: this.ids,
    }
    this.defaultUser = this.openUser()
    this.users.set(DEFAULT_USER, this.defaultUser)
  }

  /** May do everything, without a password. */
  private openUser(): User {
    const user = new User(DEFAULT_USER, this.surroundings)
    for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) user.apply(rule)
    return user
  }

  /**
   * Users as the configuration says: requirepass, then its `user` lines or the ACL file.
   *
   * @throws {@link FatalConfigError} with Redis's line for the log
   */
  loadAtStart(): void {
    const {config} = this.server
    this.setDefaultPassword(config.values.requirepass)
    if (config.users.length > 0 && config.values.aclfile !== '') throw new FatalConfigError(BOTH_SOURCES)
    for (const [name, ...rules] of config.users) this.loadUser(name!, rules)
    if (config.values.aclfile === '') return
    try {
      this.loadFile()
    } catch (error) {
      if (!(error instanceof AclFileError)) throw error
      throw new FatalConfigError(`Aborting Redis startup because of ACL errors: ${error.message}`)
    }
  }

  private loadUser(name: string, words: readonly string[]): void {
    if (hasBlank(name)) throw new FatalConfigError('Spaces not allowed in ACL usernames')
    const user = name === DEFAULT_USER ? this.defaultUser : new User(name, this.surroundings)
    if (user === this.defaultUser) user.copyFrom(new User(name, this.surroundings))
    const merged = mergeSelectors(words)
    for (const rule of 'rules' in merged ? merged.rules : words) {
      const reason = refusalOf(user, rule)
      if (reason === undefined) continue
      throw new FatalConfigError(
        `Error loading ACL rule '${rule}' for the user named '${name}': ${reason}\nCritical error while loading ACLs. Exiting.`,
      )
    }
    this.users.set(name, user)
  }

  /** requirepass is the default user's only password; '' lets anybody in. */
  setDefaultPassword(password: string): void {
    this.defaultUser.apply('resetpass')
    this.defaultUser.apply(password === '' ? 'nopass' : `>${password}`)
  }

  find(name: string): User | undefined {
    return this.users.get(name)
  }

  /** Sorted by name. */
  get all(): User[] {
    return [...this.users.values()].sort(({name: a}, {name: b}) => (a < b ? -1 : 1))
  }

  /** New connections must log in. */
  get needsLogin(): boolean {
    return !this.defaultUser.noPassword || !this.defaultUser.isEnabled
  }

  /** `user NAME RULES` for each. */
  describe(): string[] {
    return this.all.map((user) => `user ${user.name} ${user.describe()}`)
  }

  /** Puts `rules` in force: the user's own, changed. Makes the user if there is none. */
  setRules(name: string, rules: User): void {
    const known = this.users.get(name)
    const user = known ?? new User(name, this.surroundings)
    user.copyFrom(rules)
    this.users.set(name, user)
    for (const client of this.server.clients.values()) {
      if (client.account !== user) continue
      this.mark(client)
      if (mayKeepSubscriptions(client)) continue
      client.closing = true
      this.server.effects.closeClient(client, true)
    }
  }

  /** @returns whether there was one. Its clients go with it. @param asking - gets an answer first */
  remove(name: string, asking: Client): boolean {
    const user = this.users.get(name)
    if (user === undefined) return false
    this.users.delete(name)
    this.endClients(user, asking)
    return true
  }

  /** Those of a user who is no more. */
  private endClients(user: User, asking: Client | undefined): void {
    const {clients, effects} = this.server
    for (const client of clients.values()) {
      if (client.account !== user) continue
      this.logIn(client, this.defaultUser, false)
      client.closing = true
      effects.closeClient(client, client === asking)
    }
  }

  /**
   * Reads the ACL file: its users replace all others; the default user is open if it does not name it.
   *
   * @param asking - whose command this is, if any
   * @throws {@link AclFileError}; then nothing has changed
   */
  loadFile(asking?: Client): void {
    const {clients, config, effects} = this.server
    const name = config.values.aclfile
    let text: string
    try {
      text = effects.readAclFile()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new AclFileError(`Error loading ACLs, opening file '${name}': ${reason}`)
    }
    const loaded = readUsers(text, name, this.surroundings)
    this.defaultUser.copyFrom(loaded.get(DEFAULT_USER) ?? this.openUser())
    loaded.set(DEFAULT_USER, this.defaultUser)
    const before = this.users
    this.users = loaded
    for (const user of before.values()) if (user !== this.defaultUser) this.endClients(user, asking)
    for (const client of clients.values()) this.mark(client)
  }

  /** @throws Error with the system's message */
  saveFile(): void {
    this.server.effects.writeAclFile(`${this.describe().join('\n')}\n`)
  }

  /** @returns undefined if name and password do not fit, which is logged */
  authenticate(client: Client, name: string, password: string, command: string): User | undefined {
    const user = this.users.get(name)
    if (user?.accepts(password)) return user
    this.record(client, {object: command, reason: 'auth', username: name})
    return undefined
  }

  logIn(client: Client, user: User, isAuthenticated = true): void {
    client.account = user
    client.authenticated = isAuthenticated
    this.mark(client)
  }

  /** Marks a client whose commands have to be looked at. */
  mark(client: Client): void {
    if (client.account.allowsAll) client.special &= ~SPECIAL_RESTRICTED
    else client.special |= SPECIAL_RESTRICTED
  }

  /** May the client's user run this? If not, that is logged. @returns undefined if he may */
  check(client: Client, command: Command, argv: readonly string[], context?: LogEntry['context']): Denial | undefined {
    const denial = deniedTo(client.account, command, argv)
    if (denial === undefined) return undefined
    const {index, what: reason} = denial
    const object = reason === 'command' ? command.fullName : argv[index]!
    this.record(client, {object, reason, username: client.user}, context)
    return denial
  }

  private record(
    client: Client,
    event: Pick<LogEntry, 'object' | 'reason' | 'username'>,
    context: LogEntry['context'] = client.queue === undefined ? 'toplevel' : 'multi',
  ): void {
    const {config, state} = this.server
    const clientInfo = clientLine(client, state.nowMs)
    this.log.add({...event, atMs: state.nowMs, clientInfo, context}, config.values.acllogMaxLen)
  }
}

/** What a refused command answers. */
export function denialText({what}: Denial, command: Command): string {
  if (what === 'command') return `NOPERM this user has no permissions to run the '${command.fullName}' command`
  return `NOPERM this user has no permissions to access one of the ${what}s used as arguments`
}

/** Those whose subscriptions are not allowed any more are sent away. */
function mayKeepSubscriptions({account, subscriptions}: Client): boolean {
  if (subscriptions === undefined) return true
  const {channels, patterns, shardChannels} = subscriptions
  return maySubscribe(account, [...channels, ...shardChannels], patterns)
}
