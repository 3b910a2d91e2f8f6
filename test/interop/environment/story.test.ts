import {describe, it} from 'vitest'
import {tellStory} from '../../support/environment/story.js'
import {EMBEDDED, PROCESS} from '../../support/environment/world.js'
import {describeWithPeers} from '../../support/peers.js'

describe("a developer's story with embedded nodes", () => {
  it('loses nothing that the majority acknowledged, and leaves nothing behind', () => tellStory(EMBEDDED))
})

describeWithPeers("a developer's story with redis-servers", () => {
  it('loses nothing that the majority acknowledged, and leaves nothing behind', () => tellStory(PROCESS))
})
