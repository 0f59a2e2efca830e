import { $, el, envName, plural } from "./dom.js";

// Objects shows every object as YAML, the environments side by side. Only what is open is written out.
export class Objects {
  constructor(narrow) {
    this.narrow = narrow;
    this.open = new Set();
    this.items = new Map(); // key → {details, text, object}
    this.detail = null;
    $("only").addEventListener("change", () => this.redraw());
    for (const id of ["left", "right"]) $(id).addEventListener("change", () => this.redraw());
    narrow.addEventListener("change", () => {
      this.show(this.detail);
      this.redraw();
    });
  }

  show(detail) {
    if (!detail) return;
    if (this.detail?.id !== detail.id) {
      this.open.clear();
      this.items.clear();
    }
    const sameColumns = this.detail && String(this.detail.shown) === String(detail.shown) && this.columns === this.columnsOf(detail).join();
    this.detail = detail;
    this.choices(detail);
    this.columns = this.columnsOf(detail).join();
    const next = new Map();
    for (const object of detail.objects) {
      const key = object.key;
      const text = JSON.stringify(object);
      const before = this.items.get(key);
      if (before?.text === text && sameColumns) {
        next.set(key, before);
        continue;
      }
      const details = before?.details ?? this.make(key);
      const item = { details, text, object };
      next.set(key, item);
      this.items.set(key, item);
      this.summary(item);
      if (this.open.has(key)) this.fill(item);
    }
    this.items = next;
    const wanted = [...next.values()].map((i) => i.details);
    const list = $("objects-list");
    if (wanted.length !== list.children.length || wanted.some((d, i) => d !== list.children[i])) list.replaceChildren(...wanted);
  }

  // choices offers two environments at a time where there is no room for more.
  choices(detail) {
    const two = this.narrow.matches && detail.shown.length > 2;
    $("pair").hidden = !two;
    if (!two) return;
    for (const [id, fallback] of [["left", 0], ["right", 1]]) {
      const select = $(id);
      const chosen = detail.shown.includes(select.value) && select.options.length ? select.value : detail.shown[fallback];
      select.replaceChildren(...detail.shown.map((env) => el("option", { value: env, selected: env === chosen }, envName(env))));
      select.value = chosen;
    }
  }

  // columnsOf are the environments to show, by index.
  columnsOf(detail) {
    if ($("pair").hidden) return detail.shown.map((_, i) => i);
    return [...new Set([detail.shown.indexOf($("left").value), detail.shown.indexOf($("right").value)])];
  }

  redraw() {
    if (!this.detail) return;
    this.columns = this.columnsOf(this.detail).join();
    for (const item of this.items.values()) if (this.open.has(item.object.key)) this.fill(item);
  }

  make(key) {
    const details = el("details", { class: "object", "data-key": key }, el("summary"), el("div", { class: "yaml" }));
    details.addEventListener("toggle", () => {
      const item = this.items.get(key);
      if (!item || details.open === this.open.has(key)) return;
      if (details.open) {
        this.open.add(key);
        this.fill(item);
      } else {
        this.open.delete(key);
        details.lastChild.replaceChildren();
      }
    });
    return details;
  }

  summary({ details, object }) {
    const lacking = this.detail.shown.filter((_, i) => !object.in[i]);
    const having = this.detail.shown.filter((_, i) => object.in[i]);
    const badges = [];
    if (object.rows.some((r) => r.m)) badges.push(el("span", { class: "badge moved" }, "moved"));
    if (lacking.length) badges.push(el("span", { class: "badge" }, "only in " + having.map(envName).join(", ")));
    else if (object.differs) badges.push(el("span", { class: "badge" }, `${plural(object.differs, "line")} ${object.differs === 1 ? "differs" : "differ"}`));
    details.firstChild.replaceChildren(el("span", { class: "kind" }, object.kind), el("span", { class: "object-name" }, object.name), ...badges);
  }

  fill({ details, object }) {
    const columns = this.columnsOf(this.detail);
    const fold = this.narrow.matches; // one text where all have the same
    const head = el("tr", {}, el("th", { scope: "col", class: "sign" }, el("span", { class: "hidden" }, "mark")),
      ...columns.map((i) => el("th", { scope: "col" }, envName(this.detail.shown[i]))));
    const body = [];
    for (const row of pick(object.rows, columns, $("only").checked && object.rows.some((r) => r.d))) {
      if (row === null) {
        body.push(el("tr", { class: "gap" }, el("td", { class: "sign" }, "⋯"), el("td", { colspan: columns.length }, "")));
        continue;
      }
      const texts = columns.map((i) => (row.t.length === 1 ? row.t[0] : row.t[i]));
      const having = columns.filter((i) => object.in[i]).map((i) => (row.t.length === 1 ? row.t[0] : row.t[i]));
      const same = texts.every((t) => t !== null && t === texts[0]);
      const differs = row.d && having.some((t) => t !== having[0]);
      const sign = el("td", { class: "sign" });
      if (row.m) sign.append(el("span", { title: "moved by the last edit" }, "●", el("span", { class: "hidden" }, "moved")));
      if (differs) sign.append(el("span", { title: "not the same everywhere" }, "≠", el("span", { class: "hidden" }, "differs")));
      const hang = fold ? 2 : 4;
      const cells = same && fold ? [cell(texts[0], hang, columns.length)] : texts.map((t) => cell(t, hang));
      body.push(el("tr", { class: [differs ? "differs" : "", row.m ? "moved" : ""].join(" ").trim() || null }, sign, ...cells));
    }
    details.lastChild.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...body)));
  }

  // reveal opens an object and moves there.
  reveal(key) {
    const item = this.items.get(key);
    if (!item) return false;
    if (!item.details.open) {
      this.open.add(key);
      this.fill(item);
      item.details.open = true;
    }
    item.details.firstChild.focus({ preventScroll: true });
    item.details.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    return true;
  }
}

// cell is one line; where it is too long, it goes on a little further in than it began.
function cell(text, hang, span) {
  if (text === null) return el("td", { class: "none" }, el("span", { class: "hidden" }, "not there"));
  const made = el("td", { colspan: span }, text);
  made.style.setProperty("--hang", /^ */.exec(text)[0].length + hang + "ch");
  return made;
}

// pick leaves out what is the same everywhere, but for the fields that what differs stands in; null marks a gap.
function pick(rows, columns, only) {
  if (!only) return rows.filter((r) => r.t.length === 1 || columns.some((i) => r.t[i] !== null));
  const indent = (row) => /^[ -]*/.exec(row.t.find((t) => t !== null) ?? "")[0].length;
  const keep = new Set();
  rows.forEach((row, i) => {
    if (!row.d) return;
    keep.add(i);
    for (let j = i - 1, depth = indent(row); j >= 0 && depth > 0; j--) {
      if (indent(rows[j]) < depth) {
        depth = indent(rows[j]);
        keep.add(j);
      }
    }
  });
  const out = [];
  rows.forEach((row, i) => {
    if (keep.has(i)) out.push(row);
    else if (out.length === 0 || out.at(-1) !== null) out.push(null);
  });
  return out;
}
