import {GLOBALS, TYPE_FUNCTION, TYPE_NIL, TYPE_STRING, TYPE_TABLE} from './lua/exports.js'
import {ArgumentError, LuaError, type LuaMachine} from './lua/machine.js'

const READONLY = 'Attempt to modify a readonly table'

/** Of Lua's own globals, what a script may not have. `print`, for one, would write to the node's output. */
const REMOVED = [
  'debug',
  'dofile',
  'getfenv',
  'io',
  'loadfile',
  'module',
  'newproxy',
  'os',
  'package',
  'print',
  'require',
  'setfenv',
]
const LIBRARIES = ['bit', 'cjson', 'cmsgpack', 'coroutine', 'math', 'redis', 'string', 'struct', 'table']

/** Lua's load, with a blank before code that is compiled: so it is read as text, and refused. */
const LOAD_AS_TEXT = `
local load, byte, type = load, string.byte, type
return function(read, name)
  local isFirst = true
  return load(function()
    local piece = read()
    if isFirst and type(piece) == 'string' then
      isFirst = false
      if byte(piece) == 27 then return ' ' .. piece end
    end
    return piece
  end, name)
end`

interface Protected {
  /** Reference to the table behind. */
  readonly realRef: number
  /** Reference to what getmetatable tells of it; 0 = nil. */
  readonly shownMetatableRef: number
}

/**
 * Tables that scripts can read and not change.
 *
 * redis-server's Lua knows read-only tables; this one does not. A script is given an empty table instead, whose
 * metatable reads from the real one and refuses writes; the functions that look past metatables (rawget, pairs, ...)
 * know the empty ones by their address, which no other table gets while the registry holds them.
 */
export class Sandbox {
  private readonly machine: LuaMachine
  private readonly guards = new Map<number, Protected>()
  private readonly base: number
  /** Reference to the real table of globals. */
  readonly globalsRef: number
  /** Reference to the metatable of what scripts have for it. */
  private environmentMetatableRef = 0
  private nextRef = 0
  private stringMetatableRef = 0
  private loadRef = 0

  constructor(machine: LuaMachine) {
    this.machine = machine
    this.base = machine.register([
      (L) => this.refuse(L),
      (L) => this.missing(L),
      (L) => this.pairs(L),
      (L) => this.next(L),
      (L) => this.rawget(L),
      (L) => this.rawset(L),
      (L) => this.setmetatable(L),
      (L) => this.getmetatable(L),
      (L) => this.loadstring(L),
      (L) => this.load(L),
    ])
    const {L, api} = machine
    api.lua_pushvalue(L, GLOBALS)
    this.globalsRef = machine.ref(L)
    machine.pushRef(L, this.globalsRef)
    for (const name of REMOVED) {
      api.lua_pushnil(L)
      api.lua_setfield(L, -2, machine.name(name))
    }
    api.lua_getfield(L, -1, machine.name('next'))
    this.nextRef = machine.ref(L)
    const error = machine.load(L, LOAD_AS_TEXT, '=load')
    if (error !== undefined) throw new Error(error)
    api.lua_call(L, 0, 1)
    this.loadRef = machine.ref(L)
    const own = ['pairs', 'next', 'rawget', 'rawset', 'setmetatable', 'getmetatable', 'loadstring', 'load']
    for (const [index, name] of own.entries()) machine.setFunction(L, name, this.base + 2 + index)
    api.lua_settop(L, 0)
  }

  /** From here on nothing that scripts share can be changed. To be called once all libraries are there. */
  close(): void {
    const {machine} = this
    const {L, api} = machine
    machine.push(L, '')
    api.lua_getmetatable(L, -1)
    this.protect(L)
    this.stringMetatableRef = machine.ref(L)
    machine.pushRef(L, this.globalsRef)
    for (const name of LIBRARIES) {
      api.lua_getfield(L, -1, machine.name(name))
      this.protect(L)
      api.lua_setfield(L, -2, machine.name(name))
    }
    this.refuseMissing(L)
    api.lua_pushvalue(L, -1)
    api.lua_createtable(L, 0, 1)
    machine.setFunction(L, '__index', this.base + 1)
    this.protect(L)
    this.protect(L, machine.ref(L))
    api.lua_getmetatable(L, -1)
    this.environmentMetatableRef = machine.ref(L)
    api.lua_pushvalue(L, -1)
    api.lua_setfield(L, -3, machine.name('_G'))
    api.lua_replace(L, GLOBALS)
    api.lua_settop(L, 0)
  }

  /** Reading what the table at the top of the stack does not have is an error from now on. */
  refuseMissing(L: number): void {
    const {machine} = this
    machine.api.lua_createtable(L, 0, 1)
    machine.setFunction(L, '__index', this.base + 1)
    machine.api.lua_setmetatable(L, -2)
  }

  /** Lets globals be read from the table of this reference. */
  readGlobalsFrom(tableRef: number): void {
    const {machine} = this
    const {L, api} = machine
    machine.pushRef(L, this.environmentMetatableRef)
    machine.pushRef(L, tableRef)
    api.lua_setfield(L, -2, machine.name('__index'))
    api.lua_settop(L, -2)
  }

  /** Replaces the table at the top of the stack by one that reads from it and cannot be changed. */
  protect(L: number, shownMetatableRef = 0): void {
    const {machine} = this
    const {api} = machine
    api.lua_createtable(L, 0, 0)
    api.lua_createtable(L, 0, 2)
    api.lua_pushvalue(L, -3)
    api.lua_setfield(L, -2, machine.name('__index'))
    machine.setFunction(L, '__newindex', this.base)
    api.lua_setmetatable(L, -2)
    api.lua_insert(L, -2)
    const realRef = machine.ref(L)
    // Held for ever, so that the address stays this table's.
    api.lua_pushvalue(L, -1)
    machine.ref(L)
    this.guards.set(api.lua_topointer(L, -1), {realRef, shownMetatableRef})
  }

  private guardOf(L: number, index: number): Protected | undefined {
    return this.guards.get(this.machine.api.lua_topointer(L, index))
  }

  private refuse(_L: number): number {
    throw new LuaError(READONLY)
  }

  private missing(L: number): number {
    const {machine} = this
    const name = machine.isText(L, 2) ? machine.text(L, 2) : '?'
    throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`)
  }

  private pairs(L: number): number {
    const {api} = this.machine
    api.luaL_checktype(L, 1, TYPE_TABLE)
    const guard = this.guardOf(L, 1)
    this.machine.pushRef(L, this.nextRef)
    if (guard === undefined) api.lua_pushvalue(L, 1)
    else this.machine.pushRef(L, guard.realRef)
    api.lua_pushnil(L)
    return 3
  }

  /** Puts the table behind a protected one in its place. */
  private reveal(L: number, index: number): boolean {
    const guard = this.guardOf(L, index)
    if (guard === undefined) return false
    this.machine.pushRef(L, guard.realRef)
    this.machine.api.lua_replace(L, index)
    return true
  }

  private next(L: number): number {
    const {api} = this.machine
    api.luaL_checktype(L, 1, TYPE_TABLE)
    api.lua_settop(L, 2)
    this.reveal(L, 1)
    if (api.lua_next(L, 1) !== 0) return 2
    api.lua_pushnil(L)
    return 1
  }

  private rawget(L: number): number {
    const {api} = this.machine
    api.luaL_checktype(L, 1, TYPE_TABLE)
    api.luaL_checkany(L, 2)
    api.lua_settop(L, 2)
    this.reveal(L, 1)
    api.lua_rawget(L, 1)
    return 1
  }

  private rawset(L: number): number {
    const {api} = this.machine
    api.luaL_checktype(L, 1, TYPE_TABLE)
    api.luaL_checkany(L, 2)
    api.luaL_checkany(L, 3)
    api.lua_settop(L, 3)
    if (this.guardOf(L, 1) !== undefined) throw new LuaError(READONLY, 'plain')
    api.lua_rawset(L, 1)
    return 1
  }

  private setmetatable(L: number): number {
    const {api} = this.machine
    const type = api.lua_type(L, 2)
    api.luaL_checktype(L, 1, TYPE_TABLE)
    if (type !== TYPE_NIL && type !== TYPE_TABLE) throw new ArgumentError(2, 'nil or table expected')
    if (api.luaL_getmetafield(L, 1, this.machine.name('__metatable')) !== 0) {
      throw new LuaError('cannot change a protected metatable')
    }
    if (this.guardOf(L, 1) !== undefined) throw new LuaError(READONLY, 'plain')
    api.lua_settop(L, 2)
    this.reveal(L, 2)
    api.lua_setmetatable(L, 1)
    return 1
  }

  private getmetatable(L: number): number {
    const {api} = this.machine
    api.luaL_checkany(L, 1)
    const guard = this.guardOf(L, 1)
    if (guard !== undefined) {
      if (guard.shownMetatableRef === 0) api.lua_pushnil(L)
      else this.machine.pushRef(L, guard.shownMetatableRef)
      return 1
    }
    if (api.lua_type(L, 1) === TYPE_STRING) {
      this.machine.pushRef(L, this.stringMetatableRef)
      return 1
    }
    if (api.lua_getmetatable(L, 1) === 0) {
      api.lua_pushnil(L)
      return 1
    }
    api.luaL_getmetafield(L, 1, this.machine.name('__metatable'))
    return 1
  }

  private loadstring(L: number): number {
    const {api} = this.machine
    const source = this.machine.checkText(L, 1)
    const name = api.lua_type(L, 2) <= TYPE_NIL ? source : this.machine.checkText(L, 2)
    return this.loadText(L, source, name)
  }

  private load(L: number): number {
    const {api} = this.machine
    api.luaL_checktype(L, 1, TYPE_FUNCTION)
    const name = api.lua_type(L, 2) <= TYPE_NIL ? '=(load)' : this.machine.checkText(L, 2)
    this.machine.pushRef(L, this.loadRef)
    api.lua_pushvalue(L, 1)
    this.machine.push(L, name)
    api.lua_call(L, 2, 2)
    return 2
  }

  private loadText(L: number, source: string, name: string): number {
    // As a C string: it ends at its first zero.
    const error = this.machine.load(L, source, name.split('\0', 1)[0]!)
    if (error === undefined) return 1
    this.machine.api.lua_pushnil(L)
    this.machine.push(L, error)
    return 2
  }
}
