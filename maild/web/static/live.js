// One stream for all tabs of this browser (six connections a host would not be enough).
const ports = new Set();
let stream = null;

function open() {
  stream = new EventSource("/live");
  stream.addEventListener("news", (event) => say(JSON.parse(event.data)));
  stream.addEventListener("hello", () => say("again"));
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;   // it comes back by itself
    stream = null;
    setTimeout(() => { if (!stream && ports.size) open(); }, 5000);
  });
}
const say = (what) => { for (const port of ports) port.postMessage(what); };

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port); else ports.add(port);
    if (!ports.size && stream) { stream.close(); stream = null; }
    if (ports.size && !stream) open();
  };
  port.start();
  if (!stream) open(); else port.postMessage("again");
};
