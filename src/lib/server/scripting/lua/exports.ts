import type {WasmMemory, WasmTable} from './web-assembly.js'

/** The part of Lua 5.1's C API that is called here. Pointers are numbers: addresses in the module's memory. */
export interface LuaExports {
  readonly memory: WasmMemory
  readonly __indirect_function_table: WasmTable
  __wasm_call_ctors(): void
  emscripten_stack_init(): void
  stackSave(): number
  stackRestore(at: number): void
  setThrew(threw: number, value: number): void
  malloc(bytes: number): number
  free(at: number): void
  luaL_newstate(): number
  luaL_openlibs(L: number): void
  luaL_loadbuffer(L: number, text: number, length: number, chunkName: number): number
  luaL_ref(L: number, table: number): number
  luaL_unref(L: number, table: number, ref: number): void
  luaL_where(L: number, level: number): void
  luaL_argerror(L: number, argument: number, message: number): number
  luaL_checktype(L: number, argument: number, type: number): void
  luaL_checkany(L: number, argument: number): void
  luaL_checknumber(L: number, argument: number): number
  luaL_checklstring(L: number, argument: number, lengthAt: number): number
  luaL_getmetafield(L: number, index: number, name: number): number
  lua_newthread(L: number): number
  lua_pushthread(L: number): number
  lua_gettop(L: number): number
  lua_settop(L: number, top: number): void
  lua_remove(L: number, index: number): void
  lua_insert(L: number, index: number): void
  lua_replace(L: number, index: number): void
  lua_pushvalue(L: number, index: number): void
  lua_checkstack(L: number, slots: number): number
  lua_xmove(from: number, to: number, count: number): void
  lua_type(L: number, index: number): number
  lua_rawequal(L: number, a: number, b: number): number
  lua_tonumber(L: number, index: number): number
  lua_toboolean(L: number, index: number): number
  lua_tolstring(L: number, index: number, lengthAt: number): number
  lua_isnumber(L: number, index: number): number
  lua_topointer(L: number, index: number): number
  lua_pushnil(L: number): void
  lua_pushnumber(L: number, value: number): void
  lua_pushlstring(L: number, text: number, length: number): void
  lua_pushcclosure(L: number, entry: number, upvalues: number): void
  lua_pushboolean(L: number, value: number): void
  lua_pushlightuserdata(L: number, value: number): void
  lua_getfield(L: number, index: number, name: number): void
  lua_setfield(L: number, index: number, name: number): void
  lua_rawget(L: number, index: number): void
  lua_rawgeti(L: number, index: number, n: number): void
  lua_rawset(L: number, index: number): void
  lua_rawseti(L: number, index: number, n: number): void
  lua_createtable(L: number, arrayLength: number, recordLength: number): void
  lua_getmetatable(L: number, index: number): number
  lua_setmetatable(L: number, index: number): number
  lua_next(L: number, index: number): number
  lua_objlen(L: number, index: number): number
  lua_call(L: number, args: number, results: number): void
  lua_pcall(L: number, args: number, results: number, handler: number): number
  lua_resume(L: number, args: number): number
  lua_yield(L: number, results: number): number
  lua_error(L: number): number
  lua_gc(L: number, what: number, data: number): number
  lua_getstack(L: number, level: number, record: number): number
  lua_getinfo(L: number, what: number, record: number): number
  lua_sethook(L: number, entry: number, mask: number, count: number): number
}

export const REGISTRY = -10000
export const GLOBALS = -10002

export const LUA_YIELDED = 1
export const LUA_OUT_OF_MEMORY = 4
export const MULTIPLE_RESULTS = -1

export const TYPE_NIL = 0
export const TYPE_BOOLEAN = 1
export const TYPE_LIGHT_USERDATA = 2
export const TYPE_NUMBER = 3
export const TYPE_STRING = 4
export const TYPE_TABLE = 5
export const TYPE_FUNCTION = 6

export const HOOK_LINE = 4
export const HOOK_COUNT = 8
