import {isTooLong} from '../../kernel/too-long.js'
import {TOO_LONG} from '../reply-error.js'
import {bitFunctions} from './libraries/bit.js'
import {JSON_TEXTS, jsonFunctions, setJsonConstants} from './libraries/json.js'
import {installLibrary} from './libraries/library.js'
import {messagePackFunctions} from './libraries/message-pack.js'
import {structFunctions} from './libraries/struct.js'
import {GLOBALS, HOOK_COUNT, HOOK_LINE, LUA_YIELDED} from './lua/exports.js'
import {LuaMachine} from './lua/machine.js'
import type {WasmModule} from './lua/web-assembly.js'
import type {ScriptRandom} from './random.js'
import {installRedis, type ScriptHost} from './redis-api.js'
import {Sandbox} from './sandbox.js'
import {changeStandardFunctions, installErrorHandler} from './standard-functions.js'

/** Beyond this a script is told that there is no more memory; Redis's own has no limit, WebAssembly's memory has. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024
/** Lua's instructions between two looks at the clock. */
const HOOK_INSTRUCTIONS = 100_000

export interface EngineOptions {
  readonly kind: 'eval' | 'function'
  /** Lua 5.1 for WebAssembly. */
  readonly module: WasmModule
  readonly host: ScriptHost
  readonly random: ScriptRandom
  nowMs(): number
  /**
   * Called every hundred thousand instructions. May throw a LuaError, which ends the script.
   *
   * @returns whether the script is to be paused; it is asked again later if it cannot be now
   */
  onCount(): boolean
}

/** Why a script ended early. */
export interface ScriptFailure {
  /** With its code: `ERR user_script:1: ...`. */
  readonly text: string
  /** `@user_script:1`; undefined if it is not known. */
  readonly place: string | undefined
}

/** A Lua with Redis's libraries, closed for changes, and the coroutine in which its scripts run. */
export class LuaEngine {
  readonly machine: LuaMachine
  readonly sandbox: Sandbox
  private readonly options: EngineOptions
  private readonly hookEntry: number
  /** Where scripts run: a coroutine can be paused. The same one again and again, until one ends in an error. */
  thread = 0
  private threadRef = 0

  constructor(options: EngineOptions) {
    this.options = options
    const {host, kind, module, random} = options
    const machine = new LuaMachine(module, options.nowMs, MEMORY_BYTES_MAX)
    this.machine = machine
    this.sandbox = new Sandbox(machine)
    const {L, api} = machine
    installLibrary(machine, 'bit', bitFunctions(machine))
    installLibrary(machine, 'struct', structFunctions(machine))
    installLibrary(machine, 'cmsgpack', messagePackFunctions(machine), {
      _COPYRIGHT: 'Copyright (C) 2012, Salvatore Sanfilippo',
      _DESCRIPTION: 'MessagePack C implementation for Lua',
      _NAME: 'cmsgpack',
      _VERSION: 'lua-cmsgpack 0.4.0',
    })
    installLibrary(machine, 'cjson', jsonFunctions(machine), JSON_TEXTS)
    api.lua_getfield(L, GLOBALS, machine.name('cjson'))
    setJsonConstants(machine, L)
    api.lua_settop(L, -2)
    changeStandardFunctions(machine, random, (state) => state === this.thread)
    if (kind === 'eval') installErrorHandler(machine)
    installRedis(machine, host, kind === 'eval')
    this.sandbox.close()
    this.hookEntry = machine.register([], [(state) => this.onCount(state)])
    this.renewThread()
  }

  private renewThread(): void {
    const {L, api} = this.machine
    if (this.threadRef !== 0) this.machine.unref(this.threadRef)
    this.thread = api.lua_newthread(L)
    this.threadRef = this.machine.ref(L)
    api.lua_sethook(this.thread, this.hookEntry, HOOK_COUNT, HOOK_INSTRUCTIONS)
  }

  private onCount(state: number): void {
    if (!this.options.onCount() || state !== this.thread || !this.machine.mayYield(state)) return
    this.machine.api.lua_yield(state, 0)
  }

  /** From now on each line calls the hook, so that the script cannot catch an error and go on. */
  watchEachLine(): void {
    this.machine.api.lua_sethook(this.thread, this.hookEntry, HOOK_LINE | HOOK_COUNT, 1)
  }

  /** Compiles a source. @returns a reference to its function, or the error's text */
  compile(source: string, chunkName: string): number | string {
    const {machine} = this
    const {L} = machine
    const error = machine.load(L, source, chunkName)
    return error ?? machine.ref(L)
  }

  /** Sets a global table of scripts (KEYS, ARGV). */
  setGlobalTexts(name: string, texts: readonly string[], first: number, end: number): void {
    const {machine} = this
    const {L, api} = machine
    machine.pushRef(L, this.sandbox.globalsRef)
    this.pushTexts(L, texts, first, end)
    api.lua_setfield(L, -2, machine.name(name))
    api.lua_settop(L, -2)
  }

  /** Pushes a table of `texts[first..end - 1]`. */
  pushTexts(L: number, texts: readonly string[], first: number, end: number): void {
    const {machine} = this
    machine.api.lua_createtable(L, arrayRoom(end - first), 0)
    for (let i = first; i < end; i++) {
      machine.push(L, texts[i]!)
      machine.api.lua_rawseti(L, -2, i - first + 1)
    }
  }

  /**
   * Starts what was pushed on the coroutine (a function and `argumentCount` arguments), or lets a paused one go on.
   *
   * @returns the failure; `paused`; or `done`: the results are on the coroutine's stack
   */
  resume(argumentCount: number): 'done' | 'paused' | ScriptFailure {
    const {machine, thread} = this
    const status = machine.api.lua_resume(thread, argumentCount)
    if (status === 0) return 'done'
    if (status === LUA_YIELDED) return 'paused'
    const failure = this.failure()
    this.renewThread()
    return failure
  }

  private failure(): ScriptFailure {
    const {machine, thread} = this
    // A function of C has no lines; who called it has.
    let place = machine.where(thread, 0)
    if (place?.isC === true) place = machine.where(thread, 1)
    return {
      place: place === undefined ? undefined : `${place.source}:${place.line}`,
      text: machine.errorText(thread),
    }
  }
}

/** The room that a table has which got so many elements one by one: with holes, its length depends on that. */
function arrayRoom(count: number): number {
  return count < 2 ? count : 1 << (32 - Math.clz32(count - 1))
}

/**
 * The error text of what Lua cannot go on after: patterns that call themselves too deep end JavaScript's stack, and memory
 * may run out outside a protected call. Another engine can go on.
 *
 * @throws the error itself, if it is another: a bug
 */
export function requireEngineFailure(error: unknown): string {
  if (isTooLong(error)) return TOO_LONG
  if (error instanceof RangeError) return 'ERR stack overflow'
  if (error instanceof Error && error.name === 'RuntimeError') return 'ERR not enough memory'
  throw error
}
