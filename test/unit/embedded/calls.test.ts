import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import {type CallArgument, Calls, plainReply, toWire} from '../../../src/lib/embedded/calls.js'
import {waitFor} from '../../support/processes.js'

describe('Calls', () => {
  let node: StartedNode
  let calls: Calls
  beforeAll(async () => {
    node = await startNode({settings: {requirepass: 'secret'}})
    calls = new Calls(node, 'secret')
  })
  afterAll(async () => {
    await calls.close()
    await node.stop()
  })

  async function call(...argv: CallArgument[]) {
    return plainReply(await calls.call(argv.map(toWire)))
  }

  it('gives plain replies', async () => {
    expect(await call('SET', 'k', 'grüße')).toBe('OK')
    expect(await call('GET', 'k')).toBe('grüße')
    expect(await call('STRLEN', 'k')).toBe(7)
    expect(await call('GET', 'none')).toBeNull()
    expect(await call('MGET', 'k', 'none')).toEqual(['grüße', null])
    expect(await call('SET', 'n', 9007199254740993n)).toBe('OK')
    expect(await call('INCR', 'n')).toBe(9007199254740994n)
    expect(await call('APPEND', 'bytes', new Uint8Array([255, 0, 1]))).toBe(3)
    expect(await call('INCRBY', 'small', 5)).toBe(5)
  })

  it('throws error replies, and leaves those of EXEC where they stand', async () => {
    await expect(call('INCR', 'k')).rejects.toThrow('ERR value is not an integer or out of range')
    await call('MULTI')
    await call('INCR', 'k')
    await call('PING')
    const replies = (await call('EXEC')) as unknown[]
    expect(replies[0]).toBeInstanceOf(NodeReplyError)
    expect(replies[1]).toBe('PONG')
  })

  it('keeps the order of calls that nobody waits for', async () => {
    const replies = await Promise.all(Array.from({length: 50}, () => call('INCR', 'order')))
    expect(replies).toEqual(Array.from({length: 50}, (_, i) => i + 1))
  })

  it('connects again after the node has closed the connection', async () => {
    await call('QUIT')
    // What is called before the end has come here is lost, as it is for any client.
    await waitFor(() => call('PING'), {what: 'a new connection'})
  })

  it('says that the password is wrong', async () => {
    const stranger = new Calls(node, 'wrong')
    await expect(stranger.call(['PING'])).rejects.toThrow('WRONGPASS')
    await stranger.close()
  })
})
