import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {readFaultFile} from '../../../../src/lib/node/faults/fault-file.js'
import {temporaryFolder} from '../../../support/processes.js'

const path = join(temporaryFolder('fault-file'), 'faults.conf')
const written = (text: string) => {
  writeFileSync(path, text)
  return () => readFaultFile(path)
}

it('reads the faults that a node starts with', () => {
  expect(written('1 127.0.0.1 7001 17001 OUT DROP UNTIL 99\nAT 7\n')()).toEqual({
    madeMs: 7,
    rules: [
      {direction: 'out', effect: {kind: 'drop'}, peer: {busPort: 17001, host: '127.0.0.1', port: 7001}, untilMs: 99},
    ],
  })
  expect(written('0 AT 7\n')()).toEqual({madeMs: 7, rules: []})
})

it('names a file that is missing or not whole: its node must not start without them', () => {
  for (const text of ['', 'x', '1', '1 127.0.0.1 7001 17001 OUT', '0 AT', '0 1']) {
    expect(written(text), text).toThrow(`Can't load the faults of ${path}: ERR `)
  }
  expect(() => readFaultFile(`${path}.missing`)).toThrow(/faults\.conf\.missing: ENOENT/)
})
