import {Violation} from './checkers/checker.js'
import {type Reply, redirectTarget, runKeyCommand, type SimConnection} from './commands.js'
import {type Job, sleep, spawn, withTimeout} from './coroutine.js'
import type {Promises} from './promises.js'
import type {SimNode} from './sim-node.js'
import {CLIENT_MACHINE, type World} from './world.js'

const CALL_TIMEOUT_MS = 1500
const ATTEMPTS_MAX = 12

/**
 * A cluster-aware application that knows what it was promised.
 *
 * Every key has one writer, so what a read may return is exactly known: promises.ts keeps it.
 */
export class AppClients {
  private readonly busy = new Set<string>()
  private readonly connections = new Map<string, SimConnection>()
  private written = 0
  acknowledged = 0
  reads = 0

  constructor(
    private readonly world: World,
    /** A client library that forgets that ASKING is for one command. */
    private readonly keepAsking: boolean,
    private readonly promises: Promises,
  ) {}

  /** Begins a SET of each, unless something with this key is still under way. @param waits - and WAIT for all copies */
  write(keys: readonly string[], waits = false): void {
    for (const key of keys) {
      if (this.busy.has(key)) continue
      this.busy.add(key)
      spawn(this.writing(key, `v${++this.written}`, waits))
    }
  }

  read(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.busy.has(key)) continue
      this.busy.add(key)
      spawn(this.reading(key, false))
    }
  }

  get idle(): boolean {
    return this.busy.size === 0
  }

  /** Reads every key until an answer comes, and compares. @param done - all are read */
  readAll(done: () => void): void {
    const left = new Set(this.promises.keys)
    const read = function* (this: AppClients, key: string): Job {
      yield* this.reading(key, true)
      left.delete(key)
      if (left.size === 0) done()
    }
    if (left.size === 0) done()
    for (const key of [...left]) spawn(read.call(this, key))
  }

  private *writing(key: string, value: string, waits: boolean): Job {
    this.promises.begin(key, value)
    const {by, reply, unknown} = yield* this.attempt(key, value, ATTEMPTS_MAX, waits)
    if (reply && 'value' in reply) {
      this.promises.acknowledged(key, value, by, waits)
      this.acknowledged++
    } else if (!unknown) {
      this.promises.refused(key, value)
    }
    this.busy.delete(key)
  }

  private *reading(key: string, insist: boolean): Job {
    const {reply} = yield* this.attempt(key, undefined, insist ? 200 : ATTEMPTS_MAX, false)
    this.busy.delete(key)
    if (!reply || !('value' in reply)) {
      if (insist) throw new Violation('keys-readable', `${key} cannot be read: ${reply?.error ?? 'no answer'}`)
      return
    }
    this.reads++
    this.promises.check(key, reply.value as string | undefined, insist)
  }

  /** @returns the last reply; `unknown` if some attempt had no answer, so that it may have been carried out */
  private *attempt(
    key: string,
    value: string | undefined,
    attempts: number,
    waits: boolean,
  ): Job<{reply: Reply | undefined; unknown: boolean; by: SimNode}> {
    const {world} = this
    let unknown = false
    let reply: Reply | undefined
    // A stream of its own per operation: one operation less leaves the others as they were.
    const rng = world.momentRng(key)
    let to = rng.pick(world.nodes)
    let asking = false
    for (let tried = 0; tried < attempts; tried++) {
      reply = yield* this.send(to, key, value, asking, waits)
      asking = false
      if (reply && 'value' in reply) break
      if (!reply) unknown = true
      const target = reply ? redirectTarget(world, reply.error) : undefined
      if (target && reply) {
        asking = reply.error.startsWith('ASK')
        to = target
        continue
      }
      // No answer, TRYAGAIN or CLUSTERDOWN: somewhere else, a little later.
      yield* sleep(world.queue, 20 + rng.below(100))
      to = rng.pick(world.nodes)
    }
    return {by: to, reply, unknown}
  }

  private *send(
    to: SimNode,
    key: string,
    value: string | undefined,
    asking: boolean,
    waits: boolean,
  ): Job<Reply | undefined> {
    const {world} = this
    // Connections are shared per node, as a pool of one: what one command leaves behind, the next one finds.
    const name = `${to.index}/${to.life}`
    let connection = this.connections.get(name)
    if (!connection) {
      connection = {asking: false}
      this.connections.set(name, connection)
    }
    const used = connection
    return yield* withTimeout<Reply>(world.queue, CALL_TIMEOUT_MS, (done) => {
      const deadlineMs = world.queue.nowMs + CALL_TIMEOUT_MS
      const command = {asking, deadlineMs, key, waits, ...(value === undefined ? {} : {value})}
      const serve = (respond: (reply: Reply) => void): void =>
        runKeyCommand(world, to, used, command, this.keepAsking, respond)
      world.call<Reply>(CLIENT_MACHINE, to, CALL_TIMEOUT_MS, serve, done)
    })
  }
}
