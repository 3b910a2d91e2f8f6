import {describe, expect, it} from 'vitest'
import {connectionName, fencedPrefix, oldConnections} from '../../../src/lib/operations/migration/fence.js'

const OWN = connectionName('reshard-1', 'b')
const LIST = [
  'id=3 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=8 name=shoal:reshard-1:a age=0 idle=0 flags=x db=0',
  `id=4 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=9 name=${OWN} age=0 idle=0 flags=N db=0`,
  'id=5 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=10 name=shoal:reshard-11:a age=0 idle=0 flags=N db=0',
  'id=6 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=11 name= age=0 idle=0 flags=N db=0',
  'id=7 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=12 name=app age=0 idle=0 flags=N db=0',
  '',
].join('\n')

describe('oldConnections', () => {
  it('finds those of the job, but for its present run', () => {
    expect(oldConnections(LIST, fencedPrefix('reshard-1', false), OWN)).toEqual(['3'])
  })

  it('finds those of every job for who holds the lock, and no others', () => {
    expect(oldConnections(LIST, fencedPrefix('reshard-1', true), OWN)).toEqual(['3', '5'])
  })
})
