import {expect, it} from 'vitest'
import {formatId} from '../../../../../../src/lib/protocol/stream-id.js'
import {ActorTable} from '../../../../../../src/lib/server/crdt/core/actors.js'
import {ListElements} from '../../../../../../src/lib/server/crdt/core/containers/list-elements.js'
import {StreamEntries} from '../../../../../../src/lib/server/crdt/core/containers/stream-entries.js'
import {dotOf} from '../../../../../../src/lib/server/crdt/core/dot.js'

/** What a damaged state holds out of order would not be found again. */

const actors = new ActorTable()
/** The second actor comes first: the order is that of regions. */
const [far, near] = [actors.indexOf(2, 1), actors.indexOf(1, 1)]

it('elements of a list that come out of order are put in order, of two at one position both are kept', () => {
  const list = new ListElements()
  const positions: [number, number, number][] = [
    [5, far, 0],
    [5, near, 1],
    [5, near, 0],
    [-3, far, 0],
    [5, far, 0],
  ]
  for (const [i, position] of positions.entries()) {
    list.append(position, [{clock: 5 + i, dot: dotOf(far, i + 1), value: `v${i}`}])
  }
  list.orderBy(actors)
  expect([...list.values()]).toEqual(['v3', 'v2', 'v1', 'v4'])
  expect(list.rowsAt(list.find([5, far, 0])).map(({value}) => value)).toEqual(['v4', 'v0'])
})

it('entries of a stream that come out of order are put in order', () => {
  const stream = new StreamEntries()
  const ids: [ms: number, dot: number][] = [
    [7, dotOf(near, 1)],
    [3, dotOf(far, 2)],
    [3, dotOf(near, 3)],
    [5, dotOf(near, 2)],
  ]
  for (const [ms, dot] of ids) stream.append({clock: 1, dot, fields: ['f', String(dot)], id: {ms, seq: 0}})
  stream.orderBy(actors)
  expect([...stream.ids()].map(formatId)).toEqual(['3-0', '5-0', '7-0'])
  expect([...stream.entriesOf({ms: 3, seq: 0})].map(({dot}) => dot)).toEqual([dotOf(near, 3), dotOf(far, 2)])
  expect(stream.fieldsOf({ms: 7, seq: 0})).toEqual(['f', String(dotOf(near, 1))])
})
