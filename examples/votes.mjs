// Votes: counters that every region counts up. `node examples/votes.mjs`
import {story} from './story.mjs'

await story('Votes: one counter for each candidate, counted in three regions', {
  async connected({at, everywhere}) {
    await at(1, 'INCRBY', 'votes:ada', 10)
    await at(2, 'INCRBY', 'votes:ada', 5)
    await at(3, 'INCR', 'votes:ada')
    await everywhere('16', 'GET', 'votes:ada')
  },

  async 'partitioned: no vote is lost, none counted twice'({apart, at, everywhere, together}) {
    await at(1, 'INCRBY', 'votes:bob', 10)
    await apart()
    await at(1, 'INCRBY', 'votes:bob', 1)
    await at(2, 'INCRBY', 'votes:bob', 20)
    await at(3, 'DECRBY', 'votes:bob', 5)
    await together()
    await everywhere('26', 'GET', 'votes:bob')
  },

  async 'connected: a reset'({at, everywhere}) {
    await at(1, 'INCRBY', 'votes:cleo', 10)
    await at(2, 'DEL', 'votes:cleo')
    await at(3, 'INCRBY', 'votes:cleo', 3)
    await everywhere('3', 'GET', 'votes:cleo')
  },

  async 'partitioned: a reset takes away what it saw, votes meanwhile stay'({apart, at, everywhere, together}) {
    await at(1, 'INCRBY', 'votes:dora', 10)
    await apart()
    await at(1, 'DEL', 'votes:dora')
    await at(2, 'INCRBY', 'votes:dora', 5)
    await together()
    await everywhere('5', 'GET', 'votes:dora')
  },
})
