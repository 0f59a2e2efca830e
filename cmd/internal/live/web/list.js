import { $, el, plural } from "./dom.js";

// List is the searchable list of databases. Arrows move in it, Enter and a click choose.
export class List {
  constructor(choose) {
    this.choose = choose;
    this.all = [];
    this.bad = new Set();
    this.moved = new Set();
    this.chosen = null;
    this.active = null;
    this.options = new Map();
    $("search").addEventListener("input", () => this.filter());
    for (const id of ["search", "list"]) $(id).addEventListener("keydown", (e) => this.key(e));
    $("list").addEventListener("click", (e) => {
      const option = e.target.closest("[role=option]");
      if (option) this.choose(option.dataset.id);
    });
    $("list").addEventListener("focus", () => this.point(this.active ?? this.chosen));
  }

  set(databases) {
    this.all = databases;
    const several = databases.length > 1;
    $("side").hidden = !several;
    $("page").classList.toggle("alone", !several);
    this.options = new Map(databases.map((d) => [d.id, this.option(d)]));
    $("list").replaceChildren(...this.options.values());
    this.filter();
    this.mark();
  }

  option(d) {
    const option = el("li", { role: "option", id: "db-" + d.id, "data-id": d.id, "aria-selected": "false" },
      el("span", { class: "db-name" }, d.name), el("span", { class: "db-where" }, `${d.namespace} · ${d.file}`));
    option.words = `${d.name} ${d.namespace} ${d.file}`.toLowerCase();
    return option;
  }

  // mark shows which is chosen, which have problems, and which the last edit moved.
  mark() {
    for (const [id, option] of this.options) {
      option.setAttribute("aria-selected", id === this.chosen);
      const sign = this.bad.has(id) ? "problem" : this.moved.has(id) ? "moved" : "";
      if ((option.dataset.sign ?? "") === sign) continue;
      option.dataset.sign = sign;
      option.querySelector(".sign")?.remove();
      if (sign) option.append(el("span", { class: "sign" }, sign));
    }
    const chosen = this.all.find((d) => d.id === this.chosen);
    $("picker-name").textContent = chosen ? chosen.name : "Databases";
  }

  filter() {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const option of this.options.values()) {
      option.hidden = !words.every((w) => option.words.includes(w));
      if (!option.hidden) shown++;
    }
    $("nothing").hidden = shown > 0;
    $("picker-count").textContent = shown === this.all.length ? plural(shown, "database") : `${shown} of ${plural(this.all.length, "database")}`;
    if (this.active && this.options.get(this.active)?.hidden !== false) this.point(null);
  }

  visible() {
    return [...this.options.values()].filter((o) => !o.hidden);
  }

  // point moves what the arrows stand on; the focus itself stays where it is.
  point(id) {
    this.options.get(this.active)?.classList.remove("active");
    this.active = id;
    const option = this.options.get(id);
    if (!option) return $("list").removeAttribute("aria-activedescendant");
    option.classList.add("active");
    $("list").setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  key(e) {
    const options = this.visible();
    const at = options.findIndex((o) => o.dataset.id === this.active);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: options.length - 1, PageDown: at + 10, PageUp: Math.max(at - 10, 0) }[e.key];
    if (e.key === "Enter") {
      const option = options[at] ?? (e.target.id === "search" ? options[0] : null);
      if (option) this.choose(option.dataset.id);
    } else if (e.key === "Escape" && $("search").value) {
      $("search").value = "";
      this.filter();
    } else if (to === undefined || (e.target.id === "search" && /Home|End/.test(e.key)) || !options.length) {
      return;
    } else {
      this.point(options[Math.min(to, options.length - 1)].dataset.id);
    }
    e.preventDefault();
  }

  // step is the database some places further in what is shown.
  step(by) {
    const options = this.visible();
    const at = options.findIndex((o) => o.dataset.id === this.chosen);
    const next = options[Math.min(Math.max(at + by, 0), options.length - 1)];
    if (next) this.choose(next.dataset.id);
  }
}
