import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {encodeRequest, type RawConnection} from '../../support/raw-resp.js'
import {bothServers} from './harness.js'
import {heard} from './listener.js'

/** Dialogues whose every byte must be the same: MONITOR, subscriptions inside of transactions and without replies, WAIT. */

/** `a: PING` is said by client a; further clients connect as they are named. */
const DIALOGUES: Readonly<Record<string, readonly string[]>> = {
  'subscriptions inside of a transaction': [
    'a: MULTI',
    'a: SUBSCRIBE x y',
    'a: PING',
    'a: GET k',
    'a: PUBLISH x hello',
    'a: UNSUBSCRIBE x',
    'a: EXEC',
    'a: GET k',
    'a: UNSUBSCRIBE y',
    'a: HELLO3',
    'a: MULTI',
    'a: SUBSCRIBE x',
    'a: PUBLISH x hello',
    'a: EXEC',
    'b: PUBLISH x again',
  ],
  'a monitor is half a replica': [
    'm: MONITOR',
    'm: GET k',
    'm: PUBLISH x y',
    'm: DBSIZE',
    'm: MULTI',
    'm: GET k',
    'm: EXEC',
    'm: RESET',
    'm: GET k',
    'm: MULTI',
    'm: MONITOR',
    'm: EXEC',
  ],
  'waiting for replicas': [
    'a: WAIT 0 0',
    'a: WAIT 1 20',
    'a: WAIT x 1',
    'a: WAIT 1 x',
    'a: WAIT 1 -1',
    'a: WAIT -1 0',
    'a: MULTI',
    'a: WAIT 5 0',
    'a: EXEC',
  ],
  'a broken redirection': [
    'a: HELLO3',
    'a: CLIENT TRACKING ON REDIRECT 99999999',
    'a: CLIENT GETREDIR',
    'a: CLIENT TRACKING ON',
    'a: CLIENT GETREDIR',
    'a: GET k',
    'b: SET k 1',
    'a: MULTI',
    'a: GET k',
    'a: SET k 2',
    'a: EXEC',
    'b: FLUSHALL',
    'a: FLUSHDB',
    'a: RESET',
    'a: CLIENT TRACKINGINFO',
  ],
}

/** What an observer sees of others: all but times and ports. */
function withoutTimes(text: string): string {
  return text
    .replace(/\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/g, '+<time> [$1 <address>]')
    .replace(/:\d+\r\n\$4\r\nmode/, '')
}

describeWithPeers('dialogues beside redis-server', () => {
  const {both} = bothServers()

  it.each(Object.entries(DIALOGUES))('%s', async (_name, lines) => {
    const clients = new Map<string, [RawConnection, RawConnection]>()
    for (const line of lines) {
      const [name, text] = line.split(': ') as [string, string]
      if (!clients.has(name)) clients.set(name, await both())
      const argv = text === 'HELLO3' ? ['HELLO', '3'] : text.split(' ')
      const [theirs, ours] = await Promise.all(clients.get(name)!.map((one) => one.call(...argv)))
      const said = [withoutTimes(ours!)]
      const expected = [withoutTimes(theirs!)]
      for (const [who, pair] of clients) {
        // A mark inside of a transaction would be queued.
        if (who === name || lines.some((one) => one === `${who}: MONITOR`)) continue
        const [theirNews, ourNews] = await Promise.all(pair.map(heard))
        said.push(...ourNews!)
        expected.push(...theirNews!)
      }
      expect(said, line).toEqual(expected)
    }
    for (const pair of clients.values()) for (const one of pair) one.close()
  })

  it('shows a monitor what was done, and no passwords', async () => {
    const monitors = await both()
    const workers = await both()
    await Promise.all(monitors.map((one) => one.call('MONITOR')))
    const commands = [
      ['SET', 'k"\n\t\x07\\', 'v\xe9\0'],
      ['MULTI'],
      ['INCR', 'n'],
      ['INCR', 'k"\n\t\x07\\'],
      ['EXEC'],
      ['AUTH', 'secret'],
      ['AUTH', 'default', 'secret'],
      ['AUTH', 'a', 'b', 'c'],
      ['HELLO', '2', 'SETNAME', 'me', 'AUTH', 'nobody', 'secret'],
      ['CONFIG', 'GET', 'hz'],
      ['CLIENT', 'GETNAME'],
      ['GET'],
      ['NOPE'],
      ['MIGRATE', '127.0.0.1', '1', 'nokey', '0', '10', 'AUTH', 'secret'],
      ['MIGRATE', '127.0.0.1', '1', 'nokey', '0', '10', 'COPY', 'AUTH2', 'user', 'secret'],
      ['SELECT', '3'],
      ['CLIENT', 'REPLY', 'SKIP'],
      ['PING'],
      ['SUBSCRIBE', 'x'],
      ['QUIT'],
    ]
    for (const one of workers) one.send(commands.map(encodeRequest).join(''))
    // All but administration and what never ran.
    const seen = await Promise.all(monitors.map((one) => one.replies(17)))
    const [theirs, ours] = seen.map((lines) => lines.map(withoutTimes))
    expect(ours).toEqual(theirs)
    expect(ours!.join('')).not.toContain('secret')
    for (const one of [...monitors, ...workers]) one.close()
  })
})
