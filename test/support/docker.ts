import {describe, it} from 'vitest'

/** Why there is no Docker for tests; undefined if there is one. `npm test -- --only docker` starts it. */
function whyNot(): string | undefined {
  const told = process.env['SHOAL_TEST_NO_DOCKER']
  if (told) return told
  if (process.env['DOCKER_HOST']) return undefined
  return 'no DOCKER_HOST: npm test -- --only docker starts a daemon'
}

/** `describe` for tests that need Docker. As `describeWithPeers`: skipped visibly, or, with `REQUIRE_PEERS=1`, failing. */
export function describeWithDocker(name: string, body: () => void): void {
  const reason = whyNot()
  if (reason === undefined) {
    describe(name, body)
  } else if (process.env['REQUIRE_PEERS'] === '1') {
    describe(name, () => {
      it('has a Docker to run against', () => {
        throw new Error(reason)
      })
    })
  } else {
    describe.skip(`${name} [skipped: ${reason}]`, body)
  }
}
