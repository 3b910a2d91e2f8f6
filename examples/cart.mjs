// A shopping cart that a family shares: products with quantities in a sorted set. `node examples/cart.mjs`
import {story} from './story.mjs'

const WHOLE = [0, -1, 'WITHSCORES']

await story('Cart: one for all, filled in three regions', {
  async connected({at, everywhere}) {
    await at(1, 'ZINCRBY', 'cart:1', 2, 'apples')
    await at(2, 'ZINCRBY', 'cart:1', 1, 'bread')
    await at(3, 'ZINCRBY', 'cart:1', 1, 'apples')
    await at(1, 'ZREM', 'cart:1', 'bread')
    await everywhere(['apples', '3'], 'ZRANGE', 'cart:1', ...WHOLE)
  },

  async 'partitioned: quantities are added'({apart, at, everywhere, together}) {
    await apart()
    await at(1, 'ZINCRBY', 'cart:2', 2, 'apples')
    await at(2, 'ZINCRBY', 'cart:2', 3, 'apples')
    await at(3, 'ZINCRBY', 'cart:2', 1, 'bread')
    await together()
    await everywhere(['bread', '1', 'apples', '5'], 'ZRANGE', 'cart:2', ...WHOLE)
  },

  async 'partitioned: taken out here, more of it there: what was not seen stays'({apart, at, everywhere, together}) {
    await at(1, 'ZADD', 'cart:3', 4, 'apples')
    await apart()
    await at(1, 'ZREM', 'cart:3', 'apples')
    await at(2, 'ZINCRBY', 'cart:3', 2, 'apples')
    await together()
    await everywhere(['apples', '2'], 'ZRANGE', 'cart:3', ...WHOLE)
  },

  async 'partitioned: a quantity that is set wins over one set before'({apart, at, db, everywhere, together}) {
    await apart()
    await at(1, 'ZADD', 'cart:4', 7, 'eggs')
    db.advanceClock(10)
    await at(2, 'ZADD', 'cart:4', 12, 'eggs')
    await together()
    await everywhere(['eggs', '12'], 'ZRANGE', 'cart:4', ...WHOLE)
  },

  async 'partitioned: the cart is emptied, what came meanwhile is in it'({apart, at, everywhere, together}) {
    await at(1, 'ZADD', 'cart:5', 1, 'milk', 2, 'apples')
    await apart()
    await at(1, 'DEL', 'cart:5')
    await at(3, 'ZADD', 'cart:5', 6, 'eggs')
    await together()
    await everywhere(['eggs', '6'], 'ZRANGE', 'cart:5', ...WHOLE)
  },
})
