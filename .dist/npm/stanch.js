#!/usr/bin/env node
// Runs the program that the package of this platform holds. Nothing is downloaded. Signals go to the program, and its exit code or the
// signal that ended it are those of this one.
'use strict'
const { spawn } = require('node:child_process')
const { constants } = require('node:os')

const platform = `${process.platform}-${process.arch}`

function binary() {
  try {
    return require.resolve(`@stanch/${platform}/bin/stanch`)
  } catch {
    const there = platform === 'linux-x64'
    console.error(`error: there is no stanch for ${platform} here`)
    console.error(
      there
        ? `hint: the package @stanch/${platform} is missing: install without --omit=optional`
        : 'hint: only linux-x64 has a package; elsewhere `cargo install` builds stanch'
    )
    process.exit(2)
  }
}

const child = spawn(binary(), process.argv.slice(2), { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH']) {
  process.on(signal, () => child.kill(signal))
}
child.on('error', error => {
  console.error(`error: cannot run stanch: ${error.message}`)
  process.exitCode = 2
})
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exitCode = code
    return
  }
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // A signal that does not end Node.
  process.exitCode = 128 + constants.signals[signal]
})
