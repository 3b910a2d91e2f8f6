import {deniedTo} from '../acl/permissions.js'
import {Client, SCRIPT_CLIENT_ID, SPECIAL_RESTRICTED} from '../client.js'
import type {Command, CommandContext} from '../commands/command.js'
import type {LogLevel} from '../effects.js'
import {OUT_OF_MEMORY} from '../memory-limit.js'
import {TO_ALL} from '../propagation/propagation.js'
import {ReplyError} from '../reply-error.js'
import {SERVER_BUSY, type Server} from '../server.js'
import {LuaEngine, requireEngineFailure, type ScriptFailure} from './engine.js'
import {FunctionLibraries} from './functions.js'
import {knownScripting, noteScripting} from './known-scripting.js'
import {LuaError} from './lua/machine.js'
import {type WasmModule, wasm} from './lua/web-assembly.js'
import {writeValue} from './lua-to-reply.js'
import {ScriptRandom} from './random.js'
import {type ScriptHost, sha1Hex} from './redis-api.js'
import {DENIALS, UNKILLABLE} from './script-denials.js'
import {scriptEffects} from './script-effects.js'
import {requireAllowed, writeRefusal} from './script-flags.js'
import {routeRefusal} from './script-routing.js'
import {ALLOW_OOM, NO_WRITES, type ScriptRun} from './script-run.js'
import {readShebang, type Script} from './scripts.js'

/** EVAL script numkeys key ... */
const FIRST_KEY = 3
const SCRIPT_CHUNK = '@user_script'
/** How long a busy script runs before the loop gets a turn. */
const SLICE_US = 5000
/** An engine for scripts that has grown larger is let go. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024
const LOAD_US_MAX = 500_000
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning']

const NOT_ALLOWED = 'ERR This Redis command is not allowed from script'
export function busyText(kind: ScriptRun['kind']): string {
  const command = kind === 'eval' ? 'SCRIPT' : 'FUNCTION'
  return `BUSY Redis is busy running a script. You can only call ${command} KILL or SHUTDOWN NOSAVE.`
}

/**
 * Scripts and functions of one server: their engines, the cache of scripts, and the one that runs.
 *
 * A script blocks the loop, as it does redis-server's. When it has run for busy-reply-threshold it is paused every few
 * milliseconds, between two of its instructions, so that others get -BUSY instead of silence and SCRIPT KILL can
 * arrive. It cannot be paused while a function of C that was called by the script calls back into it (pcall, a
 * metamethod, gsub's and sort's functions) nor inside a coroutine of its own; then the loop waits for it to come out.
 */
export class Scripting implements ScriptHost {
  readonly functions: FunctionLibraries
  private readonly server: Server
  /** Runs the scripts' commands; nobody is connected to it. */
  private readonly client: Client
  private readonly random = new ScriptRandom()
  private module: WasmModule | undefined
  private evalEngine: LuaEngine | undefined
  private readonly bySha = new Map<string, Script>()
  private readonly byBody = new Map<string, Script>()
  private current: ScriptRun | undefined
  private loadStartedUs = 0

  constructor(server: Server) {
    this.server = server
    const options = {address: '?:0', localAddress: '?:0', nowMs: server.state.nowMs}
    this.client = new Client(server, SCRIPT_CLIENT_ID, options, server.limits)
    this.client.mustNotBlock = true
    this.functions = new FunctionLibraries(this)
  }

  get run(): ScriptRun | undefined {
    return this.current
  }

  get cachedCount(): number {
    return this.bySha.size
  }

  /** Bytes of the engines' memory. */
  get usedBytes(): {readonly eval: number; readonly functions: number} {
    return {eval: this.evalEngine?.machine.usedBytes ?? 0, functions: this.functions.usedBytes}
  }

  /** Bytes of the texts kept: of scripts, of libraries. */
  get textBytes(): {readonly scripts: number; readonly libraries: number} {
    let scripts = 0
    for (const {body} of this.bySha.values()) scripts += body.length
    return {scripts, libraries: this.functions.all().reduce((sum, {code}) => sum + code.length, 0)}
  }

  makeEngine(kind: 'eval' | 'function'): LuaEngine {
    const {effects} = this.server
    this.module ??= new wasm.Module(scriptEffects(this.server).luaModule())
    const engine: LuaEngine = new LuaEngine({
      host: this,
      kind,
      module: this.module,
      nowMs: () => effects.nowMs(),
      onCount: () => this.onCount(engine),
      random: this.random,
    })
    return engine
  }

  /** The script of this text, compiled and kept. @throws ReplyError if it does not compile */
  scriptOf(body: string): Script {
    const known = this.byBody.get(body)
    if (known !== undefined) return known
    const {flags, source} = readShebang(body)
    this.evalEngine ??= this.makeEngine('eval')
    const engine = this.evalEngine
    const script: Script = {body, engine, flags, ref: this.compile(engine, source), sha: sha1Hex(body), source}
    this.byBody.set(body, script)
    this.bySha.set(script.sha, script)
    return script
  }

  private compile(engine: LuaEngine, source: string): number {
    const ref = engine.compile(source, SCRIPT_CHUNK)
    if (typeof ref === 'string') throw new ReplyError(`ERR Error compiling script (new function): ${ref}`)
    return ref
  }

  scriptBySha(sha: string): Script | undefined {
    return this.bySha.get(sha) ?? this.bySha.get(sha.toLowerCase())
  }

  flushScripts(): void {
    this.bySha.clear()
    this.byBody.clear()
    // The engine of a script that runs is kept by its run.
    this.evalEngine = undefined
  }

  /** Runs a script for a client and writes its reply, now or, if it has to be paused, later. */
  evaluate(
    context: CommandContext,
    argv: readonly string[],
    script: Script,
    keyCount: number,
    isReadonly: boolean,
  ): void {
    this.evalEngine ??= this.makeEngine('eval')
    const engine = this.evalEngine
    if (script.engine !== engine) {
      script.ref = this.compile(engine, script.source)
      script.engine = engine
    }
    const run = this.begin(context, argv, 'eval', script.sha, script.flags, isReadonly)
    const firstValue = FIRST_KEY + keyCount
    this.proceed(engine, run, () => {
      engine.setGlobalTexts('KEYS', argv, FIRST_KEY, firstValue)
      engine.setGlobalTexts('ARGV', argv, firstValue, argv.length)
      engine.machine.pushRef(engine.thread, script.ref)
      return 0
    })
  }

  /** Runs a function that `push` puts on the engine's coroutine, with its arguments. @param push - returns their number */
  callFunction(
    context: CommandContext,
    argv: readonly string[],
    engine: LuaEngine,
    one: {readonly name: string; readonly flags: number},
    isReadonly: boolean,
    push: () => number,
  ): void {
    const run = this.begin(context, argv, 'function', one.name, one.flags, isReadonly)
    this.proceed(engine, run, push)
  }

  /** The checks before any script. @throws ReplyError */
  private begin(
    {client, db, nowMs}: CommandContext,
    argv: readonly string[],
    kind: ScriptRun['kind'],
    name: string,
    flags: number,
    isReadonly: boolean,
  ): ScriptRun {
    const {server} = this
    const isOutOfMemory = server.memory.isExceeded
    requireAllowed(server, flags, isReadonly, isOutOfMemory)
    const inner = this.client
    inner.reply.out = ''
    inner.reply.resp = 2
    inner.db = db
    inner.context.nowMs = nowMs
    server.acl.logIn(inner, client.account)
    inner.isReadonly = client.isReadonly
    if (!client.mustNotBlock) client.slot = -1
    // Only what it does goes out.
    server.state.propagation.instead(db.index)
    const startedUs = server.effects.monotonicUs()
    this.current = {
      argv,
      caller: client,
      flags,
      hasWritten: false,
      isBusy: false,
      isKilled: false,
      isOutOfMemory: isOutOfMemory && (flags & ALLOW_OOM) === 0,
      isReadonly: isReadonly || (flags & NO_WRITES) !== 0,
      kind,
      name,
      nowMs,
      sliceStartedUs: startedUs,
      startedUs,
    }
    return this.current
  }

  /** @param push - puts what is to run on the coroutine; answers how many arguments are on top of it */
  private proceed(engine: LuaEngine, run: ScriptRun, push: () => number): void {
    const {reply} = run.caller
    const before = reply.out
    try {
      const outcome = engine.resume(push())
      if (outcome === 'paused') this.pause(engine, run)
      else this.finish(engine, run, outcome)
    } catch (error) {
      reply.out = before
      this.current = undefined
      this.server.state.propagation.targets = TO_ALL
      this.discard(run.kind)
      reply.error(`${requireEngineFailure(error)} script: ${run.name}.`)
    }
  }

  private pause(engine: LuaEngine, run: ScriptRun): void {
    scriptEffects(this.server).soon(() => this.goOn(engine, run))
    if (!run.caller.parked) {
      run.caller.park()
      // All of it is one unit, however often others have their turn meanwhile.
      this.server.state.propagation.open()
    }
    this.server.special |= SERVER_BUSY
  }

  private finish(engine: LuaEngine, run: ScriptRun, outcome: 'done' | ScriptFailure): void {
    const {reply} = run.caller
    const {machine, thread} = engine
    this.current = undefined
    this.server.state.propagation.targets = TO_ALL
    // WebAssembly's memory never shrinks. Functions keep theirs: their libraries may have variables.
    if (run.kind === 'eval' && machine.usedBytes > KEPT_BYTES_MAX) this.evalEngine = undefined
    if (outcome === 'done') {
      // As if one result had been asked for.
      machine.api.lua_settop(thread, 1)
      writeValue(machine, thread, reply, this.client.reply.resp)
      machine.api.lua_settop(thread, 0)
    } else {
      const place = outcome.place === undefined ? '' : `, on ${outcome.place}`
      reply.error(`${outcome.text} script: ${run.name}${place}.`)
    }
  }

  /** Another slice of a script that takes long. */
  private goOn(engine: LuaEngine, run: ScriptRun): void {
    const {server} = this
    server.state.setTime(run.nowMs)
    run.sliceStartedUs = server.effects.monotonicUs()
    this.proceed(engine, run, () => 0)
    server.state.setTime(server.effects.nowMs())
    if (this.current !== undefined) return
    server.special &= ~SERVER_BUSY
    server.state.propagation.close()
    run.caller.unpark()
    if (server.state.hasReady) server.serveBlocked()
  }

  /** Goes on with another engine: scripts are compiled again when they are called. */
  private discard(kind: ScriptRun['kind']): void {
    if (kind === 'eval') this.evalEngine = undefined
    else this.functions.rebuild()
  }

  /** Lua's hook. @returns whether the script is to be paused */
  private onCount(engine: LuaEngine): boolean {
    const nowUs = this.server.effects.monotonicUs()
    const run = this.current
    if (run === undefined) {
      if (nowUs - this.loadStartedUs > LOAD_US_MAX) throw new LuaError('ERR FUNCTION LOAD timeout', 'table')
      return false
    }
    if (run.isKilled) {
      engine.watchEachLine()
      throw new LuaError('ERR Script killed by user with SCRIPT KILL...', 'table')
    }
    const thresholdMs = this.server.config.values.busyReplyThreshold
    if (thresholdMs <= 0) return false
    if (!run.isBusy) {
      const tookMs = Math.floor((nowUs - run.startedUs) / 1000)
      if (tookMs < thresholdMs) return false
      run.isBusy = true
      this.server.effects.log(
        'warning',
        `Slow script detected: still in execution after ${tookMs} milliseconds. ` +
          `You can try killing the script using the ${run.kind === 'eval' ? 'SCRIPT' : 'FUNCTION'} KILL command. ` +
          `Script name is: ${run.name}.`,
      )
      return true
    }
    return nowUs - run.sliceStartedUs > SLICE_US
  }

  /** Times the loading of a library from now on. */
  beginLoading(): void {
    this.loadStartedUs = this.server.effects.monotonicUs()
  }

  /** SCRIPT KILL and FUNCTION KILL. @throws ReplyError */
  kill(kind: ScriptRun['kind']): void {
    const run = this.current
    if (run === undefined) throw new ReplyError('NOTBUSY No scripts in execution right now.')
    if (run.hasWritten) throw new ReplyError(UNKILLABLE)
    if (run.kind !== kind) throw new ReplyError(busyText(run.kind))
    run.isKilled = true
  }

  /** The error of a command that may not run now; undefined if it may. */
  busyRefusal(command: Command, argv: readonly string[]): string | undefined {
    const run = this.current
    if (run === undefined) return undefined
    const ends = command.name === 'shutdown' && argv.slice(1).some((word) => word.toLowerCase() === 'nosave')
    if (ends || (command.allowsBusy && command.name !== 'shutdown')) return undefined
    return busyText(run.kind)
  }

  command(argv: string[]): {readonly reply: string} | {readonly refusal: string} {
    const {client, server} = this
    const run = this.current!
    const command = server.findCommand(argv)
    const refusal = this.refusalOf(command, argv, run)
    if (refusal !== undefined) return {refusal}
    if (command!.isWrite) run.hasWritten = true
    server.call(client, command!, argv)
    if (command!.isReadonly) server.tracking.noteScriptRead(run.caller, run.argv)
    const {reply} = client
    const {out} = reply
    reply.out = ''
    return {reply: out}
  }

  private refusalOf(command: Command | undefined, argv: readonly string[], run: ScriptRun): string | undefined {
    if (command === undefined) return 'ERR Unknown Redis command called from script'
    const {arity} = command
    const fits = arity > 0 ? argv.length === arity : argv.length >= -arity
    if (command.run === undefined && fits) return 'ERR Unknown Redis command called from script'
    if (!fits) return 'ERR Wrong number of args calling Redis command from script'
    // MIGRATE answers when its target has; a script cannot wait for that.
    if (command.noScript || command.name === 'migrate') return NOT_ALLOWED
    const {client, server} = this
    if (server.isStale && !command.flags.includes('stale')) return 'ERR Can not execute the command on a stale replica'
    if ((client.special & SPECIAL_RESTRICTED) !== 0) {
      const denial = server.acl.check(client, command, argv, 'lua')
      if (denial !== undefined) return DENIALS[denial.what]
    }
    const refusal = writeRefusal(server, command, run.isReadonly)
    if (refusal !== undefined) return refusal
    // Once it has written it is let finish.
    if (command.deniesOom && run.isOutOfMemory && !run.hasWritten) return OUT_OF_MEMORY
    return server.cluster === undefined ? undefined : routeRefusal(server, this.client, command, argv, run)
  }

  /** @returns undefined if there is no such command */
  mayRun(argv: readonly string[]): boolean | undefined {
    const command = this.server.findCommand(argv)
    if (command?.run === undefined) return undefined
    return (
      (this.client.special & SPECIAL_RESTRICTED) === 0 || deniedTo(this.client.account, command, argv) === undefined
    )
  }

  log(level: number, text: string): void {
    this.server.effects.log(LOG_LEVELS[level]!, text)
  }

  setReplication(targets: number): boolean {
    if (this.server.crdt !== undefined) return false
    this.server.state.propagation.targets = targets
    return true
  }

  setResp(version: 2 | 3): void {
    this.client.reply.resp = version
  }
}

/** Made when a script first asks for it. */
export function scriptingOf(server: Server): Scripting {
  const known = knownScripting(server)
  if (known !== undefined) return known
  const fresh = new Scripting(server)
  noteScripting(server, fresh)
  return fresh
}
