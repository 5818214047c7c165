// One stream for all tabs of this browser (six connections a host would not be enough).
const ports = new Set();
let stream = null, mark = "";   // where the stream stands; "" before it has begun

function open() {
  stream = new EventSource("/live");
  for (const name of ["hello", "news"]) stream.addEventListener(name, (event) => say(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;   // it comes back by itself
    stream = null; mark = "";
    setTimeout(() => { if (!stream && ports.size) open(); }, 5000);
  });
}
function say(told) {
  mark = told.mark;
  for (const port of ports) port.postMessage(told);
}
// Somebody new, or who comes back from the browser's store of pages, learns whether he is behind.
const greet = (port) => { if (mark) port.postMessage({ hello: true, mark, news: [] }); };

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port); else { ports.add(port); greet(port); }
    if (!ports.size && stream) { stream.close(); stream = null; mark = ""; }
    if (ports.size && !stream) open();
  };
  port.start();
  if (stream) greet(port); else open();
};
