import {expect} from 'vitest'
import type {WireReply} from '../../../src/lib/client/migration/reply-reader.js'
import type {Wire, WireCommand} from '../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import {rangesOf, renderRanges} from '../../../src/lib/model/slot-set.js'
import {
  type MigrationEvent,
  OWNER_MOVES,
  type PairContext,
  type WindowRecord,
} from '../../../src/lib/operations/migration/types.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {idOf} from '../plan/view-of.js'

const SOURCE = idOf('a')
const TARGET = idOf('b')

/** What a scripted node answers instead of what it would; undefined lets it answer. */
export type Script = (command: WireCommand, node: FakeNode) => string | undefined

/** A node as far as the migration can see it: slots, open slots, string keys, an epoch. */
export class FakeNode implements Wire {
  readonly owned = new Set<number>()
  readonly migrating = new Set<number>()
  readonly importing = new Set<number>()
  readonly keys = new Map<string, string>()
  /** Key -> milliseconds. */
  readonly ttls = new Map<string, number>()
  readonly log: string[] = []
  peer: FakeNode | undefined
  epoch = 1
  configEpoch = 1
  /** Others in its CLUSTER NODES: id -> config epoch and flags. */
  readonly knows = new Map<string, {readonly epoch: number; readonly flags?: string}>()
  closed = false
  /** Who hears this node's PONGs. */
  readonly listeners = new Set<FakeNode>()
  /** Slots taken while they were imported: each of them costs every node a PONG. */
  broadcasts = 0
  script: Script = () => undefined
  private asking = false
  private readonly revisions = new Map<string, number>()

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}

  async send(commands: readonly WireCommand[]): Promise<WireReply[]> {
    // As over a socket, nothing is answered before the caller goes on.
    await Promise.resolve()
    return commands.map((command) => this.answer(command))
  }

  /** One more connection, with its own watch and transaction. */
  lane(): Wire {
    let watched = new Map<string, number>()
    let queue: WireCommand[] | undefined
    const answer = (command: WireCommand): WireReply => {
      const [name] = command
      if (name === 'EXEC') {
        this.log.push('EXEC')
        const commands = queue ?? []
        const clean = [...watched].every(([key, revision]) => this.revisionOf(key) === revision)
        queue = undefined
        watched = new Map()
        return clean ? commands.map((each) => this.answer(each)) : null
      }
      if (queue) {
        queue.push(command)
        return 'QUEUED'
      }
      if (name === 'MULTI') queue = []
      else if (name === 'WATCH') for (const key of command.slice(1)) watched.set(key, this.revisionOf(key))
      else if (name === 'UNWATCH') watched = new Map()
      else return this.answer(command)
      return this.answer(command)
    }
    return {
      name: this.name,
      send: async (commands) => {
        await Promise.resolve()
        return commands.map(answer)
      },
      close: () => undefined,
    }
  }

  /** A client's write. */
  set(key: string, value: string | undefined): void {
    if (value === undefined) this.keys.delete(key)
    else this.keys.set(key, value)
    this.revisions.set(key, this.revisionOf(key) + 1)
  }

  private revisionOf(key: string): number {
    return this.revisions.get(key) ?? 0
  }

  private answer(command: WireCommand): WireReply {
    this.log.push(command.join(' '))
    const scripted = this.script(command, this)
    if (scripted === undefined) return this.run(command)
    return scripted.startsWith('-') ? new NodeReplyError(scripted.slice(1)) : scripted
  }

  close(): void {
    this.closed = true
  }

  keysOf(slot: number): string[] {
    return [...this.keys.keys()].filter((key) => hashSlot(key) === slot)
  }

  private run(command: WireCommand): WireReply {
    const [name, sub, slotText] = command
    const wasAsking = this.asking
    this.asking = name === 'ASKING'
    const key = sub ?? ''
    switch (name) {
      case 'PING':
        return 'PONG'
      case 'WATCH':
      case 'UNWATCH':
      case 'MULTI':
        return 'OK'
      case 'INFO':
        return `# Keyspace\r\ndb0:keys=${this.keys.size},expires=${this.ttls.size},avg_ttl=0\r\n`
      case 'PTTL':
        return this.keys.has(key) ? (this.ttls.get(key) ?? -1) : -2
      case 'RESTORE-ASKING':
      case 'RESTORE':
        if (this.keys.has(key)) return new NodeReplyError('BUSYKEY Target key name already exists.')
        this.set(key, command[3])
        if (command[2] !== '0') this.ttls.set(key, Number(command[2]))
        return 'OK'
      case 'DEL':
        return command.slice(1).filter((each) => {
          const held = this.keys.has(each)
          this.set(each, undefined)
          return held
        }).length
      case 'EVAL':
        return this.switchSlot(command)
      case 'ASKING':
        return 'OK'
      case 'MEMORY':
        return this.keys.get(command[2] ?? '')?.length ?? null
      case 'DUMP':
        return (
          this.keys.get(key) ??
          (wasAsking || !this.migrating.has(hashSlot(key)) ? null : new NodeReplyError('ASK 1 h:1'))
        )
      case 'TYPE':
        return this.keys.has(key) ? 'string' : 'none'
      case 'MIGRATE':
        return this.migrate(command)
      default:
        return this.cluster(command, sub ?? '', Number(slotText))
    }
  }

  /** The one script there is: `switchSlot` in the client's legacy dialect. */
  private switchSlot([, , count, ...rest]: WireCommand): WireReply {
    const keys = rest.slice(0, Number(count))
    const [slot = '', node = ''] = rest.slice(keys.length)
    const told = this.answer(['CLUSTER', 'SETSLOT', slot, 'MIGRATING', node])
    if (told instanceof NodeReplyError) return told
    const deleted = this.answer(['DEL', ...keys])
    if (deleted instanceof NodeReplyError) this.answer(['CLUSTER', 'SETSLOT', slot, 'STABLE'])
    return deleted
  }

  private cluster(command: WireCommand, sub: string, slot: number): WireReply {
    switch (sub) {
      case 'INFO':
        return `cluster_current_epoch:${this.epoch}\r\ncluster_my_epoch:1\r\n`
      case 'NODES':
        return this.nodes()
      case 'COUNTKEYSINSLOT':
        return this.keysOf(slot).length
      case 'GETKEYSINSLOT':
        return this.keysOf(slot).slice(0, Number(command[3]))
      case 'SETSLOT':
        return this.setSlot(slot, command[3] ?? '', command[4] ?? '')
      default:
        return new NodeReplyError(`ERR not scripted: ${command.join(' ')}`)
    }
  }

  private nodes(): string {
    const slots = renderRanges(rangesOf([...this.owned].sort((a, b) => a - b))).replaceAll(',', ' ')
    const own = `${this.id} 127.0.0.1:1@2 myself,master - 0 0 ${this.configEpoch} connected ${slots}\n`
    const lines = [...this.knows].map(
      ([id, {epoch, flags = 'master'}]) => `${id} 127.0.0.1:7003@17003 ${flags} - 0 0 ${epoch} connected\n`,
    )
    return own + lines.join('')
  }

  private setSlot(slot: number, state: string, node: string): WireReply {
    if (state === 'IMPORTING') {
      if (this.owned.has(slot)) return new NodeReplyError(`ERR I'm already the owner of hash slot ${slot}`)
      this.importing.add(slot)
    } else if (state === 'MIGRATING') {
      if (!this.owned.has(slot)) return new NodeReplyError(`ERR I'm not the owner of hash slot ${slot}`)
      this.migrating.add(slot)
    } else if (state === 'STABLE') {
      this.importing.delete(slot)
      this.migrating.delete(slot)
    } else {
      const isLoud = this.importing.has(slot)
      if (node === this.id) this.owned.add(slot)
      else if (this.keysOf(slot).length > 0)
        return new NodeReplyError('ERR while I still hold keys for this hash slot.')
      else this.owned.delete(slot)
      this.importing.delete(slot)
      this.migrating.delete(slot)
      if (isLoud) this.broadcast()
    }
    return 'OK'
  }

  /** Others hear which slots are this node's; what they hold open stays so. */
  private broadcast(): void {
    this.broadcasts++
    for (const listener of this.listeners) for (const slot of this.owned) listener.owned.delete(slot)
  }

  private migrate(command: WireCommand): WireReply {
    const keys = command.slice(command.indexOf('KEYS') + 1)
    if (new Set(keys.map(hashSlot)).size > 1) return new NodeReplyError('CROSSSLOT keys of several slots')
    let busy = false
    for (const key of keys) {
      const value = this.keys.get(key)
      if (value === undefined) continue
      if (this.peer?.keys.has(key) && !command.includes('REPLACE')) {
        busy = true
        continue
      }
      this.peer?.keys.set(key, value)
      this.keys.delete(key)
    }
    if (!busy) return 'OK'
    return new NodeReplyError('ERR Target instance replied with error: BUSYKEY Target key name already exists.')
  }
}

export interface FakePair {
  readonly source: FakeNode
  readonly target: FakeNode
  readonly other: FakeNode
  readonly context: PairContext
  readonly events: MigrationEvent[]
  readonly records: (readonly ['opening' | 'done', WindowRecord])[]
  readonly stop: AbortController
}

/** A source that owns slots 0..16383 with `keys`, an empty target, and a third primary. */
export function fakePair(keys: Readonly<Record<string, string>>, change: Partial<PairContext> = {}): FakePair {
  const source = new FakeNode(SOURCE, 'source')
  const target = new FakeNode(TARGET, 'target')
  const other = new FakeNode(idOf('c'), 'other')
  source.peer = target
  target.listeners.add(source)
  for (let slot = 0; slot < 16384; slot++) source.owned.add(slot)
  for (const [key, value] of Object.entries(keys)) source.keys.set(key, value)
  const events: MigrationEvent[] = []
  const records: (readonly ['opening' | 'done', WindowRecord])[] = []
  const stop = new AbortController()
  const context: PairContext = {
    source: {id: SOURCE, name: 'source', wire: source},
    target: {id: TARGET, name: 'target', wire: target},
    openLane: async () => source.lane(),
    transfer: 'migrate',
    canSwitch: true,
    isFenced: true,
    sourceImports: false,
    midway: new Set(),
    reopened: new Set(),
    inDoubt: new Set(),
    migrate: {host: '127.0.0.1', port: 7001, timeoutMs: 1000, replace: false},
    busyKeys: OWNER_MOVES,
    pace: {maxBlockMs: 20, windowSlots: 2},
    bytesPerKey: undefined,
    nodeTimeoutMs: 15_000,
    emit: (event) => events.push(event),
    journal: {
      opening: async (record) => void records.push(['opening', record]),
      done: async (record) => void records.push(['done', record]),
    },
    stop: stop.signal,
    retryMs: 200,
    epochs: {highest: 1},
    ...change,
  }
  return {source, target, other, context, events, records, stop}
}

/** `{tag}0`, ...: keys of one slot. */
export function taggedKeys(tag: string, count: number, value = 'v'): Record<string, string> {
  return Object.fromEntries(Array.from({length: count}, (_, index) => [`{${tag}}${index}`, value]))
}

export const TAGS = ['one', 'two', 'three', 'four', 'five']
export const SLOTS = TAGS.map(hashSlot).sort((a, b) => a - b)
export const KEYS = Object.assign({}, ...TAGS.map((tag) => taggedKeys(tag, 30))) as Record<string, string>

export async function failureOf(run: Promise<unknown>): Promise<CliError> {
  return run.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error as CliError,
  )
}

export function expectMoved({source, target}: FakePair, keys = KEYS): void {
  expect(Object.fromEntries(target.keys)).toEqual(keys)
  expect(source.keys.size).toBe(0)
  expect([...target.owned].sort((a, b) => a - b)).toEqual(SLOTS)
  expect(SLOTS.some((slot) => source.owned.has(slot))).toBe(false)
  expect([source.migrating.size, target.importing.size]).toEqual([0, 0])
}
