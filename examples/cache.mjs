// A distributed cache: pages by their address, each with a time to live. `node examples/cache.mjs`
import {Redis} from 'ioredis'
import {story} from './story.mjs'

await story('Cache: pages that any region puts, reads and throws away', {
  async 'connected: any client of any region'({at, check, db, everywhere}) {
    await at(1, 'SET', 'page:/', 'front page', 'EX', 60)
    await everywhere('front page', 'GET', 'page:/')
    const client = new Redis(db.region(3).url)
    check('a client of region 3 reads it', await client.get('page:/'), 'front page')
    client.disconnect()
    await at(2, 'DEL', 'page:/')
    await everywhere(null, 'GET', 'page:/')
  },

  async 'partitioned: the page that was put last, and the longest time to live'({
    apart,
    at,
    check,
    db,
    everywhere,
    together,
  }) {
    await apart()
    await at(1, 'SET', 'page:/news', 'news of nine', 'EX', 600)
    db.advanceClock(10)
    await at(2, 'SET', 'page:/news', 'news of ten', 'EX', 60)
    await together()
    await everywhere('news of ten', 'GET', 'page:/news')
    const left = await at(3, 'TTL', 'page:/news')
    check('it lives as long as the longer of both', left > 60, true)
  },

  async 'partitioned: throwing away does not hit what was put meanwhile'({apart, at, everywhere, together}) {
    await at(1, 'SET', 'page:/jobs', 'old jobs')
    await apart()
    await at(2, 'SET', 'page:/jobs', 'new jobs')
    await at(1, 'DEL', 'page:/jobs')
    await together()
    await everywhere('new jobs', 'GET', 'page:/jobs')
  },

  async 'connected: the time to live ends everywhere'({at, check, db, everywhere}) {
    await at(2, 'SET', 'page:/brief', 'soon gone', 'PX', 5000)
    check('there until then', await db.region(3).call('EXISTS', 'page:/brief'), 1)
    db.advanceClock(5000)
    await everywhere(null, 'GET', 'page:/brief')
  },
})
