import {SHORT_BYTES_MAX, shortText} from '../../../protocol/resp/short-text.js'
import {type LuaExports, REGISTRY, TYPE_BOOLEAN, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE} from './exports.js'
import {addToTable, type NativeFunction, type NativeHook} from './trampolines.js'
import {type WasmModule, wasm} from './web-assembly.js'

/**
 * Raised by a library function: `message` becomes the Lua error.
 *
 * `placed`: a text that tells where it was raised, as luaL_error does (`user_script:1: `). `plain`: the text alone.
 * `table`: `{err = text}`, as all errors of Redis's own functions.
 */
export class LuaError extends Error {
  readonly form: 'placed' | 'plain' | 'table'

  constructor(message: string, form: 'placed' | 'plain' | 'table' = 'placed') {
    super(message)
    this.form = form
  }
}

/** As luaL_argerror: `bad argument #1 to 'pack' (...)`. */
export class ArgumentError extends Error {
  readonly argument: number

  constructor(argument: number, message: string) {
    super(message)
    this.argument = argument
  }
}

/** What Lua's longjmp throws through JavaScript's frames; whoever catches it must throw it on. */
const LONGJMP = Number.POSITIVE_INFINITY
const PAGE_BYTES = 65536
/** First byte of a compiled chunk. */
const COMPILED_MARK = 27
const SCRATCH_BYTES = 65536
/** Longer texts are made by appending pieces of this many bytes: arguments of a call are limited. */
const PIECE_BYTES = 8192
/** Of lua_Debug, in 32-bit memory. */
const RECORD_BYTES = 112
const RECORD_WHAT = 12
const RECORD_SOURCE = 16
const RECORD_LINE = 20
/** Of lua_State: how deep C calls are now, and where the running coroutine began; both 16 bits. */
const STATE_C_CALLS = 52
const STATE_BASE_C_CALLS = 54

/**
 * Lua 5.1 itself, compiled to WebAssembly, with its C API: no bridge of values in between. Library functions are
 * JavaScript functions that take the state and read and push on Lua's stack, as they would in C.
 *
 * All text is binary (latin1), and what Lua holds is bytes. One machine has one global state.
 */
export class LuaMachine {
  readonly api: LuaExports
  /** The main state. */
  readonly L: number
  /** Where a call may leave a length. */
  private readonly lengthAt: number
  private readonly scratch: number
  private readonly record: number
  private readonly names = new Map<string, number>()
  private readonly entries = new Map<number, (a: number, b: number) => void>()
  private bytes: Uint8Array
  private words: Int32Array

  /** @param memoryBytesMax - beyond it Lua finds no more memory, and says so to the script */
  constructor(module: WasmModule, nowMs: () => number, memoryBytesMax: number) {
    const imports = {env: {}, wasi_snapshot_preview1: {}} as Record<string, Record<string, unknown>>
    // Files, processes and time zones: the libraries that would ask for them are taken away.
    for (const {module: from, name} of wasm.Module.imports(module)) imports[from]![name] = () => 0
    Object.assign(imports.env!, {
      _emscripten_throw_longjmp: () => {
        throw LONGJMP
      },
      emscripten_date_now: nowMs,
      _emscripten_get_now_is_monotonic: () => 1,
      emscripten_memcpy_js: (to: number, from: number, count: number) => this.heap().copyWithin(to, from, from + count),
      emscripten_resize_heap: (bytes: number) => (this.grow(bytes >>> 0, memoryBytesMax) ? 1 : 0),
      invoke_vii: (entry: number, a: number, b: number) => this.invoke(entry, a, b),
    })
    const {exports} = new wasm.Instance(module, imports)
    const api = exports as unknown as LuaExports
    this.api = api
    this.bytes = new Uint8Array(api.memory.buffer)
    this.words = new Int32Array(api.memory.buffer)
    api.emscripten_stack_init()
    api.__wasm_call_ctors()
    this.lengthAt = api.malloc(8)
    this.scratch = api.malloc(SCRATCH_BYTES)
    this.record = api.malloc(RECORD_BYTES)
    this.L = api.luaL_newstate()
    api.luaL_openlibs(this.L)
  }

  /** setjmp's other half: a longjmp ends here; anything else that is thrown is a bug and goes on. */
  private invoke(entry: number, a: number, b: number): void {
    const {api} = this
    const stack = api.stackSave()
    try {
      this.entryOf(entry)(a, b)
    } catch (error) {
      if (error !== LONGJMP) throw error
      api.stackRestore(stack)
      api.setThrew(1, 0)
    }
  }

  /** Of Lua's own few that are called so: asking the table each time costs more than the call. */
  private entryOf(entry: number): (a: number, b: number) => void {
    let known = this.entries.get(entry)
    if (known === undefined) {
      known = this.api.__indirect_function_table.get(entry) as (a: number, b: number) => void
      this.entries.set(entry, known)
    }
    return known
  }

  private grow(wanted: number, max: number): boolean {
    if (wanted > max) return false
    const {memory} = this.api
    const now = memory.buffer.byteLength
    // A fifth more than asked for, or many small requests would copy much.
    const target = Math.min(max, Math.max(wanted, now * 1.2))
    try {
      memory.grow(Math.ceil((target - now) / PAGE_BYTES))
    } catch {
      return false
    }
    return true
  }

  /** The memory; it moves when it grows, so do not keep this. */
  heap(): Uint8Array {
    if (this.bytes.length === 0) {
      this.bytes = new Uint8Array(this.api.memory.buffer)
      this.words = new Int32Array(this.api.memory.buffer)
    }
    return this.bytes
  }

  get usedBytes(): number {
    return this.api.memory.buffer.byteLength
  }

  /** Makes library functions callable. @returns the index of the first, for `lua_pushcclosure`; then the rest and hooks */
  register(functions: readonly NativeFunction[], hooks: readonly NativeHook[] = []): number {
    return addToTable(
      this.api.__indirect_function_table,
      functions.map((run) => this.guarded(run)),
      hooks.map((run) => this.guarded(run)),
    )
  }

  /** What a library function throws becomes a Lua error; a longjmp of Lua's own passes. */
  private guarded<Result>(run: (L: number) => Result): (L: number) => Result | number {
    return (L) => {
      try {
        return run(L)
      } catch (error) {
        return this.raise(L, error)
      }
    }
  }

  private raise(L: number, error: unknown): number {
    const {api} = this
    if (error instanceof ArgumentError) return api.luaL_argerror(L, error.argument, this.temporaryName(error.message))
    if (!(error instanceof LuaError)) throw error
    if (error.form === 'table') {
      this.pushError(L, error.message)
    } else if (error.form === 'placed') {
      api.luaL_where(L, 1)
      this.push(L, this.text(L, -1) + error.message)
    } else {
      this.push(L, error.message)
    }
    return api.lua_error(L)
  }

  /** An error as scripts see it: redis.call raises it, redis.pcall returns it. @param text - with its code */
  pushError(L: number, text: string): void {
    const {api} = this
    api.lua_createtable(L, 0, 2)
    this.setText(L, 'err', text)
    api.lua_pushboolean(L, 1)
    api.lua_setfield(L, -2, this.name('ignore_error_stats_update'))
  }

  /** A zero-terminated name that Lua may read at any time. Kept for ever: for names known in advance only. */
  name(text: string): number {
    let at = this.names.get(text)
    if (at === undefined) {
      at = this.api.malloc(text.length + 1)
      this.write(at, text)
      this.heap()[at + text.length] = 0
      this.names.set(text, at)
    }
    return at
  }

  /** A zero-terminated text that is read before the next call. */
  private temporaryName(text: string): number {
    const cut = text.slice(0, SCRATCH_BYTES - 1)
    this.write(this.scratch, cut)
    this.heap()[this.scratch + cut.length] = 0
    return this.scratch
  }

  private write(at: number, text: string): void {
    const heap = this.heap()
    for (let i = 0; i < text.length; i++) heap[at + i] = text.charCodeAt(i)
  }

  read(at: number, length: number): string {
    const heap = this.heap()
    if (length <= SHORT_BYTES_MAX) return shortText(heap, at, length)
    let text = ''
    for (let from = at; from < at + length; from += PIECE_BYTES) {
      const piece = heap.subarray(from, Math.min(from + PIECE_BYTES, at + length))
      text += String.fromCharCode.apply(null, piece as unknown as number[])
    }
    return text
  }

  private readName(at: number): string {
    const heap = this.heap()
    let end = at
    while (heap[end] !== 0) end++
    return this.read(at, end - at)
  }

  push(L: number, text: string): void {
    const {length} = text
    if (length <= SCRATCH_BYTES) {
      this.write(this.scratch, text)
      this.api.lua_pushlstring(L, this.scratch, length)
      return
    }
    const at = this.api.malloc(length)
    if (at === 0) throw new LuaError('not enough memory', 'plain')
    this.write(at, text)
    this.api.lua_pushlstring(L, at, length)
    this.api.free(at)
  }

  /** The bytes of a string, or of a number as a string: which it then is on the stack too. '' if it is neither. */
  text(L: number, index: number): string {
    const at = this.api.lua_tolstring(L, index, this.lengthAt)
    if (at === 0) return ''
    this.heap()
    return this.read(at, this.words[this.lengthAt >> 2]!)
  }

  isText(L: number, index: number): boolean {
    const type = this.api.lua_type(L, index)
    return type === TYPE_STRING || type === TYPE_NUMBER
  }

  /** An argument that must be a string. */
  checkText(L: number, argument: number): string {
    const at = this.api.luaL_checklstring(L, argument, this.lengthAt)
    this.heap()
    return this.read(at, this.words[this.lengthAt >> 2]!)
  }

  /** Sets a field of the table at the top of the stack. */
  setText(L: number, field: string, text: string): void {
    this.push(L, text)
    this.api.lua_setfield(L, -2, this.name(field))
  }

  setNumber(L: number, field: string, value: number): void {
    this.api.lua_pushnumber(L, value)
    this.api.lua_setfield(L, -2, this.name(field))
  }

  setFunction(L: number, field: string, entry: number): void {
    this.api.lua_pushcclosure(L, entry, 0)
    this.api.lua_setfield(L, -2, this.name(field))
  }

  /** @returns the error's text; undefined if there is a function at the top of the stack */
  load(L: number, source: string, chunkName: string): string | undefined {
    const {api} = this
    // Compiled code is not checked by Lua, and redis-server does not take it. Behind a blank it is read as text.
    const text = source.charCodeAt(0) === COMPILED_MARK ? ` ${source}` : source
    const at = api.malloc(text.length + chunkName.length + 1)
    if (at === 0) return 'not enough memory'
    this.write(at, text)
    this.write(at + text.length, chunkName)
    this.heap()[at + text.length + chunkName.length] = 0
    const status = api.luaL_loadbuffer(L, at, text.length, at + text.length)
    api.free(at)
    if (status === 0) return undefined
    const message = this.text(L, -1)
    api.lua_settop(L, -2)
    return message
  }

  /** Takes the value at the top of the stack into the registry. */
  ref(L: number): number {
    return this.api.luaL_ref(L, REGISTRY)
  }

  pushRef(L: number, ref: number): void {
    this.api.lua_rawgeti(L, REGISTRY, ref)
  }

  unref(ref: number): void {
    this.api.luaL_unref(this.L, REGISTRY, ref)
  }

  /** What an error at the top of the stack says, with its code: `{err = text}` says it itself. */
  errorText(L: number): string {
    const {api} = this
    const type = api.lua_type(L, -1)
    if (type === TYPE_STRING || type === TYPE_NUMBER) return `ERR ${this.text(L, -1)}`
    if (type === TYPE_NIL) return 'ERR nil'
    if (type === TYPE_BOOLEAN) return `ERR ${api.lua_toboolean(L, -1) !== 0}`
    if (type !== TYPE_TABLE) return 'ERR unknown error'
    api.lua_getfield(L, -1, this.name('err'))
    const text = this.isText(L, -1) ? this.text(L, -1) : 'ERR unknown error'
    api.lua_settop(L, -2)
    return text
  }

  /** Where a function on the call stack is; undefined beyond its end. */
  where(L: number, level: number): {readonly isC: boolean; readonly source: string; readonly line: number} | undefined {
    const {api, record} = this
    if (api.lua_getstack(L, level, record) === 0) return undefined
    api.lua_getinfo(L, this.name('nSl'), record)
    this.heap()
    const what = this.readName(this.words[(record + RECORD_WHAT) >> 2]!)
    const source = this.readName(this.words[(record + RECORD_SOURCE) >> 2]!)
    return {isC: what === 'C', line: this.words[(record + RECORD_LINE) >> 2]!, source}
  }

  /** Whether a hook of this coroutine may yield: nothing of C stands between it and whoever resumed it. */
  mayYield(L: number): boolean {
    const heap = this.heap()
    const at = (offset: number): number => heap[L + offset]! | (heap[L + offset + 1]! << 8)
    return at(STATE_C_CALLS) <= at(STATE_BASE_C_CALLS)
  }
}
