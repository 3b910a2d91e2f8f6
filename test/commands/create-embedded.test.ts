import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {packageFolder, runShoal} from '../support/cli.js'
import {describeWithPeers, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {spawnTracked, temporaryFolder, waitFor} from '../support/processes.js'

/** An embedded node as its own process; resolves once it answers. */
async function startEmbedded(): Promise<string> {
  const port = await claimPorts()
  const folder = temporaryFolder('embedded')
  const options = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--cluster-enabled', 'yes']
  const args = [join(packageFolder(), 'bin', 'server.js'), ...options.map(String), '--cluster-node-timeout', '1000']
  spawnTracked(process.execPath, args)
  await waitFor(async () => (await runShoal(['info', `127.0.0.1:${port}`])).code === 0, {
    what: `the embedded node on ${port}`,
    deadlineMs: 20_000,
  })
  return `127.0.0.1:${port}`
}

async function expectCluster(addresses: readonly string[]) {
  const made = await runShoal(['create', ...addresses, '--yes', '--json'])
  expect(made.code, made.stdout + made.stderr).toBe(0)
  expect(made.json()).toMatchObject({
    status: 'created',
    cluster: {totals: {primaries: addresses.length, slotsCovered: 16384}},
  })
  for (const seed of addresses) {
    const check = await runShoal(['check', seed])
    expect(check.code, check.stdout).toBe(0)
  }
  expect((await runShoal(['create', ...addresses, '--yes', '--json'])).json()).toMatchObject({status: 'nothing-to-do'})
}

describe('shoal create on embedded nodes', () => {
  it('makes a cluster that check finds sound', async () => {
    await expectCluster(await Promise.all([startEmbedded(), startEmbedded(), startEmbedded()]))
  })
})

describeWithPeers('shoal create on nodes of both kinds', () => {
  it('makes one cluster of them', async () => {
    const real = await Promise.all([1, 2].map(() => startRedis({cluster: true})))
    const addresses = [await startEmbedded(), ...real.map(({port}) => `127.0.0.1:${port}`), await startEmbedded()]
    await expectCluster(addresses)
    await Promise.all(real.map((node) => node.stop()))
  })
})
