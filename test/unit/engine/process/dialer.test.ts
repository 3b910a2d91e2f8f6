import {describe, expect, it} from 'vitest'
import {inodeOf} from '../../../../src/lib/engine/process/dialer.js'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4269 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:D431 02694 27F:4269 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 20 4 30 10 -1
   2: 0269427F:4269 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 20 4 30 10 -1
   3: 0100007F:D431 0269427F:4269 01 00000000:00000000 00:00000000 00000000  1000        0 444 1 0 20 4 30 10 -1
`
const ends = {localHost: '127.0.0.1', localPort: 0xd431, remoteHost: '127.66.105.2', remotePort: 17001}

describe('the socket of who dialed', () => {
  it('is the one with these ends, seen from there', () => {
    expect(inodeOf(TABLE, ends)).toBe('444')
    expect(inodeOf(TABLE, {...ends, remotePort: 17002})).toBeUndefined()
  })
})
