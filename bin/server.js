#!/usr/bin/env -S node --max-semi-space-size=8
// A young collection stops everything for as long as it copies survivors: in half the space it copies half as many.
import {main} from '../dist/lib/node/main.js'

await main(process.argv.slice(2))
