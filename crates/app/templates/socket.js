// Watches the socket of somebody: what comes, and what is said.
"use strict";

const log = document.getElementById("log");
const state = document.getElementById("state");
let socket = null;

function show(kind, text) {
  const line = document.createElement("li");
  line.className = kind;
  const at = document.createElement("span");
  at.textContent = new Date().toLocaleTimeString();
  const code = document.createElement("code");
  code.textContent = text;
  line.append(at, code);
  log.prepend(line);
  while (log.children.length > 500) log.lastChild.remove();
}

async function token(email, password) {
  const answer = await fetch("/auth/signin/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body.access;
}

document.getElementById("connect").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password, after } = event.target.elements;
  if (socket) socket.close();
  try {
    const access = await token(email.value, password.value);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const opened = new WebSocket(`${scheme}://${location.host}/ws/`);
    socket = opened;
    opened.onopen = () => {
      const auth = { type: "auth", token: access };
      if (after.value !== "") auth.last_event_id = Number(after.value);
      opened.send(JSON.stringify(auth));
    };
    opened.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      if (frame.id) after.value = frame.id;
      state.textContent = `${email.value} · ${frame.id ?? after.value}`;
      show("heard", message.data);
    };
    opened.onclose = (closed) => {
      state.textContent = `${closed.code} ${closed.reason}`;
    };
  } catch (error) {
    state.textContent = error.message;
  }
});

document.getElementById("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = event.target.elements.frame.value;
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  show("said", text);
});
