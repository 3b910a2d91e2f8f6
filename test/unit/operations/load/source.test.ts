import {once} from 'node:events'
import {type AddressInfo, createServer} from 'node:net'
import {expect, it, onTestFinished} from 'vitest'
import {type Source, SourceLink} from '../../../../src/lib/operations/load/source.js'

/** A server that lets us in; `onScan` answers SCAN. @returns a link to it, and what makes it stop waiting */
async function linkTo(onScan: () => string) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      socket.write(chunk.includes('SELECT') ? '+OK\r\n$8\r\nrun_id:r\r\n' : onScan())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = {host: '127.0.0.1', port: (server.address() as AddressInfo).port}
  const source = {address, options: {timeoutMs: 60_000}, facts: {runId: 'r'}, database: 0} as unknown as Source
  const controller = new AbortController()
  const link = new SourceLink(source, 60_000, controller.signal)
  onTestFinished(() => {
    link.close()
    server.close()
  })
  return {link, controller}
}

it('does not wait for the answer of a source that hangs, once it is interrupted', async () => {
  let isAsked: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve
  })
  const {controller, link} = await linkTo(() => {
    isAsked()
    return ''
  })
  const answer = link.send([['SCAN', '0']])
  await asked
  controller.abort()
  await expect(answer).rejects.toMatchObject({code: 'INTERRUPTED'})
})

it('asks again while the source is busy or loading', async () => {
  const answers = ['-BUSY a script\r\n', '-LOADING data\r\n', ':7\r\n']
  const {link} = await linkTo(() => answers.shift() ?? ':8\r\n')
  expect(await link.send([['SCAN', '0']])).toEqual([7])
})
