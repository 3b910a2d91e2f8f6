import {installLibrary, setFunctions} from './libraries/library.js'
import {GLOBALS, MULTIPLE_RESULTS, TYPE_STRING, TYPE_TABLE} from './lua/exports.js'
import {ArgumentError, LuaError, type LuaMachine} from './lua/machine.js'
import type {ScriptRandom} from './random.js'

const ACROSS_C = 'attempt to yield across metamethod/C-call boundary'

/** What Redis changes of Lua's own library, and what must be because a script runs as a coroutine here. */
export function changeStandardFunctions(
  machine: LuaMachine,
  random: ScriptRandom,
  isScriptThread: (L: number) => boolean,
): void {
  const {L, api} = machine
  installLibrary(machine, 'math', {
    random: (state) => pushRandom(machine, random, state),
    randomseed: (state) => {
      random.seed(Math.trunc(api.luaL_checknumber(state, 1)))
      return 0
    },
  })
  installLibrary(machine, 'coroutine', {
    running: (state) => {
      if (isScriptThread(state)) api.lua_pushnil(state)
      else api.lua_pushthread(state)
      return 1
    },
    yield: (state) => {
      if (isScriptThread(state)) throw new LuaError(ACROSS_C, 'plain')
      return api.lua_yield(state, api.lua_gettop(state))
    },
  })
  api.lua_pushvalue(L, GLOBALS)
  setFunctions(machine, L, {pcall: (state) => protectedCall(machine, state)})
  api.lua_settop(L, -2)
}

function pushRandom(machine: LuaMachine, random: ScriptRandom, L: number): number {
  const {api} = machine
  const value = random.next()
  const count = api.lua_gettop(L)
  if (count === 0) {
    api.lua_pushnumber(L, value)
    return 1
  }
  if (count > 2) throw new LuaError('wrong number of arguments')
  const lower = count === 1 ? 1 : Math.trunc(api.luaL_checknumber(L, 1))
  const upper = Math.trunc(api.luaL_checknumber(L, count))
  if (lower > upper) throw new ArgumentError(count, 'interval is empty')
  api.lua_pushnumber(L, Math.floor(value * (upper - lower + 1)) + lower)
  return 1
}

/** pcall, that gives of Redis's errors the text alone. */
function protectedCall(machine: LuaMachine, L: number): number {
  const {api} = machine
  api.luaL_checkany(L, 1)
  const status = api.lua_pcall(L, api.lua_gettop(L) - 1, MULTIPLE_RESULTS, 0)
  if (status !== 0 && api.lua_type(L, -1) === TYPE_TABLE) {
    api.lua_getfield(L, -1, machine.name('err'))
    if (machine.isText(L, -1)) api.lua_replace(L, -2)
    else api.lua_settop(L, -2)
  }
  api.lua_checkstack(L, 1)
  api.lua_pushboolean(L, status === 0 ? 1 : 0)
  api.lua_insert(L, 1)
  return api.lua_gettop(L)
}

/** The function by which redis-server makes a table of an error; scripts can see it. */
export function installErrorHandler(machine: LuaMachine): void {
  const {L, api} = machine
  api.lua_pushvalue(L, GLOBALS)
  setFunctions(machine, L, {
    __redis__err__handler: (state) => {
      if (api.lua_type(state, 1) === TYPE_TABLE) {
        api.lua_settop(state, 1)
        return 1
      }
      const text = api.lua_type(state, 1) === TYPE_STRING ? machine.text(state, 1) : 'nil'
      api.lua_createtable(state, 0, 1)
      machine.setText(state, 'err', `ERR ${text}`)
      return 1
    },
  })
  api.lua_settop(L, -2)
}
