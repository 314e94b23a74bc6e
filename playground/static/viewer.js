// One photo in full size, with a download.

import { byId } from "./elements.js";

const viewer = byId("viewer");

export function openViewer({ url, download, name, caption }) {
  byId("viewer-image").src = url;
  byId("viewer-image").alt = caption || "Photo in full size";
  byId("viewer-caption").textContent = caption;
  byId("viewer-download").href = download;
  byId("viewer-download").download = name;
  viewer.showModal();
}

byId("viewer-close").addEventListener("click", () => viewer.close());
viewer.addEventListener("click", (event) => {
  if (event.target === viewer || event.target.id === "viewer-image") viewer.close();
});
