import {expect, it} from 'vitest'
import {Rig} from '../rig.js'

it('a packed hash keeps texts that JavaScript takes for integers', () => {
  const rig = new Rig()
  const client = rig.connect()
  const fields = '1e+21 -1e+40 f 1e+300'
  expect(rig.run(client, `HSET k ${fields}`)).toBe(':2\r\n')
  expect(rig.run(client, 'HGET k 1e+21', 'HGET k f')).toBe('$6\r\n-1e+40\r\n$6\r\n1e+300\r\n')
})
