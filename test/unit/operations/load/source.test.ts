import {once} from 'node:events'
import {type AddressInfo, createServer} from 'node:net'
import {expect, it, onTestFinished} from 'vitest'
import {type Source, SourceLink} from '../../../../src/lib/operations/load/source.js'

it('does not wait for the answer of a source that hangs, once it is interrupted', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      if (chunk.includes('SELECT')) socket.write('+OK\r\n$8\r\nrun_id:r\r\n')
      if (chunk.includes('SCAN')) server.emit('asked')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = {host: '127.0.0.1', port: (server.address() as AddressInfo).port}
  const source = {address, options: {timeoutMs: 60_000}, facts: {runId: 'r'}, database: 0} as unknown as Source
  const controller = new AbortController()
  const link = new SourceLink(source, 60_000, controller.signal)
  const asked = once(server, 'asked')
  const answer = link.send([['SCAN', '0']])
  await asked
  controller.abort()
  await expect(answer).rejects.toMatchObject({code: 'INTERRUPTED'})
  link.close()
})
