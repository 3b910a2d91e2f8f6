import {describe, expect, it} from 'vitest'
import {SnapshotError, SnapshotReader} from '../../../../src/lib/protocol/replication/snapshot-reader.js'

const MARK = '0123456789abcdef0123456789abcdef01234567'
const ID = 'f'.repeat(40)

/** Events with neighbouring data joined: where chunks end does not matter. */
function read(chunks: readonly string[]): (string | number | undefined)[] {
  const reader = new SnapshotReader()
  const told: (string | number | undefined)[] = []
  let data = ''
  for (const chunk of chunks) {
    for (const event of reader.push(Buffer.from(chunk, 'latin1'))) {
      if (event.kind === 'data') data += Buffer.from(event.bytes).toString('latin1')
      else if (event.kind === 'line') told.push(event.text)
      else if (event.kind === 'begin') told.push('begin', event.bytes)
      else if (event.kind === 'end') told.push(data, 'end')
      else told.push('alive')
    }
  }
  return told
}

const WIRE: readonly [name: string, wire: string, told: (string | number | undefined)[]][] = [
  [
    'a length',
    `+OK\r\n\n\n+FULLRESYNC ${ID} 42\r\n\n$5\r\nREDIS`,
    ['+OK', 'alive', 'alive', `+FULLRESYNC ${ID} 42`, 'alive', 'begin', 5, 'REDIS', 'end'],
  ],
  ['a mark', `\n$EOF:${MARK}\r\nREDIS\n\r\n${MARK}`, ['alive', 'begin', undefined, 'REDIS\n\r\n', 'end']],
  [
    'a mark after its own beginning',
    `$EOF:${MARK}\r\n${MARK.slice(0, 30)}${MARK}`,
    ['begin', undefined, MARK.slice(0, 30), 'end'],
  ],
  ['a mark after nothing', `$EOF:${MARK}\r\n${MARK}`, ['begin', undefined, '', 'end']],
  ['an empty snapshot', '$0\r\n', ['begin', 0, '', 'end']],
  ['a refusal', '-NOPERM no\r\n', ['-NOPERM no']],
]

describe('SnapshotReader', () => {
  it.each(WIRE)('reads %s', (_, wire, told) => {
    expect(read([wire])).toEqual(told)
  })

  it.each(WIRE)('reads it at every cut: %s', (_, wire, told) => {
    for (let cut = 0; cut <= wire.length; cut++) expect(read([wire.slice(0, cut), wire.slice(cut)])).toEqual(told)
    expect(read([...wire])).toEqual(told)
  })

  it('does not end before the last byte', () => {
    for (const [, wire, told] of WIRE.filter(([, , told]) => told.at(-1) === 'end')) {
      for (let cut = 0; cut < wire.length; cut++) expect(read([wire.slice(0, cut)])).not.toContain('end')
      expect(told).toContain('end')
    }
  })

  it('leaves what follows the length alone: the stream may come at once', () => {
    expect(read(['$2\r\nab*1\r\n$4\r\nping\r\n', 'more'])).toEqual(['begin', 2, 'ab', 'end'])
  })

  it.each(['$abc\r\n', '$EOF:short\r\n', '$-1\r\n'])('refuses %j', (wire) => {
    expect(() => read([wire])).toThrow(SnapshotError)
  })

  it('refuses a line that never ends', () => {
    expect(() => read(new Array(20).fill('x'.repeat(5000)))).toThrow(SnapshotError)
  })
})
