import {beforeEach, describe, expect, it} from 'vitest'
import {AofReader} from '../../../../src/lib/protocol/aof/reader.js'
import type {AppendOnly} from '../../../../src/lib/server/persistence/append-only.js'
import {Rig} from '../rig.js'

function bytesOf(text: string): {room: Uint8Array; length: number; text: () => string} {
  // What is behind the argument is of something else.
  return {length: text.length, room: Buffer.from(`${text}rest`, 'latin1'), text: () => text}
}

/** What the shell would write, and takes. */
function written(log: AppendOnly): (readonly string[])[] {
  const reader = new AofReader(0)
  expect(log.gatheredBytes).toBe(log.gathered().length)
  reader.push(log.gathered())
  log.taken()
  const commands: (readonly string[])[] = []
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'command') commands.push(item.argv)
  }
  return commands
}

describe('commands of one argument in the append-only file', () => {
  let rig: Rig
  let log: AppendOnly
  let asked: number

  beforeEach(() => {
    rig = new Rig()
    asked = 0
    Object.assign(rig.server.effects, {appendOnly: {appendSoon: () => asked++}})
    log = rig.server.appendOnly
  })

  it('are one command while nothing else comes', () => {
    log.feedBytes('RUN', bytesOf('a'))
    log.feedArgument('RUN', 'b')
    log.feedBytes('RUN', bytesOf(''))
    log.feedArgument('OTHER', 'c')
    log.feed(0, ['SET', 'k', 'v'])
    log.feedArgument('RUN', 'd')
    expect(written(log)).toEqual([
      ['SELECT', '0'],
      ['RUN', 'a', 'b', ''],
      ['OTHER', 'c'],
      ['SET', 'k', 'v'],
      ['RUN', 'd'],
    ])
  })

  it('are written as soon as anything else is, and begin anew after that', () => {
    log.feedArgument('RUN', 'a')
    expect(asked).toBe(1)
    expect(written(log)).toEqual([
      ['SELECT', '0'],
      ['RUN', 'a'],
    ])
    expect(log.gatheredBytes).toBe(0)
    log.feedArgument('RUN', 'b')
    expect(asked).toBe(2)
    expect(written(log)).toEqual([['RUN', 'b']])
  })

  it('are several when they are long', () => {
    for (let i = 0; i < 10; i++) log.feedArgument('RUN', `${i}`.repeat(5000))
    const [, ...runs] = written(log)
    expect(runs.length).toBe(3)
    expect(runs.flatMap(([, ...rest]) => rest.map((argument) => argument[0]))).toEqual([...'0123456789'])
  })

  it('have each its own time where times are noted', () => {
    rig.server.config.set([['aof-timestamp-enabled', 'yes']])
    log.feedArgument('RUN', 'a')
    rig.server.state.setTime(rig.nowMs + 5000)
    log.feedArgument('RUN', 'b')
    const text = Buffer.from(log.gathered()).toString('latin1')
    expect(text.match(/#TS:/g)).toHaveLength(2)
    expect(text.indexOf('#TS', 3)).toBeLessThan(text.indexOf('$1\r\nb'))
  })
})
