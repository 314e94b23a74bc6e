/**
 * Keeps the page's own files, so that it works without a network. Frames and answers pass by here
 * untouched: only what stands in SITE.files is ever kept or answered.
 */

importScripts("web/version.js");

const { SITE } = self;
const PREFIX = "semblance-";
const NAME = PREFIX + SITE.version;
const SCRIPT = new URL("web/version.js", self.registration.scope).href;
const LASTING = /\/web\/(models\/[0-9a-f]{12}|runtime)\//;
const FILES = new Set(SITE.files.map((file) => new URL(file, self.registration.scope).href));

self.addEventListener("install", (event) => {
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy());
});

self.addEventListener("message", (event) => {
  if (event.data === "use") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET") return;
  const [whole] = url.split("#");
  // The page is the same whatever a link adds to its address.
  const file = mode === "navigate" ? whole.split("?")[0] : whole;
  // The page must hear of the version that its files belong to, not of the newest.
  if (file === SCRIPT) event.respondWith(script());
  else if (FILES.has(file)) event.respondWith(kept(file, event.request));
});

async function fill() {
  const cache = await caches.open(NAME);
  await Promise.all([...FILES].map((file) => add(cache, file)));
}

async function add(cache, file) {
  const before = await caches.match(file);
  // What carries its version in its name is the same as ever.
  const lasting = LASTING.test(file);
  if (before && lasting) {
    await cache.put(file, before);
    return;
  }
  const headers = file === self.registration.scope ? { Accept: "text/html" } : {};
  const response = await fetch(file, { headers, cache: lasting ? "default" : "no-cache" });
  if (!response.ok || response.redirected) throw new Error(`${file}: ${response.status}`);
  await cache.put(file, response);
}

async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(file, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(file)) ?? fetch(request);
}

function script() {
  const text = `self.SITE = ${JSON.stringify(SITE)};`;
  return new Response(text, {
    headers: {
      "Content-Type": "text/javascript",
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
    },
  });
}
