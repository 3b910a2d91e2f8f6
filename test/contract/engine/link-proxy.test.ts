import {once} from 'node:events'
import {connect, createServer, type Server, type Socket} from 'node:net'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {hasLoopbackNet, peerHostOf, sourceHostOf} from '../../../src/lib/engine/process/addresses.js'
import {LinkProxy} from '../../../src/lib/engine/process/link-proxy.js'
import type {LinkEffect} from '../../../src/lib/model/links.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'

/** One end of a connection, and what came to it. */
interface End {
  readonly socket: Socket
  readonly text: () => string
  readonly bytes: () => number
  /** `end`, `error` and `close`, as they happened. */
  readonly events: string[]
}

function endOf(socket: Socket): End {
  let text = ''
  let bytes = 0
  const events: string[] = []
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (text.length < 1000) text += chunk
  })
  for (const event of ['end', 'error', 'close']) socket.on(event, () => events.push(event))
  return {bytes: () => bytes, events, socket, text: () => text}
}

const DROP: LinkEffect = {kind: 'drop'}
const available = await hasLoopbackNet()

describe.skipIf(!available)('link proxy', () => {
  let proxy: LinkProxy
  let base: number
  /** The node that dials from 127.0.0.1. */
  let known: string | undefined
  /** The nodes' own sockets, by index; what dials them comes to `accepted`. */
  let servers: Server[]
  let accepted: End[]
  let dialed: Socket[]

  beforeEach(async () => {
    base = await claimPorts(2)
    accepted = []
    dialed = []
    servers = [0, 1].map((index) =>
      createServer({allowHalfOpen: true}, (socket) => accepted.push(endOf(socket))).listen(base + index, '127.0.0.1'),
    )
    await Promise.all(servers.map((server) => server.listening || once(server, 'listening')))
    proxy = new LinkProxy(async () => known)
    known = undefined
    await proxy.setNodes(
      [0, 1].map((index) => ({busPort: base + index + 10_000, name: `n${index}`, port: base + index})),
    )
  })

  afterEach(() => {
    for (const socket of [...dialed, ...accepted.map((end) => end.socket)]) socket.destroy()
    for (const server of servers) server.close()
    proxy.close()
  })

  function rule(from: string, to: string, effect = DROP) {
    return {effect, from, to}
  }

  /** Dials the node of index 1 as the other does, unless from elsewhere. */
  async function dial(localAddress = sourceHostOf(base)): Promise<End> {
    const socket = connect({allowHalfOpen: true, host: peerHostOf(base + 1), localAddress, port: base + 1})
    dialed.push(socket)
    const end = endOf(socket)
    await once(socket, 'connect')
    return end
  }

  /** Both ends of a connection through which bytes went both ways. */
  async function connected(): Promise<{dialer: End; node: End}> {
    const count = accepted.length
    const dialer = await dial()
    dialer.socket.write('hello')
    const node = await waitFor(() => accepted[count], {what: 'the connection'})
    node.socket.write('welcome')
    await waitFor(() => node.text() === 'hello' && dialer.text() === 'welcome', {what: 'the first bytes'})
    return {dialer, node}
  }

  it('forwards bytes and ends, and shows the node who dials', async () => {
    const {dialer, node} = await connected()
    expect(node.socket.remoteAddress).toBe(sourceHostOf(base))
    dialer.socket.end()
    await waitFor(() => node.events.includes('end'), {what: 'the end'})
    node.socket.end('bye')
    await waitFor(() => dialer.events.includes('close'), {what: 'the other end'})
    expect([dialer.text(), dialer.events]).toEqual(['welcomebye', ['end', 'close']])
  })

  it('is silent one way, and gives all when healed; the other way goes on', async () => {
    const {dialer, node} = await connected()
    await proxy.setRules([rule('n0', 'n1')])
    dialer.socket.write(' held')
    node.socket.write(' passes')
    await waitFor(() => dialer.text() === 'welcome passes', {what: 'the open way'})
    expect(node.text()).toBe('hello')
    await proxy.setRules([])
    await waitFor(() => node.text() === 'hello held', {what: 'what was held'})
  })

  it('hides that a side is gone, and tells when healed', async () => {
    const {dialer, node} = await connected()
    await proxy.setRules([rule('n0', 'n1'), rule('n1', 'n0')])
    dialer.socket.resetAndDestroy()
    const other = await connectedElsewhere()
    expect([other, node.events]).toEqual(['welcome', []])
    await proxy.setRules([])
    await waitFor(() => node.events.includes('close'), {what: 'the end'})
  })

  /** Something that passes meanwhile: from no node. @returns what came back */
  async function connectedElsewhere(): Promise<string> {
    const count = accepted.length
    const dialer = await dial('127.0.0.1')
    dialer.socket.write('hello')
    const node = await waitFor(() => accepted[count], {what: 'the connection from elsewhere'})
    node.socket.end('welcome')
    await waitFor(() => dialer.events.includes('end'), {what: 'the answer'})
    return dialer.text()
  }

  it('holds who dials in silence, and forgets who gives up', async () => {
    await proxy.setRules([rule('n0', 'n1')])
    const patient = await dial()
    const hasty = await dial()
    patient.socket.write('at last')
    hasty.socket.end('never')
    // It is closed by the proxy alone: no node heard of it.
    await waitFor(() => hasty.events.includes('close'), {what: 'the end of who gave up'})
    expect(await connectedElsewhere()).toBe('welcome')
    expect(accepted).toHaveLength(1)
    await proxy.setRules([])
    await waitFor(() => accepted[1]?.text() === 'at last', {what: 'the connection'})
    expect(accepted).toHaveLength(2)
  })

  it('keeps no connection of which one side is done and the other is not heard', async () => {
    await proxy.setRules([rule('n1', 'n0')])
    const dialer = await dial()
    dialer.socket.end('ping')
    const node = await waitFor(() => accepted[0], {what: 'the connection'})
    await waitFor(() => node.events.includes('end'), {what: 'the end at the node'})
    await waitFor(() => dialer.events.includes('close'), {what: 'the end of the connection'})
    expect(proxy.connectionCount).toBe(0)
  })

  it('breaks connections and refuses new ones', async () => {
    const {dialer, node} = await connected()
    await proxy.setRules([rule('n0', 'n1', {kind: 'reset'})])
    await waitFor(() => dialer.events.includes('error') && node.events.includes('error'), {what: 'the break'})
    // Before or after it learns that it was accepted.
    await expect(dial().then(({socket}) => once(socket, 'connect'))).rejects.toMatchObject({code: 'ECONNRESET'})
    expect(accepted).toHaveLength(1)
    expect(proxy.connectionCount).toBe(0)
  })

  it('breaks a new connection by what flows the broken way, and not before', async () => {
    await proxy.setRules([rule('n1', 'n0', {kind: 'reset'})])
    const dialer = await dial()
    dialer.socket.write('hello')
    const node = await waitFor(() => accepted[0]?.text() === 'hello' && accepted[0], {what: 'the open way'})
    node.socket.write('welcome')
    await waitFor(() => dialer.events.includes('error') && node.events.includes('error'), {what: 'the break'})
    expect(dialer.text()).toBe('')
  })

  it('cuts a node off too that dials from where anybody does, also on a connection that stands', async () => {
    const dialer = await dial('127.0.0.1')
    dialer.socket.write('hello')
    const node = await waitFor(() => accepted[0], {what: 'the connection'})
    known = 'n0'
    await proxy.setRules([rule('n0', 'n1')])
    dialer.socket.write(' held')
    const later = await dial('127.0.0.1')
    later.socket.write('held')
    known = undefined
    expect(await connectedElsewhere()).toBe('welcome')
    expect([node.text(), accepted.length]).toEqual(['hello', 2])
    await proxy.setRules([])
    await waitFor(() => node.text() === 'hello held' && accepted[2]?.text() === 'held', {what: 'what was held'})
  })

  it('tells who dials a node that does not listen', async () => {
    servers[1]?.close()
    const refused = await dial()
    await waitFor(() => refused.events.includes('error'), {what: 'the refusal'})
  })

  it('delays one way by that much', async () => {
    const {dialer, node} = await connected()
    await proxy.setRules([rule('n0', 'n1', {jitterMs: 0, kind: 'delay', ms: 150})])
    const begun = performance.now()
    dialer.socket.write('!')
    await waitFor(() => node.text() === 'hello!', {what: 'the delayed byte'})
    expect(performance.now() - begun).toBeGreaterThanOrEqual(149)
  })

  it('takes no more of a sender than a connection holds', async () => {
    const {dialer, node} = await connected()
    for (const effect of [DROP, {kind: 'delay', ms: 60_000, jitterMs: 0}] as const) {
      await proxy.setRules([rule('n0', 'n1', effect)])
      const chunk = Buffer.alloc(1 << 16)
      const before = node.bytes()
      const sizeBytes = 64 << 20
      for (let sent = 0; sent < sizeBytes; sent += chunk.length) dialer.socket.write(chunk)
      // This process is sender, proxy and receiver: what the proxy took is no longer the sender's.
      let keptBytes = -1
      while (keptBytes !== dialer.socket.writableLength) {
        keptBytes = dialer.socket.writableLength
        for (let turn = 0; turn < 20; turn++) expect(await connectedElsewhere()).toBe('welcome')
      }
      expect(keptBytes).toBeGreaterThan(sizeBytes / 2)
      expect(node.bytes()).toBe(before)
      await proxy.setRules([])
      await waitFor(() => node.bytes() === before + sizeBytes, {what: 'all of it'})
    }
  })

  it('ends a fault by itself', async () => {
    const {dialer, node} = await connected()
    await proxy.setRules([{...rule('n0', 'n1'), untilMs: Date.now() + 200}])
    const begun = performance.now()
    dialer.socket.write('!')
    await waitFor(() => node.text() === 'hello!', {what: 'the end of the silence'})
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190)
    expect(proxy.rules()).toEqual([])
  })

  it('takes nodes that come and lets go of those that left', async () => {
    const {dialer} = await connected()
    const [port] = [base + 1]
    await proxy.setNodes([{busPort: base + 10_000, name: 'n0', port: base}])
    await waitFor(() => dialer.events.includes('end'), {what: 'the end of the connection'})
    await expect(dial()).rejects.toMatchObject({code: 'ECONNREFUSED'})
    await proxy.setNodes([
      {busPort: base + 10_000, name: 'n0', port: base},
      {busPort: port + 10_000, name: 'n1', port},
    ])
    await connected()
  })
})
