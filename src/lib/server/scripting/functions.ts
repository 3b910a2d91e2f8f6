import {encodeString} from '../../protocol/rdb/string.js'
import type {CommandContext} from '../commands/command.js'
import {ReplyError} from '../reply-error.js'
import {type LuaEngine, requireEngineFailure} from './engine.js'
import {installRegistration, type RegisteredFunction, type Registration} from './function-registration.js'
import {readLibraryMetadata} from './library-metadata.js'
import type {Scripting} from './scripting.js'

const LIBRARY_CHUNK = '@user_function'
const FUNCTION2 = '\xf5'

export interface LibraryFunction extends RegisteredFunction {
  readonly library: Library
}

export interface Library {
  readonly name: string
  readonly code: string
  readonly functions: readonly RegisteredFunction[]
  /** Where it is compiled. */
  readonly engine: LuaEngine
}

/** The libraries of FUNCTION LOAD, and their functions. All stay in one engine, which the first of them starts. */
export class FunctionLibraries {
  private readonly scripting: Scripting
  private started: {readonly engine: LuaEngine; readonly registration: Registration} | undefined
  private libraries = new Map<string, Library>()
  /** By lower-case name. */
  private byName = new Map<string, LibraryFunction>()

  constructor(scripting: Scripting) {
    this.scripting = scripting
  }

  /** In the order they were loaded. */
  all(): Library[] {
    return [...this.libraries.values()]
  }

  get functionCount(): number {
    return this.byName.size
  }

  /** Bytes of the engine's memory. */
  get usedBytes(): number {
    return this.started?.engine.machine.usedBytes ?? 0
  }

  find(name: string): LibraryFunction | undefined {
    return this.byName.get(name.toLowerCase())
  }

  /** Loads one library. @returns its name @throws ReplyError; nothing is changed then */
  load(code: string, replaces: boolean): string {
    const {name} = readLibraryMetadata(code)
    if (!replaces && this.libraries.has(name)) throw new ReplyError(`ERR Library '${name}' already exists`)
    const library = this.compile(code)
    this.join([library], new Set([name]))
    return name
  }

  /**
   * Loads many at once, or none.
   *
   * @param policy - `append` refuses names that exist, `replace` replaces libraries, `flush` all that there were
   * @throws ReplyError; nothing is changed then
   */
  restore(codes: readonly string[], policy: 'append' | 'replace' | 'flush'): void {
    const loaded: Library[] = []
    const names = new Set<string>()
    try {
      for (const code of codes) {
        const {name} = readLibraryMetadata(code)
        if (names.has(name)) throw new ReplyError(`ERR Library '${name}' already exists`)
        names.add(name)
        loaded.push(this.compile(code))
      }
      if (policy === 'append') {
        const clash = [...names].find((name) => this.libraries.has(name))
        if (clash !== undefined) throw new ReplyError(`ERR Library ${clash} already exists`)
      }
    } catch (error) {
      for (const library of loaded) this.forget(library)
      throw error
    }
    this.join(loaded, policy === 'flush' ? new Set(this.libraries.keys()) : names)
  }

  /** Takes libraries in, in place of those named. */
  private join(loaded: readonly Library[], replaced: ReadonlySet<string>): void {
    const byName = new Map([...this.byName].filter(([, {library}]) => !replaced.has(library.name)))
    for (const library of loaded) {
      for (const one of library.functions) {
        const key = one.name.toLowerCase()
        const other = byName.get(key)
        // Within a library case tells names apart; the first of them is called by either.
        if (other?.library === library) continue
        if (other !== undefined) {
          for (const each of loaded) this.forget(each)
          throw new ReplyError(`ERR Function ${one.name} already exists`)
        }
        byName.set(key, {...one, library})
      }
    }
    for (const name of replaced) {
      const old = this.libraries.get(name)
      if (old !== undefined) this.forget(old)
      this.libraries.delete(name)
    }
    for (const library of loaded) this.libraries.set(library.name, library)
    this.byName = byName
  }

  private forget(library: Library): void {
    for (const {ref} of library.functions) library.engine.machine.unref(ref)
  }

  /** Runs a library's code once, to hear what it registers. */
  private compile(code: string): Library {
    const {name, source} = readLibraryMetadata(code)
    if (this.started === undefined) {
      const engine = this.scripting.makeEngine('function')
      this.started = {engine, registration: installRegistration(engine, this.scripting)}
    }
    const {engine, registration} = this.started
    const {machine, sandbox, thread} = engine
    const ref = engine.compile(source, LIBRARY_CHUNK)
    if (typeof ref === 'string') throw new ReplyError(`ERR Error compiling function: ${ref}`)
    sandbox.readGlobalsFrom(registration.globalsRef)
    machine.pushRef(thread, ref)
    machine.unref(ref)
    this.scripting.beginLoading()
    registration.open()
    const outcome = this.runLibrary(engine, registration)
    const functions = registration.close()
    sandbox.readGlobalsFrom(sandbox.globalsRef)
    machine.api.lua_settop(engine.thread, 0)
    const library = {code, engine, functions, name}
    if (typeof outcome === 'object') {
      this.forget(library)
      throw new ReplyError(`ERR Error registering functions: ${outcome.text}`)
    }
    if (functions.length === 0) throw new ReplyError('ERR No functions registered')
    return library
  }

  private runLibrary(engine: LuaEngine, registration: Registration): ReturnType<LuaEngine['resume']> {
    try {
      return engine.resume(0)
    } catch (error) {
      registration.close()
      const text = requireEngineFailure(error)
      this.rebuild()
      throw new ReplyError(`ERR Error registering functions: ${text}`)
    }
  }

  /** FCALL. */
  call(
    context: CommandContext,
    argv: readonly string[],
    one: LibraryFunction,
    keyCount: number,
    isReadonly: boolean,
  ): void {
    const {engine} = one.library
    this.scripting.callFunction(context, argv, engine, one, isReadonly, () => {
      const {machine, thread} = engine
      machine.pushRef(thread, one.ref)
      engine.pushTexts(thread, argv, FIRST_KEY, FIRST_KEY + keyCount)
      engine.pushTexts(thread, argv, FIRST_KEY + keyCount, argv.length)
      return 2
    })
  }

  /** @returns whether there was one of that name */
  delete(name: string): boolean {
    if (!this.libraries.has(name)) return false
    this.join([], new Set([name]))
    return true
  }

  flush(): void {
    this.libraries.clear()
    this.byName.clear()
    this.started = undefined
  }

  /** A new engine for the same libraries: Lua cannot go on with the old one. */
  rebuild(): void {
    const codes = this.all().map(({code}) => code)
    this.flush()
    this.restore(codes, 'append')
  }

  /** All sources as FUNCTION DUMP has them, without version and checksum. */
  dump(compress: boolean): string {
    return this.all()
      .map(({code}) => FUNCTION2 + encodeString(code, compress))
      .join('')
  }
}

/** FCALL function numkeys key ... */
const FIRST_KEY = 3
