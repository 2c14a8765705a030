// A client with the library `ws`: node client.mjs LIBRARY URL TOKEN FIRST TOTAL
// Hears FIRST events, breaks without a goodbye, comes back, says what it has, and hears the others. Prints `ready` when
// it is connected, and at the end the numbers of all events.
const [library, url, token, first, total] = process.argv.slice(2);
const { default: WebSocket } = await import(library);
const ids = [];

function live(until, options, hello) {
    return new Promise((resolve, reject) => {
        const socket = new WebSocket(url, options);
        socket.on('error', reject);
        socket.on('open', () => hello && socket.send(JSON.stringify(hello)));
        socket.on('message', text => {
            const frame = JSON.parse(text);
            if (frame.type === 'ready') {
                console.log('ready');
                socket.send(JSON.stringify({ type: 'ping' }));
            }
            if (frame.id === undefined) return;
            ids.push(frame.id);
            if (ids.length === until) {
                socket.terminate();
                resolve();
            }
        });
    });
}

await live(Number(first), { headers: { authorization: `Bearer ${token}` } });
await live(Number(total), {}, { type: 'auth', token, last_event_id: ids.at(-1) });
console.log(JSON.stringify(ids));
