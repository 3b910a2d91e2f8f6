import {spawnSync} from 'node:child_process'
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {temporaryFolder} from '../support/processes.js'

const SHAPE = ['--primaries', '3', '--regions', 'eu,us,asia']

async function exported(...args: string[]): Promise<string> {
  const folder = join(temporaryFolder('compose'), 'project')
  const run = await runShoal(['compose', '--name', 'geo', '--output', folder, ...SHAPE, ...args])
  expect(run).toMatchObject({code: 0, stderr: ''})
  return folder
}

describe('shoal compose', () => {
  it('writes a project of an environment that need not exist, and says how to start it', async () => {
    const cwd = temporaryFolder('compose')
    const run = await runShoal(['compose', '--name', 'geo', ...SHAPE], {cwd, env: {SHOAL_PASSWORD: 'secret'}})
    expect(run).toMatchObject({code: 0, stderr: ''})
    expect(run.stdout).toContain('\n  cd ./geo\n  docker-compose -p geo -f geo.yaml --env-file variables.env up -d\n')
    expect(run.stdout).not.toContain('secret')
    expect(statSync(join(cwd, 'geo', 'variables.env')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(cwd, 'geo', 'variables.env'), 'utf8')).toContain('REDIS_PASSWORD=secret\n')
  })

  it('overwrites nothing that somebody changed, unless told to', async () => {
    const folder = await exported()
    const again = (...args: string[]) => runShoal(['compose', '--name', 'geo', '--output', folder, ...SHAPE, ...args])
    expect((await again()).stdout).toContain('holds this project already, nothing to do')
    writeFileSync(join(folder, 'redis.conf'), 'maxmemory 1gb\n')
    const refused = await again()
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('has files with other content: redis.conf')
    expect(readFileSync(join(folder, 'redis.conf'), 'utf8')).toBe('maxmemory 1gb\n')
    expect((await again('--force', '--quiet')).stdout).toBe(
      `${folder}: redis.conf\nNodes run redis:7.2; nothing of it needs Shoal.\n`,
    )
  })

  it('does not make up an environment for a name that is mistyped', async () => {
    const cwd = temporaryFolder('compose')
    const run = await runShoal(['compose', '--name', 'ghost'], {cwd})
    expect(run.code).toBe(4)
    expect(readdirSync(cwd)).toEqual([])
  })
})

/**
 * The scripts of a project, with a `docker` in front of them that keeps who stands in which network in a file and is as
 * strict as the real one: joining or leaving twice is an error.
 */
const FAKE_DOCKER = `#!/bin/sh
set -eu
legs=\${0%/*}/legs
case "$1 $2" in
  'network inspect') cat "\${0%/*}/id" ;;
  'inspect --type')
    shift 5
    for container in "$@"; do
      while read -r leg; do
        case $leg in "$container@"*) printf '/%s ' "$leg" ;; esac
      done <"$legs"
      echo
    done
    ;;
  'network disconnect')
    grep -qx "$4@$3" "$legs"
    grep -vx "$4@$3" "$legs" >"$legs.new" || true
    mv "$legs.new" "$legs"
    ;;
  'network connect')
    ! grep -qx "$8@$7" "$legs"
    echo "$8@$7" >>"$legs"
    echo "$4 $6 $8 $7" >>"\${0%/*}/joined"
    ;;
esac
`

class FakeProject {
  private readonly bin = temporaryFolder('fake-docker')

  constructor(readonly folder: string) {
    writeFileSync(join(this.bin, 'docker'), FAKE_DOCKER, {mode: 0o755})
    this.recreate('first')
  }

  /** As after `down` and `up`: other networks, in which all stand. */
  recreate(id: string): void {
    const legs = [1, 2, 3].flatMap((node) => ['eu', 'us', 'asia'].map((region) => `geo-n${node}@geo-peer-${region}`))
    writeFileSync(join(this.bin, 'legs'), `${legs.join('\n')}\n`)
    writeFileSync(join(this.bin, 'id'), `${id}\n`)
    writeFileSync(join(this.bin, 'joined'), '')
  }

  run(script: string, ...names: string[]) {
    const env = {...process.env, PATH: `${this.bin}:${process.env['PATH']}`}
    const {status, stderr, stdout} = spawnSync('sh', [join(this.folder, script), ...names], {encoding: 'utf8', env})
    return {code: status, stderr, stdout}
  }

  /** Regions in whose networks a node stands. */
  networksOf(node: string): string[] {
    const lines = readFileSync(join(this.bin, 'legs'), 'utf8').split('\n')
    return lines.flatMap((line) => (line.startsWith(`geo-${node}@`) ? line.split('geo-peer-').slice(1) : [])).sort()
  }

  get joined(): string[] {
    return readFileSync(join(this.bin, 'joined'), 'utf8').trim().split('\n')
  }

  get all(): string[][] {
    return ['n1', 'n2', 'n3'].map((node) => this.networksOf(node))
  }
}

const EVERYWHERE = ['asia', 'eu', 'us']

describe('scripts of a compose project', async () => {
  const folder = await exported('--replicas', '0')
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.sh'))

  it.each(scripts)('%s is what any sh reads', (script) => {
    expect(spawnSync('sh', ['-n', join(folder, script)], {encoding: 'utf8'})).toMatchObject({status: 0, stderr: ''})
  })

  it.skipIf(spawnSync('shellcheck', ['--version']).error)('please shellcheck', () => {
    const {status, stdout} = spawnSync('shellcheck', ['-x', ...scripts], {cwd: folder, encoding: 'utf8'})
    expect({status, stdout}).toEqual({status: 0, stdout: ''})
  })

  it('cut off a region, or a node, from all others, and connect it again with its address', () => {
    const project = new FakeProject(folder)
    // n1 is of eu: nobody else stays in its network, and it stays in no other.
    expect(project.run('split.sh', 'eu')).toMatchObject({code: 0, stdout: 'cut off: eu\n'})
    expect(project.all).toEqual([['eu'], ['asia', 'us'], ['asia', 'us']])
    expect(project.run('split.sh', 'eu').code).toBe(0)
    expect(project.run('split.sh', 'n2')).toMatchObject({code: 0, stdout: 'cut off: eu n2\n'})
    expect(project.all).toEqual([['eu'], [], ['asia', 'us']])
    expect(project.run('restore.sh', 'eu')).toMatchObject({code: 0, stdout: 'cut off: n2\n'})
    expect(project.all).toEqual([EVERYWHERE, [], EVERYWHERE])
    expect(project.run('restore.sh')).toMatchObject({code: 0, stdout: 'cut off: nothing\n'})
    expect(project.all).toEqual([EVERYWHERE, EVERYWHERE, EVERYWHERE])
    expect(project.joined).toContain('172.30.94.12 n2 geo-n2 geo-peer-us')
    expect(project.run('restore.sh').code).toBe(0)
  })

  it('keep two regions apart that are both cut off, until one is restored', () => {
    const project = new FakeProject(folder)
    project.run('split.sh', 'eu', 'us')
    expect(project.all).toEqual([['eu'], ['us'], ['asia']])
    project.run('restore.sh', 'us')
    expect(project.all).toEqual([['eu'], ['asia', 'us'], ['asia', 'us']])
    project.run('restore.sh')
  })

  it('forget what was cut off in networks that are gone', () => {
    const project = new FakeProject(folder)
    project.run('split.sh', 'eu')
    project.recreate('second')
    expect(project.run('split.sh', 'us').stdout).toBe('cut off: us\n')
    expect(project.networksOf('n1')).toEqual(['asia', 'eu'])
    project.run('restore.sh')
  })

  it('say what is wrong with how they are called', () => {
    const project = new FakeProject(folder)
    expect(project.run('split.sh')).toMatchObject({code: 2})
    expect(project.run('split.sh', '--help')).toMatchObject({code: 0})
    expect(project.run('split.sh', 'mars')).toMatchObject({
      code: 2,
      stderr: 'mars is not one of: n1 n2 n3 eu us asia\n',
    })
    expect(project.all).toEqual([EVERYWHERE, EVERYWHERE, EVERYWHERE])
  })
})
