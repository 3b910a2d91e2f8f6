import {CRDB_DEFAULTS, type CrdbConfig, type CrdbSettings} from '../../../../src/lib/model/crdb.js'
import {encodeCommand} from '../../../../src/lib/protocol/resp/encode-command.js'
import type {Client} from '../../../../src/lib/server/client.js'
import type {ClusterBinding} from '../../../../src/lib/server/cluster/api.js'
import {mergeInto, sketchOf} from '../../../../src/lib/server/commands/hyperloglog/sketch.js'
import type {CrdtDatabase} from '../../../../src/lib/server/crdt/crdt-database.js'
import {openCrdt} from '../../../../src/lib/server/crdt/open.js'
import {differences} from '../../../../src/lib/server/crdt/projection/check.js'
import type {Value} from '../../../../src/lib/server/keyspace/value.js'
import {REGISTER_COUNT} from '../../../../src/lib/server/values/hyperloglog/element-hash.js'
import {Rig} from '../rig.js'

/** One node that is a region of its own, without sockets; what goes to other regions waits in `outbox`. */
export class Region extends Rig {
  readonly crdt: CrdtDatabase
  readonly outbox: string[] = []
  /** Messages that the nodes of this region tell each other of. */
  readonly announced: string[] = []
  /** What the append-only file gets, and replicas where there are any. */
  readonly passed: (readonly string[])[] = []
  private readonly main: Client

  constructor(
    readonly id: number,
    config: CrdbConfig,
  ) {
    super('cluster-enabled yes\nsave ""', id)
    this.server.cluster = this.binding()
    this.crdt = openCrdt(this.server, {config, region: id})
    this.server.state.propagation.setAof({
      feed: (_database, argv) => this.passed.push(argv),
      feedArgument: (name, argument) => this.passed.push([name, argument]),
      feedBytes: (name, argument) => this.passed.push([name, argument.text()]),
    })
    this.crdt.listeners.push({
      joined: () => undefined,
      made: (effect) => this.outbox.push(effect.text()),
      took: () => undefined,
    })
    this.main = this.connect()
  }

  private binding(): ClusterBinding {
    const myself = {configEpoch: 1, primary: undefined}
    const core = {
      importingFrom: () => undefined,
      migratingTo: () => undefined,
      myself,
      ownerOf: () => myself,
      publish: (channel: string, message: string) => {
        this.announced.push(`${channel} ${message}`)
        return []
      },
      serves: new Uint8Array(16_384).fill(1),
      stateOk: true,
    }
    return {core, perform: () => undefined} as unknown as ClusterBinding
  }

  /** @returns the raw reply */
  send(argv: readonly string[], client = this.main): string {
    return this.sendAll([argv], client)
  }

  /** Commands in one pipeline. @returns the raw replies */
  sendAll(commands: readonly (readonly string[])[], client = this.main): string {
    const text = commands.map(encodeCommand).join('')
    client.feed(Buffer.from(text, 'latin1'), text.length, this.nowMs)
    if (this.server.state.hasReady) this.server.serveBlocked()
    return client.reply.take()
  }

  /** A command line. @returns the reply in short: integers, texts, errors, lists in brackets */
  do(line: string): string {
    return shown(this.send(line.split(' ')))
  }

  /** Command lines in one pipeline. @returns the replies in short */
  doAll(...lines: readonly string[]): string {
    return shown(this.sendAll(lines.map((line) => line.split(' '))))
  }

  /** Effects come in as from another region. */
  receive(effects: readonly string[]): string[] {
    this.server.state.setTime(this.nowMs)
    return effects.map((effect) => this.crdt.receive(effect))
  }

  differences(): string[] {
    return differences(this.crdt)
  }

  /** All that clients see, as text. */
  dump(): string[] {
    const {store} = this.server.databases[0]!
    const lines: string[] = []
    for (let place = 0; place < store.size; place++) {
      lines.push(`${store.keyAt(place)} ${store.deadlineAt(place)} ${textOf(store.valueAt(place))}`)
    }
    return lines.sort()
  }
}

/** Regions 1..count that hear of each other when they are told to. */
export function regions(count: number, settings: Partial<CrdbSettings> = {}): Region[] {
  const config: CrdbConfig = {
    guid: '6c4e6a5e-0000-4000-8000-000000000000',
    instances: Array.from({length: count}, (_, i) => ({
      cluster: `region${i + 1}`,
      compression: 0,
      endpoints: [],
      id: i + 1,
    })),
    name: 'db',
    removed: [],
    settings: {...CRDB_DEFAULTS, ...settings},
    version: 1,
  }
  return Array.from({length: count}, (_, i) => new Region(i + 1, config))
}

/** All hear of all, and of what that brings about. */
export function exchange(all: readonly Region[]): void {
  while (all.some(({outbox}) => outbox.length > 0)) {
    for (const from of all) {
      const effects = from.outbox.splice(0)
      for (const to of all) {
        if (to === from) continue
        const outcomes = to.receive(effects)
        if (outcomes.some((one) => one !== 'applied')) throw new Error(`${to.id} takes ${outcomes} from ${from.id}`)
      }
    }
  }
}

/** One element of each reply to a text that is easy to compare. */
export function shown(reply: string): string {
  const [text, end] = shownAt(reply, 0)
  return end < reply.length ? `${text} ${shown(reply.slice(end))}` : text
}

function shownAt(reply: string, at: number): [text: string, end: number] {
  const lineEnd = reply.indexOf('\r\n', at)
  if (lineEnd < 0) return ['', reply.length]
  const [kind, line] = [reply[at], reply.slice(at + 1, lineEnd)]
  if (kind === '$') {
    if (line === '-1') return ['nil', lineEnd + 2]
    const end = lineEnd + 2 + Number(line)
    return [reply.slice(lineEnd + 2, end), end + 2]
  }
  if (kind !== '*') return [line, lineEnd + 2]
  if (line === '-1') return ['nil', lineEnd + 2]
  const parts: string[] = []
  let next = lineEnd + 2
  for (let left = Number(line); left > 0; left--) {
    const [text, end] = shownAt(reply, next)
    parts.push(text)
    next = end
  }
  return [`[${parts.join(' ')}]`, next]
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value.startsWith('HYLL') ? registersOf(value) : JSON.stringify(value)
  const parts: string[] = []
  const inOrder: string[] = []
  value.addToDigest({
    mix: (text) => inOrder.push(text),
    xor: (text) => parts.push(text),
    xorMixed: (...texts) => parts.push(JSON.stringify(texts)),
  })
  return `${value.type} ${JSON.stringify([parts.sort(), inOrder])}`
}

function registersOf(text: string): string {
  const registers = new Uint8Array(REGISTER_COUNT)
  try {
    mergeInto(registers, sketchOf(text))
  } catch {
    return JSON.stringify(text)
  }
  return `sketch ${Buffer.from(registers).toString('latin1')}`
}
