// Counts down, and looks every few seconds whether the page is still true. Everything works without it.
"use strict";

const LOOK_EVERY_MS = 4000;
const main = () => document.querySelector("main[data-version]");
const say = (text) => { document.getElementById("news").textContent = text; };

function startTimers() {
  for (const timer of document.querySelectorAll("[data-seconds]")) {
    timer.dataset.end = String(Date.now() + 1000 * Number(timer.dataset.seconds));
  }
}

function left(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds === 0) return "no time left";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const clock = [minutes, seconds % 60].map((part) => String(part).padStart(2, "0"));
  return `${hours ? `${hours}:` : ""}${clock.join(":")} left`;
}

function tick() {
  for (const timer of document.querySelectorAll("[data-end]")) {
    timer.textContent = left(Number(timer.dataset.end) - Date.now());
  }
}

async function look() {
  if (!main() || document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, { headers: { "X-Refresh": "1" }, cache: "no-store" });
  if (answer.redirected) { location.reload(); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main[data-version]");
  if (!fresh || fresh.dataset.version === main().dataset.version) return;
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  main().replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  startTimers();
  tick();
  if (focused) [...document.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  say(fresh.dataset.news);
}

startTimers();
tick();
setInterval(tick, 1000);
setInterval(() => look().catch(() => say("This page cannot reach its server; it may be out of date.")), LOOK_EVERY_MS);
