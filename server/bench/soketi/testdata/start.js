// soketi, for as long as standard input is open: so it cannot outlive whoever
// started it, however that ended.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume()
require('@soketi/soketi/bin/server.js')
