// One WebSocket a tab for all live news: it comes back by itself, and what was subscribed is subscribed again.

const FIRST_PAUSE = 125;
const LONGEST_PAUSE = 4000;
const IMPATIENT = 10_000; // a gateway that was killed is there again within seconds: until then it is looked for often
const STALE_AFTER = 30_000; // the gateway beats at least every 20 s
const KEPT = 200; // last news of a topic, for who follows it later

const topics = new Map(); // topic -> { handlers, last news by kind and id }
const away = new Set(); // topics whose service does not answer the gateway
const listeners = new Set();
let socket = null;
let state = "unused";
let pause = FIRST_PAUSE;
let lost = 0; // since when there is no gateway
let heard = 0;
let waiting = 0;

function become(next) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener(state);
}

/** Calls back with "unused", "connecting", "live", "stale" or "lost", now and at each change. */
export function onState(listener) {
  listeners.add(listener);
  listener(state);
}

/**
 * Follows a topic: `handle(data, kind)` is called with each piece of news, at once with the last ones if there are any.
 * Kinds beside the topic's own: "stale", "over", "refused", "gap". Returns what ends it.
 */
export function follow(topic, handle) {
  const held = topics.get(topic) ?? { handlers: new Set(), last: new Map() };
  held.handlers.add(handle);
  for (const news of held.last.values()) handle(...news);
  if (!topics.has(topic)) {
    topics.set(topic, held);
    say({ type: "subscribe", topic });
  }
  if (!socket) connect();
  return () => {
    held.handlers.delete(handle);
    if (held.handlers.size || topics.get(topic) !== held) return;
    topics.delete(topic);
    away.delete(topic);
    say({ type: "unsubscribe", topic });
    if (!topics.size) close();
  };
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function connect() {
  clearTimeout(waiting);
  become(state === "unused" ? "connecting" : "lost");
  const mine = (socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/live`));
  mine.onopen = () => {
    pause = FIRST_PAUSE;
    lost = 0;
    heard = Date.now();
    for (const topic of topics.keys()) say({ type: "subscribe", topic });
    become("live");
  };
  mine.onmessage = (event) => {
    if (socket !== mine) return;
    heard = Date.now();
    for (const message of JSON.parse(event.data)) take(message);
    become(away.size ? "stale" : "live");
  };
  mine.onclose = () => {
    if (socket !== mine) return;
    socket = null;
    if (!topics.size || document.hidden) return become(topics.size ? "lost" : "unused");
    become("lost");
    lost ||= Date.now();
    waiting = setTimeout(connect, pause * (0.75 + Math.random() / 2));
    if (Date.now() - lost > IMPATIENT) pause = Math.min(pause * 2, LONGEST_PAUSE);
  };
}

function take({ topic, type, id, data }) {
  const held = topics.get(topic);
  if (!held) return;
  if (type === "refused") topics.delete(topic);
  away[type === "stale" ? "add" : "delete"](topic);
  // Who comes later is told the last news of each kind, in the order in which they came.
  held.last.delete(`${type}/${id}`);
  held.last.set(`${type}/${id}`, [data, type]);
  if (held.last.size > KEPT) held.last.delete(held.last.keys().next().value);
  for (const handle of held.handlers) handle(data, type);
}

function close() {
  const closing = socket;
  socket = null;
  closing?.close();
  become("unused");
}

// Silent for longer than it beats: dead, though nobody said so (a laptop that slept, another network).
setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN || Date.now() - heard <= STALE_AFTER) return;
  const silent = socket;
  connect();
  silent.close();
}, 1000);

// A hidden tab costs the server nothing; shown again it is live within a moment.
let hiding = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => socket?.close(), 5000);
  else if (topics.size && !socket) connect();
});
addEventListener("online", () => topics.size && !socket && connect());
