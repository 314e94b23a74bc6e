// Tries what the page describes: sends what a form holds, shows what comes back.

const base = new URL("./", location.href);
const key = document.getElementById("key");

for (const example of document.querySelectorAll("[data-address]")) {
  example.textContent = example.textContent.replaceAll("http://127.0.0.1:8080/", base.href);
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", () => copy(button));
}
key?.form.addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll(".try")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form);
  });
}

async function copy(button) {
  const text = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    // Not every address of a page may write there; selected it is one keystroke away.
    getSelection().selectAllChildren(text);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

async function attempt(form) {
  const button = form.querySelector("button");
  const result = form.querySelector(".result");
  button.disabled = true;
  result.replaceChildren();
  tell(form, "Sending …");
  try {
    const request = await requestOf(form);
    const answer = await send(request, "application/json, */*;q=0.5");
    tell(form, answer.line, answer.good);
    result.append(answer.shown);
    if (answer.good && form.elements.draw?.checked) {
      const drawn = await send(request, "image/jpeg");
      result.prepend(drawn.shown);
    }
  } catch {
    tell(form, "The server cannot be reached.", false);
  } finally {
    button.disabled = false;
  }
}

function tell(form, text, good) {
  const line = form.querySelector(".outcome");
  line.textContent = text;
  line.dataset.good = good === undefined ? "" : String(good);
}

async function requestOf(form) {
  const { method, path, sends, field } = form.dataset;
  const url = new URL(path.slice(1), base);
  const headers = key?.value ? { Authorization: `Bearer ${key.value}` } : {};
  const input = form.elements.input;
  let body;
  if (sends === "file") {
    body = new FormData();
    body.append(field, input.files[0]);
  } else if (sends === "base64") {
    body = new URLSearchParams({ [field]: await base64(input.files[0]) });
  } else if (sends === "query") {
    url.searchParams.set(field, await base64(input.files[0]));
  } else if (sends === "url") {
    body = JSON.stringify({ [field]: input.value });
    headers["Content-Type"] = "application/json";
  }
  for (const option of form.querySelectorAll("[data-option]")) {
    if (option.value) url.searchParams.set(option.name, option.value);
  }
  return { url, method, headers, body };
}

async function send({ url, method, headers, body }, accept) {
  const started = performance.now();
  const answer = await fetch(url, { method, body, headers: { ...headers, Accept: accept } });
  const blob = await answer.blob();
  const ms = Math.round(performance.now() - started);
  const id = answer.headers.get("X-Request-ID");
  return {
    good: answer.ok,
    line: [`${answer.status} ${answer.statusText}`.trim(), `${ms} ms`, id && `request ${id}`].filter(Boolean).join(" · "),
    shown: blob.type.startsWith("image/") ? picture(blob) : words(await blob.text(), blob.type),
  };
}

function picture(blob) {
  const image = document.createElement("img");
  image.alt = "The picture that came back";
  image.src = URL.createObjectURL(blob);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}

function words(text, type) {
  const block = document.createElement("pre");
  block.tabIndex = 0;
  block.setAttribute("aria-label", "Answer");
  const json = type.startsWith("application/json");
  block.textContent = json ? pretty(JSON.parse(text)) : text;
  return block;
}

// What is short stands on one line.
function pretty(value) {
  const text = JSON.stringify(value, null, 2);
  return text.replace(/[[{][^[\]{}]{0,110}?[\]}]/g, (part) => part.replace(/\s+/g, " "));
}

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
