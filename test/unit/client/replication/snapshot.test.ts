import {createServer, type Socket} from 'node:net'
import {afterEach, expect, it} from 'vitest'
import {type SnapshotHead, takeSnapshot} from '../../../../src/lib/client/replication/snapshot.js'
import {waitFor} from '../../../support/processes.js'

/** A node that answers each command it reads by a script. */
const servers: {close(): void}[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

type Script = (command: string, socket: Socket) => void

function serve(script: Script): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let match = COMMAND.exec(text); match; match = COMMAND.exec(text)) {
        const words = [...match[0].matchAll(/\$\d+\r\n(.*)\r\n/g)].map(([, word]) => word)
        text = text.slice(match[0].length)
        script(words.join(' '), socket)
      }
    })
  })
  servers.push({
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as {port: number}).port))
  })
}

const COMMAND = /^\*\d+\r\n(?:\$\d+\r\n.*\r\n)+?(?=\*|$)/
const ID = 'a'.repeat(40)
const MARK = 'm'.repeat(40)

/** Says OK to all but `commands`. */
function answers(commands: Readonly<Record<string, string>>, heard: string[] = []): Script {
  return (command, socket) => {
    heard.push(command)
    socket.write(commands[command.split(' ')[0] as string] ?? '+OK\r\n', 'latin1')
  }
}

async function take(port: number, options: {username?: string; password?: string} = {}, silenceMs = 5000) {
  const heads: SnapshotHead[] = []
  let text = ''
  const chunks = takeSnapshot(
    {host: '127.0.0.1', port},
    {timeoutMs: 5000, ...options},
    {onHead: (head) => heads.push(head), silenceMs},
  )
  for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1')
  return {heads, text}
}

it('asks as a replica does, logs in first, and waits for each answer before PSYNC', async () => {
  const heard: string[] = []
  const port = await serve(answers({PSYNC: `\n\n+FULLRESYNC ${ID} 7\r\n\n$5\r\nREDIS`}, heard))
  expect(await take(port, {username: 'ü', password: 'x'})).toEqual({
    heads: [{replication: {id: ID, offset: 7}, bytes: 5}],
    text: 'REDIS',
  })
  expect(heard.map((each) => each.split(' ')[0])).toEqual(['AUTH', 'REPLCONF', 'REPLCONF', 'PSYNC'])
  expect(heard.slice(1)).toEqual(['REPLCONF capa eof', 'REPLCONF rdb-only 1', 'PSYNC ? -1'])
})

it('takes a snapshot of unknown length, and one from a node that knows neither options nor PSYNC', async () => {
  const eof = await serve(answers({PSYNC: `+FULLRESYNC ${ID} 7\r\n$EOF:${MARK}\r\nREDIS${MARK}`}))
  expect(await take(eof)).toMatchObject({heads: [{bytes: undefined}], text: 'REDIS'})
  const old = await serve(
    answers({
      REPLCONF: '-ERR Unrecognized REPLCONF option: rdb-only\r\n',
      PSYNC: "-ERR unknown command 'PSYNC'\r\n",
      SYNC: '\n$5\r\nREDIS*1\r\n$4\r\nping\r\n',
    }),
  )
  expect(await take(old)).toEqual({heads: [{replication: undefined, bytes: 5}], text: 'REDIS'})
})

it.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
  ['no permission', {PSYNC: '-NOPERM no psync\r\n'}, 'PREFLIGHT_FAILED', /may not replicate from .*NOPERM no psync/],
  ['no login', {PSYNC: '-NOAUTH Authentication required.\r\n'}, 'AUTH_FAILED', /wants a password/],
  ['a wrong login', {AUTH: '-WRONGPASS no\r\n'}, 'AUTH_FAILED', /refused the user name or password/],
  ['a broken link', {PSYNC: "-NOMASTERLINK Can't SYNC\r\n"}, 'UNREACHABLE', /sends no snapshot: NOMASTERLINK/],
  [
    'no replication',
    {PSYNC: '-ERR unknown command\r\n', SYNC: '-ERR unknown command\r\n'},
    'ENVIRONMENT_LACKS',
    /has no SYNC/,
  ],
  ['an odd answer', {PSYNC: '+CONTINUE\r\n'}, 'UNREACHABLE', /answered: \+CONTINUE/],
  ['no snapshot', {PSYNC: `+FULLRESYNC ${ID} 7\r\n$nine\r\n`}, 'UNREACHABLE', /not the head of a snapshot/],
  ['silence', {PSYNC: ''}, 'TIMED_OUT', /has been silent for 300 ms/],
])('says why there is none: %s', async (_, commands, code, words) => {
  const port = await serve(answers(commands))
  const taken = take(port, {password: 'x'}, code === 'TIMED_OUT' ? 300 : 5000)
  await expect(taken).rejects.toMatchObject({code, message: expect.stringMatching(words)})
})

it('never takes half a snapshot for a whole one', async () => {
  const port = await serve((command, socket) => {
    if (!command.startsWith('PSYNC')) socket.write('+OK\r\n')
    else socket.end(`+FULLRESYNC ${ID} 7\r\n$9\r\nREDIS`)
  })
  await expect(take(port)).rejects.toMatchObject({code: 'UNREACHABLE', message: expect.stringMatching(/before.*whole/)})
})

it('stops at once when it is told to, even while it connects', async () => {
  const port = await serve(answers({PSYNC: '\n'}))
  for (const when of ['now', 'later']) {
    const stop = new AbortController()
    const chunks = takeSnapshot(
      {host: '127.0.0.1', port},
      {timeoutMs: 5000},
      {onHead: () => undefined, signal: stop.signal},
    )
    const first = chunks.next()
    if (when === 'now') stop.abort()
    else setTimeout(() => stop.abort(), 100)
    await expect(first).rejects.toMatchObject({code: 'INTERRUPTED'})
  }
})

it('does not read faster than the bytes are taken', async () => {
  const total = 64 * 1024 * 1024
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  let isWaiting = false
  const port = await serve((command, socket) => {
    if (!command.startsWith('PSYNC')) {
      socket.write('+OK\r\n')
      return
    }
    socket.write(`+FULLRESYNC ${ID} 7\r\n$${total}\r\n`)
    const more = () => {
      isWaiting = false
      while (sent < total) {
        sent += chunk.length
        if (!socket.write(chunk)) {
          isWaiting = true
          socket.once('drain', more)
          return
        }
      }
    }
    more()
  })
  const chunks = takeSnapshot({host: '127.0.0.1', port}, {timeoutMs: 5000}, {onHead: () => undefined})
  let taken = (await chunks.next()).value?.length ?? 0
  // What the kernel holds is full once nothing more goes out for a while.
  let before = -1
  const isStill = () => {
    const same = sent === before
    before = sent
    return isWaiting && same
  }
  await waitFor(isStill, {what: 'a sender that waits', everyMs: 200})
  expect(sent).toBeLessThan(total / 2)
  for await (const bytes of chunks) taken += bytes.length
  expect(taken).toBe(total)
})
