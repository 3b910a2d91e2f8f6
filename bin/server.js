#!/usr/bin/env node
import {main} from '../dist/lib/node/main.js'

await main(process.argv.slice(2))
