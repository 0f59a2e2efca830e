import { $, el, envName, hash, plural } from "./dom.js";

// problems shows what is wrong: each with its place, its line and a caret, why, and what to write instead.
export function problems(state) {
  const several = state.count + state.failures.length;
  $("problems").hidden = several === 0;
  $("problems-title").textContent = several === 1 ? "1 problem" : plural(several, "problem");
  const items = state.failures.map((text) => el("li", { class: "problem" }, el("p", { class: "message" }, text)));
  for (const p of state.problems) {
    items.push(el("li", { class: "problem" },
      el("p", { class: "message" }, el("code", { class: "code" }, p.code), " ", p.message),
      el("p", { class: "at" }, el("code", {}, p.at), p.path ? el("span", {}, " ", el("code", {}, p.path)) : ""),
      p.source ? el("pre", { class: "source", tabindex: "0", "aria-label": "the line" }, p.source + "\n", ...caret(p.caret)) : "",
      p.why ? el("p", {}, el("b", {}, "Why "), p.why) : "",
      p.fix ? el("p", {}, el("b", {}, "Fix "), p.fix) : "",
      p.backends?.length ? el("p", {}, el("b", {}, "Back ends that can "), p.backends.join(", ")) : ""));
  }
  if (state.count > state.problems.length) items.push(el("li", { class: "quiet" }, `and ${plural(state.count - state.problems.length, "more problem")}`));
  $("problems-list").replaceChildren(...items);
}

function caret(line) {
  const at = line.indexOf("^");
  return [line.slice(0, at), el("span", { class: "caret" }, line.slice(at))];
}

const shown = 6;
let all = false;

// edit shows what the last edit moved: in the chosen database field by field, in others by their number.
export function edit(state, detail) {
  const mine = detail?.moved ?? [];
  const others = state.moved.filter((m) => m.id !== detail?.id);
  $("edit").hidden = state.movedIn === 0;
  const quiet = state.serial > state.movedIn && state.count === 0 && state.failures.length === 0;
  $("edit-note").textContent = quiet ? "The newest save moved nothing; this is the one before." : "";
  $("edit-note").hidden = !quiet;
  $("moves").replaceChildren(...(all ? mine : mine.slice(0, shown)).map((m) => move(m, detail)));
  $("moves-more").hidden = mine.length <= shown;
  $("moves-more").textContent = all ? "Show fewer" : `Show all ${detail?.movedCount ?? 0}`;
  $("moves-more").onclick = () => {
    all = !all;
    edit(state, detail);
  };
  $("elsewhere").hidden = others.length === 0;
  $("elsewhere").replaceChildren(mine.length ? "Also in " : "In ", ...others.slice(0, 12).flatMap((m, i) => [i ? ", " : "", other(m)]),
    others.length + state.movedMore > 12 ? ` and ${others.length + state.movedMore - Math.min(others.length, 12)} more` : "");
}

function other(m) {
  const text = `${m.name}${m.env ? " " + m.env : ""}: ${m.change === "changed" ? plural(m.fields, "field") : m.change}`;
  return m.change === "removed" ? text : el("a", { href: hash({ db: m.id, env: m.env }) }, text);
}

function move(m, detail) {
  const what = m.path === "" ? el("span", { class: "path" }, m.change) : el("code", { class: "path" }, m.path);
  const values = m.path === "" ? "" : el("span", { class: "values" },
    m.change === "added" ? el("span", { class: "hidden" }, "new: ") : el("del", {}, m.was),
    m.change === "changed" ? el("span", { class: "to", "aria-label": "is now" }, "→") : "",
    m.change === "removed" ? el("span", { class: "gone" }, "removed") : el("ins", {}, m.is));
  return el("li", {}, el("span", { class: "env" }, envName(m.env)),
    el("a", { href: hash({ db: detail.id, env: m.env, object: m.key }) }, `${m.kind} ${m.name}`), what, values);
}

// picture puts a drawing in place of the last one; who stood on a node stands on it again.
const policy = globalThis.trustedTypes?.createPolicy("onggi", { createHTML: (s) => s }) ?? { createHTML: (s) => s };

export function picture(detail) {
  const canvas = $("canvas");
  const standing = canvas.contains(document.activeElement) ? document.activeElement.dataset.node : null;
  if (canvas.drawn !== detail.picture) canvas.innerHTML = policy.createHTML(detail.picture);
  canvas.drawn = detail.picture;
  canvas.classList.remove("following");
  const moved = new Set(detail.moved.filter((m) => m.env === detail.env).map((m) => m.key));
  for (const node of canvas.querySelectorAll(".node")) {
    node.classList.toggle("moved", moved.delete(node.dataset.object)); // the first node of an object stands for it
    if (standing !== null && node.dataset.node === standing) node.focus({ preventScroll: true });
  }
}

// follow lights up the edges of the node that is pointed at or stood on.
export function follow() {
  const light = (e) => {
    const node = e.target.closest?.(".node");
    for (const edge of $("canvas").querySelectorAll(".edge")) {
      edge.classList.toggle("lit", !!node && (edge.dataset.from === node.dataset.node || edge.dataset.to === node.dataset.node));
    }
    $("canvas").classList.toggle("following", !!node && node.dataset.node !== "cluster");
  };
  for (const type of ["pointerover", "pointerleave", "focusin", "focusout"]) $("canvas").addEventListener(type, light);
}
