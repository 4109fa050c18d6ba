"use strict";

// A page holds labels, captions and paths of anybody's making: they become text nodes and attribute values, never markup.
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}
const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const data = JSON.parse(document.getElementById("data").textContent);

// Four digits tell curves apart; thousands are grouped by a narrow space, which no decimal point can be taken for.
function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace(/\.?0+e/, "e");
  if (size >= 1000) return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, " ");
  return Number(value.toPrecision(4)).toString();
}
// In columns, as many decimals in each row.
const fixed = value => value === null || value === undefined || Number.isInteger(value) || Math.abs(value) >= 10 ? number(value) : value > 0 && value < 5e-4 ? "<0.001" : value.toFixed(3);
const percent = share => `${number(Number((100 * share).toPrecision(3)))} %`;
const bytes = value => value >= 1e9 ? `${number(value / 1e9)} GB` : value >= 1e6 ? `${number(value / 1e6)} MB` : `${number(value / 1e3)} kB`;
const words = name => name.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start.toLowerCase()}`);
function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${number(seconds)} s`;
}
const decoded = base64 => Uint8Array.from(atob(base64), character => character.charCodeAt(0));

const tip = document.getElementById("tip");
function showTip(x, y, ...lines) {
  tip.replaceChildren(...lines.map(line => el("div", null, line)));
  tip.hidden = false;
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 4))}px`;
  tip.style.top = `${y - height - 12 > 4 ? y - height - 12 : y + 18}px`;
}
const hideTip = () => { tip.hidden = true; };

function section(id, title, note, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), note ? el("p", { class: "note" }, note) : null, ...children);
}
const tiles = pairs => el("dl", { class: "tiles" }, pairs.filter(pair => pair[1] !== null).map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
