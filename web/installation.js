/** What this installation allows, and a page that works without a network and renews itself. */

import { keep, recall } from "./settings.js";

const OTHERWISE = { gender: true };

/** What the server says of itself; where it cannot be reached, what it said last. */
export async function about(server) {
  const said = await server.about();
  if (said) keep("about", { gender: said.gender === true });
  return { reached: said !== null, ...(said ?? recall("about", OTHERWISE)) };
}

/** Keep the page's files for offline use; `offer(use)` when a new version waits to be used. */
export async function install(offer) {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  let renewing = false;
  serviceWorker.addEventListener("controllerchange", () => {
    if (renewing) location.reload();
  });
  const registration = await serviceWorker
    .register(new URL("../sw.js", import.meta.url), { updateViaCache: "none" })
    .catch(() => null);
  if (!registration) return;
  const waiting = () => {
    const { waiting: next } = registration;
    // The first one waits for nobody and replaces nothing.
    if (!next || !serviceWorker.controller) return;
    offer(() => {
      renewing = true;
      next.postMessage("use");
    });
  };
  waiting();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", waiting);
  });
}
