// Curves over the steps of a run, as inline SVG. All charts of the page mark the step that one of them is pointed at.
const charts = [];

function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

// Consecutive values as one stroke; where a value is missing the pen is lifted.
function line(curve, values, x, y) {
  let path = "", down = false;
  values.forEach((value, i) => {
    path += value === null ? "" : `${down ? "L" : "M"}${x(curve.step[i]).toFixed(1)} ${y(value).toFixed(1)}`;
    // A stroke of one point would not be seen.
    if (value !== null && !down && (i + 1 === values.length || values[i + 1] === null)) path += "h0.01";
    down = value !== null;
  });
  return path;
}

function band(curve, x, y) {
  const held = curve.step.map((_, i) => i).filter(i => curve.low[i] !== null);
  const up = held.map(i => `${x(curve.step[i]).toFixed(1)} ${y(curve.high[i]).toFixed(1)}`), down = held.map(i => `${x(curve.step[i]).toFixed(1)} ${y(curve.low[i]).toFixed(1)}`).reverse();
  return `M${up.concat(down).join("L")}Z`;
}

function chart(curve, { format = number, dots = false, zero = false } = {}) {
  const shown = curve.mean ?? curve.low, spread = curve.low.some((value, i) => value !== curve.high[i]);
  const all = curve.low.concat(curve.high).filter(value => value !== null), guess = curve.guess ?? null;
  const last = shown.findLast(value => value !== null), first = shown.find(value => value !== null);
  const readout = el("output", null), drawing = svg("svg", {
    tabindex: 0, role: "img", "aria-label": `${words(curve.name)}: ${format(first)} at step ${curve.step[0]}, ${format(last)} at step ${curve.step.at(-1)}. Arrow keys move along the curve.`,
  });
  const figure = el("figure", { class: "chart" }, el("figcaption", null, el("span", null, words(curve.name)), readout), drawing);
  if (all.length === 0) return el("figure", { class: "chart" }, el("figcaption", null, words(curve.name)), el("p", { class: "note" }, "No finite value."));
  let x, y, width, at = null;
  const height = 190, left = 52, right = 10, top = 10, bottom = 24;

  function draw() {
    width = Math.max(figure.clientWidth, 200);
    const held = guess === null ? all : all.concat(guess);
    let low = zero ? Math.min(0, ...held) : Math.min(...held), high = Math.max(...held);
    if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
    const margin = (high - low) * 0.05;
    [low, high] = [zero && low === 0 ? 0 : low - margin, high + margin];
    const [begin, end] = [curve.step.length > 1 ? curve.step[0] : curve.step[0] - 1, curve.step.length > 1 ? curve.step.at(-1) : curve.step[0] + 1];
    x = step => left + (step - begin) / (end - begin) * (width - left - right);
    y = value => top + (high - value) / (high - low) * (height - top - bottom);
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.replaceChildren(
      ...ticks(low, high, 5).map(value => svg("g", { class: "tick" }, svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value) }),
        svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)))),
      ...ticks(begin, end, width < 420 ? 4 : 6).filter(Number.isInteger).map(step => svg("text", {
        class: "tick", x: x(step), y: height - 6, "text-anchor": x(step) > width - 24 ? "end" : "middle", // which would be cut off
      }, step >= 10_000 && step % 1000 === 0 ? `${step / 1000}k` : number(step))),
      svg("path", spread ? { class: "spread", d: band(curve, x, y) } : { class: curve.mean ? "raw" : "curve", d: line(curve, curve.low, x, y) }));
    if (curve.mean) drawing.append(svg("path", { class: "curve", d: line(curve, curve.mean, x, y) }));
    if (dots) drawing.append(...shown.map((value, i) => value === null ? null : svg("circle", { class: "dot", cx: x(curve.step[i]), cy: y(value), r: 2.5 })).filter(Boolean));
    if (guess !== null) drawing.append(svg("g", { class: "guess" }, svg("line", { x1: left, x2: width - right, y1: y(guess), y2: y(guess) }),
      svg("text", { x: width - right, y: y(guess) < top + 14 ? y(guess) + 12 : y(guess) - 4, "text-anchor": "end" }, `guessing ${format(guess)}`)));
    drawing.append(svg("g", { class: "mark" }));
    mark(null);
  }

  function mark(step) {
    const group = drawing.lastChild;
    group.replaceChildren();
    at = null;
    readout.textContent = format(last);
    if (step === null) return;
    at = curve.step.reduce((best, one, i) => Math.abs(one - step) < Math.abs(curve.step[best] - step) ? i : best, 0);
    const px = x(curve.step[at]), value = shown[at];
    group.append(svg("line", { x1: px, x2: px, y1: top, y2: height - bottom }));
    if (value !== null) group.append(svg("circle", { cx: px, cy: y(value), r: 4 }));
    readout.textContent = `${format(value)} at ${number(curve.step[at])}`;
  }

  function point(step) {
    charts.forEach(other => other.mark(step));
    if (step === null) return hideTip();
    const before = at > 0 ? curve.step[at - 1] : curve.step[at] - 1, several = curve.step[at] - before > 1 && spread;
    const box = drawing.getBoundingClientRect(), value = shown[at] ?? curve.low[at];
    showTip(box.left + x(curve.step[at]) * box.width / width, box.top + (value === null ? top : y(value)) * box.height / height,
      several ? `steps ${number(before + 1)} to ${number(curve.step[at])}` : `step ${number(curve.step[at])}`,
      curve.low[at] === null ? "no finite value" : several ? `${format(curve.low[at])} to ${format(curve.high[at])}` : format(curve.low[at]),
      ...(curve.mean ? [`mean ${format(curve.mean[at])}`] : []));
  }

  drawing.addEventListener("pointermove", event => {
    const box = drawing.getBoundingClientRect(), px = (event.clientX - box.left) * width / box.width;
    point(curve.step[0] + (px - left) / (width - left - right) * (curve.step.at(-1) - curve.step[0]));
  });
  drawing.addEventListener("pointerleave", () => point(null));
  drawing.addEventListener("blur", () => point(null));
  drawing.addEventListener("keydown", event => {
    const end = curve.step.length - 1, from = at ?? end;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 20, PageDown: from + 20, Home: 0, End: end }[event.key];
    if (event.key === "Escape") point(null);
    if (to === undefined) return;
    event.preventDefault();
    point(curve.step[Math.max(0, Math.min(end, to))]);
  });
  charts.push({ mark });
  new ResizeObserver(() => { if (figure.clientWidth !== width && figure.clientWidth > 0) draw(); }).observe(figure);
  return figure;
}

// A value and its 95 % interval on the way from 0 to 1.
function whisker(value, low, high) {
  if (value === null || [value, low ?? value, high ?? value].some(one => one < 0 || one > 1)) return null;
  const x = one => 4 + one * 152;
  return svg("svg", { class: "whisker", viewBox: "0 0 160 16", "aria-hidden": "true" }, svg("line", { class: "scale", x1: 4, x2: 156, y1: 8, y2: 8 }),
    low === null || high === null ? null : svg("line", { class: "interval", x1: x(low), x2: x(high), y1: 8, y2: 8 }), svg("circle", { cx: x(value), cy: 8, r: 3.5 }));
}
