import {main} from '../../../src/lib/node/main.js'

await main(process.argv.slice(2))
