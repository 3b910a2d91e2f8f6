// A job queue: any region adds jobs, workers take them. `node examples/jobs.mjs`
import {story} from './story.mjs'

await story('Jobs: a list that regions push to and pop from', {
  async 'connected: each job is taken once'({at, check, everywhere}) {
    await at(1, 'RPUSH', 'jobs', 'mail', 'bill')
    await at(2, 'RPUSH', 'jobs', 'ship')
    const taken = [await at(1, 'LPOP', 'jobs'), await at(2, 'LPOP', 'jobs'), await at(3, 'LPOP', 'jobs')]
    check('the first comes first', taken, ['mail', 'bill', 'ship'])
    await everywhere(0, 'LLEN', 'jobs')
  },

  async 'partitioned: no job is lost, and the order is one'({apart, at, check, db, everywhere, together}) {
    await apart()
    await at(1, 'RPUSH', 'jobs:2', 'a', 'b')
    await at(2, 'RPUSH', 'jobs:2', 'c')
    await at(3, 'RPUSH', 'jobs:2', 'd')
    await together()
    const order = await at(1, 'LRANGE', 'jobs:2', 0, -1)
    check('all are there', [...order].sort(), ['a', 'b', 'c', 'd'])
    await everywhere(order, 'LRANGE', 'jobs:2', 0, -1)
    check('as many everywhere', await db.region(2).call('LLEN', 'jobs:2'), 4)
  },

  async 'partitioned: two regions may take one job: at least once'({apart, at, check, everywhere, together}) {
    await at(1, 'RPUSH', 'jobs:3', 'first', 'second')
    await apart()
    check('region 1 takes the first', await at(1, 'LPOP', 'jobs:3'), 'first')
    check('region 2 takes it too', await at(2, 'LPOP', 'jobs:3'), 'first')
    await together()
    await everywhere(['second'], 'LRANGE', 'jobs:3', 0, -1)
  },

  async 'partitioned: many push, one region takes: exactly once'({apart, at, check, everywhere, together}) {
    await at(2, 'RPUSH', 'jobs:4', 'early')
    await apart()
    await at(2, 'RPUSH', 'jobs:4', 'late')
    check('the worker takes what it knows of', await at(1, 'LPOP', 'jobs:4'), 'early')
    check('and waits for the rest', await at(1, 'LPOP', 'jobs:4'), null)
    await together()
    check('which comes', await at(1, 'LPOP', 'jobs:4'), 'late')
    await everywhere(0, 'EXISTS', 'jobs:4')
  },
})
