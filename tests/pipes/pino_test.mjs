// hooks/node with the real pino and the real filter. STANCH is the program under test, NODE_MODULES the folder that has pino.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const made = (seed) => execFileSync('python3', [join(root, 'tests/pipes/made_up.py'), String(seed)]).toString().trim()
const [TOKEN, OTHER] = [made(1), made(2)]

// A project that has both installed, as npm would lay them.
const project = mkdtempSync(join(tmpdir(), 'stanch-pino-'))
after(() => rmSync(project, { recursive: true, force: true }))
mkdirSync(join(project, 'node_modules'))
symlinkSync(join(process.env.NODE_MODULES, 'pino'), join(project, 'node_modules/pino'))
symlinkSync(join(root, 'hooks/node'), join(project, 'node_modules/stanch-pino'))

function app(name, body) {
  const file = join(project, `${name}.mjs`)
  writeFileSync(file, `import pino from 'pino'\nconst [TOKEN, OTHER] = ${JSON.stringify([TOKEN, OTHER])}\n${body}`)
  return file
}

function run(name, body, env = {}) {
  return spawnSync(process.execPath, [app(name, body)], {
    cwd: project, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28,
  })
}

function program(name, body) {
  const file = join(project, name)
  writeFileSync(file, `#!${process.execPath}\n${body}`)
  chmodSync(file, 0o755)
  return file
}

function clean(text) {
  for (const token of [TOKEN, OTHER]) assert(!text.includes(token.slice(8)), 'a token is there')
  return text
}

const lines = (text) => clean(text).trimEnd().split('\n').map((line) => JSON.parse(line))

test('lines come out on standard output, in order, without secrets', () => {
  const done = run('stdout', `
    const log = pino({ transport: { target: 'stanch-pino' } })
    for (let i = 0; i < 500; i++) log.info({ i, token: TOKEN, deep: { list: [OTHER, i] } }, 'line %d with %s', i, TOKEN)
    log.error(new Error('failed with ' + TOKEN), 'it failed')`)
  assert.equal(done.status, 0, done.stderr)
  const said = lines(done.stdout)
  assert.deepEqual(said.slice(0, -1).map((line) => line.i), [...Array(500).keys()])
  assert.equal(said[7].msg, 'line 7 with ghp_********')
  assert.equal(said[7].deep.list[1], 7)
  assert.equal(said.at(-1).err.message, 'failed with ghp_********')
})

test('a file is appended to, and what stands there stays', () => {
  const file = join(project, 'app.log')
  writeFileSync(file, '{"msg":"before"}\n')
  const done = run('file', `
    const log = pino({ transport: { target: 'stanch-pino', options: { destination: ${JSON.stringify(file)}, args: ['--mode', 'tag'] } } })
    log.info('with ' + TOKEN)`)
  assert.equal(done.status, 0, done.stderr)
  const said = lines(readFileSync(file, 'utf8'))
  assert.equal(said[0].msg, 'before')
  assert.match(said[1].msg, /github-pat/)
})

test('nothing is lost when the process exits at once', () => {
  const done = run('exit', `
    const log = pino({ transport: { target: 'stanch-pino' } })
    log.flush()
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (let i = 0; i < 400; i++) log.info({ i }, TOKEN)
    process.exit(5)`)
  assert.equal(done.status, 5, done.stderr)
  assert.deepEqual(lines(done.stdout).map((line) => line.i), [...Array(400).keys()])
})

test('large lines and those with every kind of character', () => {
  const done = run('large', `
    const log = pino({ transport: { target: 'stanch-pino' } })
    log.info('lorem ipsum '.repeat(90_000) + TOKEN)
    log.info('a\\u0000b "q" \\\\ \\n\\u2028 ä€😀 ' + TOKEN)`)
  const [large, strange] = lines(done.stdout)
  assert.equal(large.msg.length, 12 * 90_000 + 'ghp_********'.length)
  assert.equal(strange.msg, 'a\u0000b "q" \\ \n\u2028 ä€😀 ghp_********')
})

test('a slow reader slows the writer down and loses nothing', async () => {
  const file = app('slow', `
    const log = pino({ transport: { target: 'stanch-pino' } })
    for (let i = 0; i < 800; i++) log.info({ i, pad: 'x '.repeat(500) }, TOKEN)`)
  const child = spawn(process.execPath, [file], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) {
    text += chunk
    if (text.length < 500_000) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.deepEqual(lines(text).map((line) => line.i), [...Array(800).keys()])
})

test('without a filter lines are withheld and stay JSON', () => {
  const cases = [
    ['/nonexistent/stanch', /cannot run the filter: ENOENT/],
    [program('ends', 'process.exit(3)'), /the filter ended/],
    [program('mute', 'setTimeout(() => {}, 60_000)'), /did not answer in time/],
    [program('chatty', "process.stdin.on('data', () => process.stdout.write('x\\0'.repeat(50)))"), /more than was asked/],
  ]
  for (const [binary, reason] of cases) {
    const done = run('closed', `
      const options = { binary: ${JSON.stringify(binary)}, timeout: 1500 }
      const log = pino({ transport: { target: 'stanch-pino', options } })
      log.warn({ token: TOKEN }, OTHER)
      log.warn('again')`)
    assert.equal(done.status, 0, done.stderr)
    assert.deepEqual(lines(done.stdout).map((line) => [line.level, line.msg]), Array(2).fill([40, 'stanch: line withheld, the filter did not answer']))
    assert.match(clean(done.stderr), reason)
  }
})

test('an answer that is no JSON is withheld', () => {
  const broken = program('broken', "process.stdin.on('data', (text) => process.stdout.write('{\"half\\0'))")
  const done = run('broken-json', `
    const log = pino({ transport: { target: 'stanch-pino', options: { binary: ${JSON.stringify(broken)} } } })
    log.info(TOKEN)`)
  assert.equal(lines(done.stdout)[0].msg, 'stanch: line withheld, the filter did not answer')
})

test('a filter that was killed is started again', () => {
  const done = run('killed', `
    import { Engine } from 'stanch-pino'
    const engine = new Engine()
    const ask = async (text) => String(await engine.ask(Buffer.from(text)))
    const said = [await ask('one ' + TOKEN)]
    const { execFileSync } = await import('node:child_process')
    process.kill(Number(execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', process.pid]).toString().match(/(\\d+) stanch/)[1]), 'SIGKILL')
    said.push(await ask('two ' + TOKEN))
    console.log(JSON.stringify({ said }))
    await engine.close()`)
  assert.equal(done.status, 0, done.stderr)
  assert.deepEqual(lines(done.stdout)[0].said, ['one ghp_********', 'two ghp_********'])
})

test('redact answers in order, and keeps no process alive', () => {
  const done = run('redact', `
    import { redact } from 'stanch-pino'
    const texts = ['', 'plain', 'a\\0b ' + TOKEN + '\\0', ...Array.from({ length: 300 }, (_, i) => i + ' ' + OTHER)]
    const said = await Promise.all(texts.map((text) => redact(text)))
    console.log(JSON.stringify({ said }))`)
  assert.equal(done.status, 0, done.stderr)
  const { said } = lines(done.stdout)[0]
  assert.deepEqual(said.slice(0, 3), ['', 'plain', 'a\0b ghp_********\0'])
  assert.deepEqual(said.slice(3), Array.from({ length: 300 }, (_, i) => `${i} ghp_********`))
})

test('redact rejects when there is no filter', () => {
  const done = run('rejects', `
    import { redact } from 'stanch-pino'
    await redact(TOKEN).catch((error) => console.log(JSON.stringify({ name: error.name, message: error.message })))
    await redact(TOKEN, { args: ['--mode', 'drop-line'] }).catch((error) => console.log(JSON.stringify({ name: error.name })))`,
    { STANCH: '/nonexistent/stanch' })
  const [missing, refused] = lines(done.stdout)
  assert.deepEqual([missing.name, refused.name], ['StanchError', 'TypeError'])
})
