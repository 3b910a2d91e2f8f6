import {describe, expect, it} from 'vitest'
import type {WireReply} from '../../../../src/lib/client/migration/reply-reader.js'
import type {WireCommand} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import type {ClusterWriter} from '../../../../src/lib/operations/load/cluster-writer.js'
import {removeFromSource} from '../../../../src/lib/operations/load/remove-source.js'
import type {Source, SourceLink} from '../../../../src/lib/operations/load/source.js'

const SOURCE = {dialect: {absolute: true, clockOffsetMs: 0}} as Source

/** A payload whose bytes are its value; the footer does not count. */
const payloadOf = (value: string) => `\x12${value}..........`

/** A source on one connection, with WATCH as a server has it. */
class FakeSource {
  readonly keys = new Map<string, string>()
  generation = 1
  /** Called before each command; may change keys, or cut the connection by throwing. */
  before: (command: WireCommand) => void = () => undefined
  private watched = new Map<string, string | undefined>()
  private queued: WireCommand[] | undefined

  set(key: string, value: string): void {
    this.keys.set(key, payloadOf(value))
  }

  /** The connection is another one: nothing is watched, nothing queued. */
  reconnect(): void {
    this.generation++
    this.watched = new Map()
    this.queued = undefined
  }

  readonly send = async (commands: readonly WireCommand[]): Promise<WireReply[]> =>
    commands.map((each) => this.run(each))

  readonly sendOn = async (generation: number, commands: readonly WireCommand[]): Promise<WireReply[]> => {
    if (generation !== this.generation) throw lost()
    return this.send(commands)
  }

  private run(command: WireCommand): WireReply {
    this.before(command)
    const [name, ...keys] = command
    if (this.queued && name !== 'EXEC') {
      this.queued.push(command)
      return 'QUEUED'
    }
    switch (name) {
      case 'WATCH':
        for (const key of keys) this.watched.set(key, this.keys.get(key))
        return 'OK'
      case 'UNWATCH':
        this.watched.clear()
        return 'OK'
      case 'DUMP':
        return this.keys.get(keys[0] as string) ?? null
      case 'PEXPIRETIME':
        return this.keys.has(keys[0] as string) ? -1 : -2
      case 'MULTI':
        this.queued = []
        return 'OK'
      case 'DEL':
        return keys.filter((key) => this.keys.delete(key)).length
      case 'EXEC': {
        const touched = [...this.watched].some(([key, payload]) => this.keys.get(key) !== payload)
        const queued = this.queued ?? []
        this.queued = undefined
        this.watched.clear()
        return touched ? null : queued.map((each) => this.run(each))
      }
      default:
        return new NodeReplyError(`ERR unknown command ${name}`)
    }
  }
}

/** A cluster that holds these payloads; EVAL is the script that puts a newer value in place of an older. */
function fakeWriter(held: Map<string, string>) {
  const compare = async ({key, payload}: {key: string; payload: string}) => {
    const at = held.get(key)
    return at === undefined ? {kind: 'missing'} : at === payload ? {kind: 'same', payload: at} : {kind: 'different'}
  }
  const send = async (_slot: number, [command]: WireCommand[]) => {
    const [, , , key = '', older, , newer = ''] = command as WireCommand
    if (held.get(key) !== older) return [0]
    held.set(key, newer)
    return [1]
  }
  return {comparer: {compare}, dialect: SOURCE.dialect, router: {send}} as unknown as ClusterWriter
}

async function setUp(values: Record<string, string>) {
  const source = new FakeSource()
  for (const [key, value] of Object.entries(values)) source.set(key, value)
  const names = Object.keys(values)
  await source.send([['WATCH', ...names]])
  const watchedAt = source.generation
  const dumped = names.map((key) => ({key, payload: source.keys.get(key) as string}))
  const held = new Map(dumped.map(({key, payload}) => [key, payload]))
  const remove = () => removeFromSource(SOURCE, source as unknown as SourceLink, fakeWriter(held), watchedAt, dumped)
  return {source, held, remove}
}

/** Acts before the first command of a name, once. */
function once(source: FakeSource, name: string, act: () => void): void {
  let done = false
  source.before = ([command]) => {
    if (done || command !== name) return
    done = true
    act()
  }
}

const lost = () => new CliError('UNREACHABLE', 'closed the connection')

describe('removeFromSource', () => {
  it('deletes what the cluster holds and nobody touched', async () => {
    const {remove, source} = await setUp({a: '1', b: '2'})
    expect(await remove()).toEqual({removed: 2, kept: []})
    expect(source.keys.size).toBe(0)
  })

  it('keeps what differs or is missing in the cluster', async () => {
    const {held, remove, source} = await setUp({a: '1', b: '2', c: '3'})
    held.set('a', payloadOf('of a client'))
    held.delete('b')
    expect(await remove()).toEqual({removed: 1, kept: ['a', 'b']})
    expect([...source.keys.keys()]).toEqual(['a', 'b'])
  })

  it('does not report as kept what has expired on both sides', async () => {
    const {source} = await setUp({})
    const over = {key: 'over', payload: payloadOf('1'), expireAtMs: Date.now() - 1}
    const removal = removeFromSource(SOURCE, source as unknown as SourceLink, fakeWriter(new Map()), 1, [over])
    expect(await removal).toEqual({removed: 0, kept: []})
  })

  it('brings after what changed at the source since it was read, and deletes it then', async () => {
    const {held, remove, source} = await setUp({a: '1', b: '2'})
    source.set('a', 'newer')
    expect(await remove()).toEqual({removed: 2, kept: []})
    expect(held.get('a')).toBe(payloadOf('newer'))
    expect(source.keys.size).toBe(0)
  })

  it('does not bring after what a client changed in the cluster as well', async () => {
    const {held, remove, source} = await setUp({a: '1'})
    source.set('a', 'newer')
    once(source, 'DUMP', () => held.set('a', payloadOf('of a client')))
    expect(await remove()).toEqual({removed: 0, kept: ['a']})
    expect([source.keys.get('a'), held.get('a')]).toEqual([payloadOf('newer'), payloadOf('of a client')])
  })

  it('leaves alone what changes again and again', async () => {
    const {held, remove, source} = await setUp({a: '1'})
    let count = 1
    source.before = ([command]) => {
      if (command === 'MULTI') source.set('a', String(++count))
    }
    expect(await remove()).toEqual({removed: 0, kept: ['a']})
    expect(source.keys.get('a')).toBe(payloadOf(String(count)))
    expect(held.get('a')).not.toBe(payloadOf('1'))
  })

  it('deletes nothing on a connection that does not watch', async () => {
    const {held, remove, source} = await setUp({a: '1', b: '2'})
    source.reconnect()
    source.set('a', 'newer')
    expect(await remove()).toEqual({removed: 2, kept: []})
    expect(held.get('a')).toBe(payloadOf('newer'))
  })

  it.each(['MULTI', 'EXEC'])('finds out what became of a %s whose connection was lost', async (name) => {
    const {held, remove, source} = await setUp({a: '1', b: '2'})
    once(source, name, () => {
      source.reconnect()
      source.set('b', 'newer')
      throw lost()
    })
    expect(await remove()).toEqual({removed: 2, kept: []})
    expect([source.keys.size, held.get('b')]).toEqual([0, payloadOf('newer')])
  })

  it('takes as gone what a lost EXEC deleted', async () => {
    const {remove, source} = await setUp({a: '1'})
    once(source, 'EXEC', () => {
      source.keys.clear()
      source.reconnect()
      throw lost()
    })
    expect(await remove()).toEqual({removed: 0, kept: []})
  })

  it('stops where the source does not allow it', async () => {
    const {remove, source} = await setUp({a: '1'})
    Object.assign(source, {
      sendOn: async () => ['OK', new NodeReplyError('NOPERM no DEL'), new NodeReplyError('EXECABORT')],
    })
    await expect(remove()).rejects.toThrow(/the source refuses DEL: NOPERM/)
    expect(source.keys.size).toBe(1)
  })
})
