// Node's http in its ways: server.js LOG KEEP_ALIVE_MS [CERTIFICATES]
//
// With a directory that has cert.pem and key.pem it is https.
// Writes a line `METHOD PATH STATUS N` to the file LOG for every request, where N is how many came on its
// connection, this one included.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

const log = fs.openSync(process.argv[2], 'a');
const keepAlive = Number(process.argv[3]);

const answers = {
  '/': (response) => response.end('one page\n'),
  '/close': (response) => {
    response.setHeader('Connection', 'close');
    response.end('one page\n');
  },
  '/chunked': (response) => {
    response.write('one ');
    setImmediate(() => response.end('page\n'));
  },
  '/trailers': (response) => {
    response.setHeader('Trailer', 'Digest');
    response.write('one ');
    response.addTrailers({ Digest: 'none' });
    response.end('page\n');
  },
  '/hints': (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.writeProcessing();
    setTimeout(() => response.end('one page\n'), 2);
  },
  // Longer than the receiver's window, in writes of all sizes.
  '/pieces': async (response) => {
    for (let size = 1; size <= 65536; size *= 2) {
      if (!response.write('x'.repeat(size))) {
        await new Promise((resolve) => response.once('drain', resolve));
      }
    }
    response.end();
  },
  '/slow': (response) => setTimeout(() => response.end('late\n'), 3000),
  '/torn': (response) => {
    response.setHeader('Content-Length', 9);
    response.write('one ');
    setTimeout(() => response.destroy(), 2);
  },
  '/drop': (response) => response.destroy(),
  '/echo': (response, request) => request.pipe(response),
};

const serve = (request, response) => {
  const answer = answers[request.url];
  response.statusCode = answer ? 200 : 404;
  const socket = request.socket;
  socket.requests = (socket.requests || 0) + 1;
  fs.writeSync(log, `${request.method} ${request.url} ${response.statusCode} ${socket.requests}\n`);
  // As `server.keepAliveTimeout`, to which newer Nodes add a second.
  response.on('finish', () => socket.setTimeout(keepAlive));
  answer ? answer(response, request) : response.end();
};
const secure = process.argv[4];
const read = (name) => fs.readFileSync(`${secure}/${name}`);
const server = secure
  ? https.createServer({ cert: read('cert.pem'), key: read('key.pem') }, serve)
  : http.createServer(serve);
server.listen(0, '127.0.0.1', 1024, () => console.log(`http://127.0.0.1:${server.address().port}`));
