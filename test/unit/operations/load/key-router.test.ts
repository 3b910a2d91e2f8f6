import {describe, expect, it, onTestFinished, vi} from 'vitest'
import type {Wire} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {KeyRouter} from '../../../../src/lib/operations/load/key-router.js'
import {FakeTable} from './fake-cluster.js'

function setUp(retryMs = 5000, signal?: AbortSignal) {
  const table = new FakeTable()
  const router = new KeyRouter({table, connect: table.connect, retryMs, signal})
  const restore = (key: string, slot = 0, bytes = 10) => router.send(slot, [['RESTORE', key, '0', 'v']], bytes)
  return {table, router, restore, first: table.node(1), second: table.node(2)}
}

/** Answers the first commands of a name with these, then goes on as usual. */
function first(name: string, ...answers: string[]) {
  return ([command]: readonly string[]) => (command === name ? answers.shift() : undefined)
}

describe('KeyRouter', () => {
  it('sends what is asked for in one turn as batches, bounded by count and bytes', async () => {
    const {first, restore, router} = setUp()
    await Promise.all(Array.from({length: 600}, (_, i) => restore(`k${i}`)))
    expect(first.batches).toEqual([256, 256, 88])
    await Promise.all([restore('big', 0, 1_000_000), restore('a'), restore('b')])
    expect(first.batches.slice(3)).toEqual([1, 2])
    expect(first.connections).toBe(1)
    router.close()
  })

  it('sends to several nodes at a time', async () => {
    const {first, restore, second, table} = setUp()
    table.owners.set(7, 2)
    await Promise.all([restore('a'), restore('b', 7)])
    expect([[...first.keys.keys()], [...second.keys.keys()]]).toEqual([['a'], ['b']])
  })

  it('believes MOVED for the slot, and asks where ASK points without believing it', async () => {
    const {first: node, restore, second, table} = setUp()
    node.script = first('RESTORE', '-MOVED 5 h:2', '-ASK 6 h:2')
    expect(await restore('a', 5)).toEqual(['OK'])
    expect(await restore('b', 6)).toEqual(['OK'])
    expect(await restore('c', 6)).toEqual(['OK'])
    expect(second.log).toEqual(['RESTORE a', 'ASKING', 'RESTORE b'])
    expect([table.owners.get(5), table.owners.get(6)]).toEqual([2, undefined])
    expect(node.keys.has('c')).toBe(true)
  })

  it.each([
    'TRYAGAIN later',
    'CLUSTERDOWN it is',
    'LOADING data',
    'MASTERDOWN link',
    'READONLY replica',
    'BUSY script',
  ])('tries again after %s, having looked who owns the slot', async (text) => {
    const {first: node, restore, second, table} = setUp()
    node.script = first('RESTORE', `-${text}`)
    table.onRefresh = () => table.owners.set(0, 2)
    expect(await restore('a')).toEqual(['OK'])
    expect([table.refreshes, second.keys.has('a'), node.keys.has('a')]).toEqual([1, true, false])
  })

  it.each([
    ['lost-before', 'OK'],
    ['lost-after', 'BUSYKEY Target key name already exists.'],
  ] as const)('repeats on a new connection what was %s', async (how, answer) => {
    const {first: node, restore} = setUp()
    node.script = first('RESTORE', how)
    const [reply] = await restore('a')
    expect(reply instanceof NodeReplyError ? reply.message : reply).toBe(answer)
    expect([node.connections, node.keys.has('a')]).toEqual([2, true])
  })

  it('ends a redirection in circles, and every trouble, after the time it was given', async () => {
    const {first: node, restore, second} = setUp(150)
    node.script = () => '-MOVED 0 h:2'
    second.script = () => '-MOVED 0 h:1'
    await expect(restore('a')).rejects.toMatchObject({code: 'CLUSTER_UNHEALTHY'})
    const away = setUp(150)
    away.first.script = () => 'lost-before'
    await expect(away.restore('a')).rejects.toMatchObject({code: 'UNREACHABLE'})
    const nobody = setUp(150)
    nobody.table.owners.set(0, undefined)
    await expect(nobody.restore('a')).rejects.toThrow(/slot 0 has no owner/)
  })

  it('stops at once when a node refuses the login', async () => {
    const table = new FakeTable()
    const refused = new CliError('AUTH_FAILED', 'no')
    const router = new KeyRouter({table, connect: async () => Promise.reject(refused), retryMs: 60_000})
    await expect(router.send(0, [['GET', 'a']], 1)).rejects.toBe(refused)
    await expect(router.send(0, [['GET', 'a']], 1)).rejects.toBe(refused)
  })

  it('sends nothing more once it is stopped, but hears out what is on its way', async () => {
    const controller = new AbortController()
    const {first: node, restore, router} = setUp(5000, controller.signal)
    node.script = ([, key]) => {
      if (key === 'k0') controller.abort()
      return undefined
    }
    const outcomes = await Promise.allSettled(Array.from({length: 2000}, (_, i) => restore(`k${i}`)))
    const done = outcomes.filter(({status}) => status === 'fulfilled').length
    expect(done).toBe(node.keys.size)
    expect(done).toBeLessThan(2000)
    expect(outcomes.at(-1)).toMatchObject({reason: {code: 'INTERRUPTED'}})
    await router.idle()
  })

  it('does not wait long for a node that hangs, once it is stopped', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
    onTestFinished(() => void vi.useRealTimers())
    const controller = new AbortController()
    const table = new FakeTable()
    let hangUp: (error: Error) => void = () => undefined
    let isSent: () => void = () => undefined
    const sent = new Promise<void>((resolve) => {
      isSent = resolve
    })
    const wire: Wire = {
      name: 'hanging',
      close: () => hangUp(new CliError('UNREACHABLE', 'closed')),
      send: () =>
        new Promise((_, reject) => {
          hangUp = reject
          isSent()
        }),
    }
    const router = new KeyRouter({table, connect: async () => wire, retryMs: 60_000, signal: controller.signal})
    const answer = router.send(0, [['GET', 'a']], 1)
    await sent
    controller.abort()
    vi.advanceTimersByTime(10_000)
    await expect(answer).rejects.toMatchObject({code: 'INTERRUPTED'})
    await router.idle()
  })
})
