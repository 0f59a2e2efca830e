// The page of onggi watch --serve. The server tells what is; this file asks for the chosen database and keeps the parts of the
// page, each in a module of its own, up to date.
import { $, el, envName, hash, here, plural } from "./dom.js";
import { List } from "./list.js";
import { Objects } from "./objects.js";
import { edit, follow, picture, problems } from "./panels.js";

const narrow = matchMedia("(max-width: 700px)");
const list = new List((id) => go({ db: id, env }, true));
const objects = new Objects(narrow);

let state = null; // the last event
let detail = null; // the chosen database
let env = null; // the environment that was asked for
let asking = null; // the request that runs
let revealed = null; // the hash whose object was opened

// go chooses a database, an environment or an object; all that is shown has an address.
function go(place, leave) {
  location.hash = hash(place);
  if (leave && narrow.matches) $("picker").open = false;
}

// choose reads the address, and falls back on the first database.
function choose() {
  const place = here();
  const known = list.all.find((d) => d.id === place.db) ?? list.all.find((d) => d.id === list.chosen) ?? list.all[0];
  env = place.env ?? env;
  list.chosen = known?.id ?? null;
  list.mark();
  return known;
}

async function ask() {
  const known = choose();
  blank(known);
  if (!known) return;
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const q = new URLSearchParams({ id: known.id, layout: narrow.matches ? "narrow" : "wide" });
    if (env !== null) q.set("env", env);
    const answer = await fetch("/database?" + q, { signal: mine.signal });
    if (answer.ok) detail = await answer.json();
    else if (answer.status === 404) detail = null;
    else throw new Error(await answer.text());
    show(known);
  } catch (e) {
    if (e.name !== "AbortError") say("offline", "Could not ask for " + known.name);
  }
}

// blank says why there is no picture.
function blank(known) {
  const nothing = !known || (detail === null && state?.bad.includes(known.id));
  $("empty").hidden = !nothing && detail !== null;
  if (!known) {
    detail = null;
    $("empty-title").textContent = state?.count ? "Nothing can be drawn yet" : "No database here yet";
    $("empty-text").textContent = state?.count ? "Fix the problems and the picture appears." : "onggi init writes a starter spec; save it below the watched path and it appears here.";
  } else if (nothing) {
    $("empty-title").textContent = known.name + " was never rendered";
    $("empty-text").textContent = "Fix the problems and its picture appears.";
  }
  for (const id of ["headline", "picture", "objects"]) $(id).hidden = detail === null;
}

function show(known) {
  blank(known);
  edit(state, detail);
  document.title = (state.count ? `(${state.count}) ` : "") + (known ? known.name + " · " : "") + "onggi";
  if (!detail) return;
  $("name").textContent = detail.name;
  $("where").textContent = `${detail.namespace} · ${detail.file}`;
  $("stale").hidden = !state.bad.includes(detail.id);
  environments();
  picture(detail);
  objects.show(detail);
  const { object } = here();
  if (object && revealed !== location.hash && objects.reveal(object)) revealed = location.hash;
}

function environments() {
  const wanted = detail.shown.join("\n");
  if ($("envs").dataset.names !== wanted) {
    $("envs").dataset.names = wanted;
    for (const old of $("envs").querySelectorAll("label")) old.remove();
    $("envs").append(...detail.shown.map((e) => el("label", {},
      el("input", { type: "radio", name: "env", value: e, onchange: () => go({ db: detail.id, env: e }) }), el("span", {}, envName(e)))));
  }
  $("envs").hidden = detail.shown.length < 2;
  for (const input of $("envs").querySelectorAll("input")) input.checked = input.value === detail.env;
}

// receive takes an event in and asks for the chosen database when it is touched.
function receive(next) {
  const before = state;
  state = next;
  list.bad = new Set(next.bad);
  if (next.movedIn === next.serial) list.moved = new Set(next.touched);
  if (next.databases) list.set(next.databases);
  else list.mark();
  problems(next);
  const wrong = next.count + next.failures.length;
  say(wrong ? "problems" : "live", wrong ? plural(wrong, "problem") : `Live · ${next.took < 10 ? next.took.toFixed(1) : Math.round(next.took)} ms`);
  announce(next);
  const known = list.all.find((d) => d.id === list.chosen);
  const same = before && detail && known && !next.databases && !next.touched.includes(known.id);
  if (same) show(known);
  else ask();
}

function announce(next) {
  const fields = next.movedIn === next.serial ? next.fields : 0;
  $("announce").textContent = next.count ? `${plural(next.count, "problem")}: ${next.problems[0].message}` : fields ? `${plural(fields, "field")} moved` : "all is well";
}

function say(what, text) {
  $("status").dataset.state = what;
  $("status-text").textContent = text;
}

// connect listens. The browser comes back by itself after a break, but not after an answer that was no stream.
let source = null;
function connect() {
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("state", (e) => receive(JSON.parse(e.data)));
  source.addEventListener("open", () => state && say(state.count ? "problems" : "live", state.count ? plural(state.count, "problem") : "Live"));
  source.addEventListener("error", () => {
    say("offline", "Reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

// A tab that nobody sees gives its connection back: browsers have six for each site.
let hidden = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hidden);
  if (document.hidden) hidden = setTimeout(() => source?.close(), 30_000);
  else if (source?.readyState === EventSource.CLOSED) connect();
});

const themes = ["system", "light", "dark"];
function theme(next) {
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  $("theme").textContent = "Theme: " + next;
  try {
    localStorage.setItem("onggi-theme", next);
  } catch {
    // Storage is off: it holds until the page is closed.
  }
}
const nextTheme = () => theme(themes[(themes.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % themes.length]);

const shortcuts = {
  "/": () => {
    $("picker").open = true;
    $("search").focus();
  },
  j: () => list.step(1),
  k: () => list.step(-1),
  e: () => detail && go({ db: detail.id, env: detail.shown[(detail.shown.indexOf(detail.env) + 1) % detail.shown.length] }),
  p: () => $("picture").focus(),
  o: () => $("objects").focus(),
  d: () => $("only").click(),
  t: nextTheme,
  "?": () => $("help").showModal(),
};
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || $("help").open || e.target.matches("input:not([type=radio], [type=checkbox]), select")) return;
  const act = Object.hasOwn(shortcuts, e.key) && shortcuts[e.key];
  if (!act) return;
  e.preventDefault();
  act();
});

$("theme").addEventListener("click", nextTheme);
$("theme").textContent = "Theme: " + (document.documentElement.dataset.theme ?? "system");
$("help-open").addEventListener("click", () => $("help").showModal());
$("skip").addEventListener("click", (e) => {
  e.preventDefault();
  $("picture").focus();
});
addEventListener("hashchange", () => ask());
// Only a node or a link that is followed again, to where the page already is, gives no hashchange.
document.addEventListener("click", (e) => {
  const link = e.target.closest?.("a[href]");
  const href = link?.getAttribute("href");
  if (href?.startsWith("#db=") && href === location.hash) objects.reveal(here().object);
});
const wide = () => ($("picker").open = !narrow.matches);
narrow.addEventListener("change", () => {
  wide();
  ask();
});
wide();
follow();
connect();
