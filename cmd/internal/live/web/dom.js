// What the other modules make elements with. Text is always text: nothing here takes markup.

export const $ = (id) => document.getElementById(id);

// el makes an element: el("p", {class: "quiet", onclick: f}, "text", otherElement).
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return made;
}

export const plural = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

export const envName = (env) => (env === "" ? "base" : env);

// hash is the address of a database, an environment and an object in this page.
export function hash({ db, env, object }) {
  const q = new URLSearchParams({ db });
  if (env !== null && env !== undefined) q.set("env", env);
  if (object) q.set("object", object);
  return "#" + q;
}

export function here() {
  const q = new URLSearchParams(location.hash.slice(1));
  return { db: q.get("db"), env: q.get("env"), object: q.get("object") };
}
