import {sha1} from '../commands/server/debug/sha1.js'
import {REDIS_VERSION} from '../server.js'
import {formatArgument} from './format-number.js'
import {installLibrary, type LibraryFunctions} from './libraries/library.js'
import {GLOBALS, TYPE_NUMBER, TYPE_STRING} from './lua/exports.js'
import {LuaError, type LuaMachine} from './lua/machine.js'
import {pushReply} from './reply-to-lua.js'

/** What the `redis` library asks of whoever runs the scripts. */
export interface ScriptHost {
  /** Runs a command for the script. @returns its reply; or an error's text, if it may not run */
  command(argv: string[]): {readonly reply: string} | {readonly refusal: string}
  mayRun(argv: readonly string[]): boolean | undefined
  /** @param level - 0..3, debug to warning */
  log(level: number, text: string): void
  setResp(version: 2 | 3): void
  /** Where the commands that follow go. @param targets - OR of TO_AOF and TO_REPLICAS @returns false: that is not to be had */
  setReplication(targets: number): boolean
}

const NO_ARGUMENTS = 'ERR Please specify at least one argument for this redis lib call'
const BAD_ARGUMENTS = 'ERR Lua redis lib command arguments must be strings or integers'
const WRONG_ARGUMENTS = 'ERR wrong number or type of arguments'
const CONSTANTS: Readonly<Record<string, number>> = {
  LOG_DEBUG: 0,
  LOG_VERBOSE: 1,
  LOG_NOTICE: 2,
  LOG_WARNING: 3,
}
const REPL_CONSTANTS: Readonly<Record<string, number>> = {
  REPL_NONE: 0,
  REPL_AOF: 1,
  REPL_SLAVE: 2,
  REPL_REPLICA: 2,
  REPL_ALL: 3,
}
const REPL_ALL = 3
const LOG_LEVEL_MAX = 3
const ERROR_MARK = '-'

/** 40 hex digits. */
export function sha1Hex(text: string): string {
  let hex = ''
  for (const byte of sha1(text)) hex += byte.toString(16).padStart(2, '0')
  return hex
}

/** `7.0.15` as 0x0007000f. */
function versionNumber(): number {
  const [major = 0, minor = 0, patch = 0] = REDIS_VERSION.split('.').map(Number)
  return (major << 16) | (minor << 8) | patch
}

/** Puts `redis` among the globals. @param isEval - functions lack what only old scripts used */
export function installRedis(machine: LuaMachine, host: ScriptHost, isEval: boolean): void {
  const functions = {...commonFunctions(machine, host), ...(isEval ? evalFunctions(machine) : {})}
  installLibrary(machine, 'redis', functions)
  const {L, api} = machine
  api.lua_getfield(L, GLOBALS, machine.name('redis'))
  setConstants(machine)
  for (const [name, value] of Object.entries(REPL_CONSTANTS)) machine.setNumber(L, name, value)
  api.lua_settop(L, -2)
}

/** What scripts may read at any time, and libraries while they are loaded; into the table at the top of the stack. */
export function setConstants(machine: LuaMachine): void {
  const {L} = machine
  for (const [name, value] of Object.entries(CONSTANTS)) machine.setNumber(L, name, value)
  machine.setText(L, 'REDIS_VERSION', REDIS_VERSION)
  machine.setNumber(L, 'REDIS_VERSION_NUM', versionNumber())
}

export function logFunction(machine: LuaMachine, host: ScriptHost): (L: number) => number {
  const {api} = machine
  return (L) => {
    const count = api.lua_gettop(L)
    if (count < 2) throw new LuaError('ERR redis.log() requires two arguments or more.', 'table')
    if (api.lua_isnumber(L, 1) === 0) {
      throw new LuaError('ERR First argument must be a number (log level).', 'table')
    }
    const level = Math.trunc(api.lua_tonumber(L, 1))
    if (!(level >= 0 && level <= LOG_LEVEL_MAX)) throw new LuaError('ERR Invalid debug level.', 'table')
    const words: string[] = []
    for (let i = 2; i <= count; i++) if (machine.isText(L, i)) words.push(machine.text(L, i))
    host.log(level, words.join(' '))
    return 0
  }
}

/** The arguments on the stack as those of a command; undefined if one is neither string nor number. */
function commandOf(machine: LuaMachine, L: number, count: number): string[] | undefined {
  const {api} = machine
  const argv: string[] = []
  for (let i = 1; i <= count; i++) {
    const type = api.lua_type(L, i)
    if (type === TYPE_STRING) argv.push(machine.text(L, i))
    else if (type === TYPE_NUMBER) argv.push(formatArgument(api.lua_tonumber(L, i)))
    else return undefined
  }
  return argv
}

function commonFunctions(machine: LuaMachine, host: ScriptHost): LibraryFunctions {
  const {api} = machine

  /** Pushes the reply. @returns whether it is an error */
  function run(L: number): boolean {
    const count = api.lua_gettop(L)
    const argv = count === 0 ? undefined : commandOf(machine, L, count)
    if (argv === undefined) {
      machine.pushError(L, count === 0 ? NO_ARGUMENTS : BAD_ARGUMENTS)
      return true
    }
    const result = host.command(argv)
    if ('refusal' in result) {
      machine.pushError(L, result.refusal)
      return true
    }
    pushReply(machine, L, result.reply)
    return result.reply.startsWith(ERROR_MARK)
  }

  /** `{field = text}`, from the one argument. */
  function single(L: number, field: string, change: (text: string) => string): number {
    if (api.lua_gettop(L) !== 1 || api.lua_type(L, 1) !== TYPE_STRING) {
      machine.pushError(L, WRONG_ARGUMENTS)
      return 1
    }
    const text = change(machine.text(L, 1))
    api.lua_createtable(L, 0, 1)
    machine.setText(L, field, text)
    return 1
  }

  return {
    call: (L) => {
      if (run(L)) api.lua_error(L)
      return 1
    },
    pcall: (L) => {
      run(L)
      return 1
    },
    log: logFunction(machine, host),
    setresp: (L) => {
      if (api.lua_gettop(L) !== 1) throw new LuaError('ERR redis.setresp() requires one argument.', 'table')
      const version = Math.trunc(api.lua_tonumber(L, 1))
      if (version !== 2 && version !== 3) throw new LuaError('ERR RESP version must be 2 or 3.', 'table')
      host.setResp(version)
      return 0
    },
    sha1hex: (L) => {
      if (api.lua_gettop(L) !== 1) throw new LuaError('ERR wrong number of arguments', 'table')
      machine.push(L, sha1Hex(machine.text(L, 1)))
      return 1
    },
    error_reply: (L) => single(L, 'err', withCode),
    status_reply: (L) => single(L, 'ok', (text) => text),
    set_repl: (L) => {
      if (api.lua_gettop(L) !== 1) throw new LuaError('ERR redis.set_repl() requires two arguments.', 'table')
      const flags = Math.trunc(api.lua_tonumber(L, 1))
      if ((flags & ~REPL_ALL) !== 0) {
        throw new LuaError('ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.', 'table')
      }
      if (!host.setReplication(flags)) {
        throw new LuaError('ERR redis.set_repl() is not available in an active-active database.', 'table')
      }
      return 0
    },
    acl_check_cmd: (L) => {
      const count = api.lua_gettop(L)
      if (count === 0) throw new LuaError(NO_ARGUMENTS, 'table')
      const argv = commandOf(machine, L, count)
      if (argv === undefined) throw new LuaError(BAD_ARGUMENTS, 'table')
      const allowed = host.mayRun(argv)
      if (allowed === undefined) throw new LuaError('ERR Invalid command passed to redis.acl_check_cmd()', 'table')
      api.lua_pushboolean(L, allowed ? 1 : 0)
      return 1
    },
  }
}

/** The text of redis.error_reply's argument with a code: its first word, or ERR if it is the only one. */
function withCode(text: string): string {
  const marked = text.startsWith(ERROR_MARK) ? text.slice(1) : text
  const line = marked.replace(/[\r\n]+$/, '')
  return line.includes(' ') ? line : `ERR ${line}`
}

/** There is no debugger, and effects are what is replicated anyway: these answer as when they do nothing. */
function evalFunctions(machine: LuaMachine): LibraryFunctions {
  const {api} = machine
  return {
    breakpoint: (L) => {
      api.lua_pushboolean(L, 0)
      return 1
    },
    debug: () => 0,
    replicate_commands: (L) => {
      api.lua_pushboolean(L, 1)
      return 1
    },
  }
}
